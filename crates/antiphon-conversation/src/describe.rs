//! Events and actions in one line each, for logs, replays and tests. Nothing reads them back.

use std::fmt;

use antiphon_core::ToolEvent;
use antiphon_llm::LlmEvent;
use antiphon_stt::SttEvent;

use crate::{
    Action, Command, Effect, Event, Notice, OpEvent, PlayoutCommand, PlayoutEvent, Say,
    SynthesisEvent, UserEvent,
};

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(event) => write!(f, "user {event}"),
            Self::Op(op, event) => write!(f, "{op} {event}"),
            Self::Playout(event) => write!(f, "playout {event}"),
            Self::App(command) => write!(f, "app {command}"),
            Self::Tick => f.write_str("tick"),
        }
    }
}

impl fmt::Display for UserEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SpeechStarted { at, .. } => write!(f, "starts speaking at {at}"),
            Self::SpeechStopped { at } => write!(f, "stops speaking at {at}"),
            Self::Left => f.write_str("leaves"),
        }
    }
}

impl fmt::Display for OpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stt(SttEvent::Interim { text, .. }) => write!(f, "interim {text:?}"),
            Self::Stt(SttEvent::Final { text, .. }) => write!(f, "final {text:?}"),
            Self::Stt(SttEvent::Flushed { marker }) => write!(f, "flushed {marker}"),
            Self::Stt(SttEvent::EndOfTurn) => f.write_str("end of turn"),
            Self::TurnEnd(p) => write!(f, "turn finished with {p:.2}"),
            Self::Backchannel(p) => write!(f, "no interruption with {p:.2}"),
            Self::Llm(LlmEvent::Delta { text }) => write!(f, "delta {text:?}"),
            Self::Llm(LlmEvent::Done { finish, usage }) => {
                write!(f, "done, {finish:?} after {} tokens", usage.output_tokens)
            }
            Self::Llm(LlmEvent::ToolCall(call)) => {
                write!(f, "calls {} {}", call.name, call.arguments)
            }
            Self::Tool(event) => write!(f, "{}", tool(event)),
            Self::Speech(SynthesisEvent::Words(words)) => write!(f, "timings of {}", words.len()),
            Self::Speech(SynthesisEvent::Queued(n)) => write!(f, "queued {n}"),
            Self::Ended => f.write_str("ended"),
            Self::Failed { code, detail } => write!(f, "failed ({code}): {detail}"),
        }
    }
}

fn tool(event: &ToolEvent) -> String {
    match event {
        ToolEvent::Started { .. } => "tool started".to_owned(),
        ToolEvent::Progress { text, .. } => format!("tool reached {text:?}"),
        ToolEvent::Deferred { result, .. } => format!("tool deferred {:?}", result.text),
        ToolEvent::Completed { result, .. } => format!("tool completed {:?}", result.text),
        ToolEvent::Failed { why, result, .. } => format!("tool failed ({why:?}) {:?}", result.text),
    }
}

impl fmt::Display for PlayoutEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Started(_) => "started",
            Self::Progress(..) => "progress",
            Self::Paused(..) => "paused",
            Self::Resumed(_) => "resumed",
            Self::Flushed(..) => "flushed",
            Self::Drained(..) => "drained",
            Self::Starved(..) => "starved",
        };
        write!(f, "{what} {}", self.generation())?;
        self.played().map_or(Ok(()), |played| write!(f, " at {played}"))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("start"),
            Self::Say(Say { request, text, .. }) => write!(f, "say {request} {text:?}"),
            Self::Prompt { request, instructions, .. } => {
                write!(f, "prompt {request} {instructions:?}")
            }
            Self::UserText { text } => write!(f, "user text {text:?}"),
            Self::Interrupt => f.write_str("interrupt"),
            Self::Withdraw(request) => write!(f, "withdraw {request}"),
            Self::CommitTurn => f.write_str("commit turn"),
            Self::ClearTurn => f.write_str("clear turn"),
            Self::Update(_) => f.write_str("update agent"),
            Self::Close => f.write_str("close"),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start { op, effect } => write!(f, "start {op} {effect}"),
            Self::Feed { op, input } => write!(f, "feed {op} {input:?}"),
            Self::Cancel { op } => write!(f, "cancel {op}"),
            Self::Playout(command) => write!(f, "playout {command}"),
            Self::Emit(notice) => write!(f, "  {notice}"),
        }
    }
}

impl fmt::Display for PlayoutCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
            Self::Flush(g) => write!(f, "flush {g}"),
            Self::Finish(g) => write!(f, "finish {g}"),
        }
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transcribe { from_sample, again, .. } => {
                let again = if *again { " again" } else { "" };
                write!(f, "transcribe{again} from {from_sample}")
            }
            Self::PredictTurnEnd { transcript } => write!(f, "predict turn end of {transcript:?}"),
            Self::PredictBackchannel { is_over, transcript, .. } => {
                let whole = if *is_over { "all" } else { "the beginning" };
                write!(f, "predict backchannel by {whole} of {transcript:?}")
            }
            Self::Generate(request) => {
                let last = request.messages.last().map_or("", |m| m.content.as_str());
                write!(f, "generate after {} messages, last {last:?}", request.messages.len())
            }
            Self::Speak { generation, segment, request } => {
                write!(f, "speak {generation} {segment} {:?}", request.text)
            }
            Self::CallTool { call, said, .. } => {
                write!(f, "call {} {}", call.name, call.arguments)?;
                said.iter().try_for_each(|said| write!(f, " after {:?}", said.last))
            }
            Self::Play { generation, segment, clip } => {
                write!(f, "play {generation} {segment} {clip}")
            }
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest reads well as it is")]
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentState(s) => f.write_str(&format!("agent {s:?}").to_lowercase()),
            Self::UserState(s) => f.write_str(&format!("user {s:?}").to_lowercase()),
            Self::Latency(w) => write!(f, "latency of {}", w.turn),
            Self::Words { speech, segment, words } => {
                write!(f, "words of {speech} {segment}: {}", words.len())
            }
            other => write!(f, "{other:?}"),
        }
    }
}
