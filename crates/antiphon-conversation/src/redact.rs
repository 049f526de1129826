//! Takes the words out of a recording and leaves their shape: every letter becomes another of the
//! same length in bytes, every digit a zero; spaces and punctuation stay. Names of tools and what
//! they take stay, too: they are configuration.
//!
//! So words are cut, counted and timed as before. What rests on certain words - "stop", "mm-hmm",
//! "Dr." - may be decided otherwise when the recording is replayed.

use antiphon_core::{ToolCall, ToolEvent};
use antiphon_llm::LlmEvent;
use antiphon_stt::SttEvent;

use crate::{Action, AgentUpdate, Command, Config, Effect, Event, Notice, OpEvent, Say};

impl Event {
    /// Replaces the letters and digits of all texts, what was said as well as what was asked for.
    pub fn redact(&mut self) {
        match self {
            Self::Op(_, event) => redact_op(event),
            Self::App(command) => redact_command(command),
            Self::User(_) | Self::Playout(_) | Self::Tick => {}
        }
    }
}

impl Config {
    /// Replaces the letters and digits of what is said to the model or to the user.
    pub fn redact(&mut self) {
        redact(&mut self.instructions);
        let said = [&mut self.greeting, &mut self.reprompt, &mut self.apology, &mut self.filler];
        said.into_iter().for_each(redact);
    }
}

fn redact_op(event: &mut OpEvent) {
    match event {
        OpEvent::Stt(SttEvent::Interim { text, .. } | SttEvent::Final { text, .. })
        | OpEvent::Llm(LlmEvent::Delta { text }) => redact(text),
        // What an engine complains about may quote what it was given.
        OpEvent::Failed { detail, .. } => redact(detail),
        OpEvent::Llm(LlmEvent::ToolCall(call)) => redact(&mut call.arguments),
        OpEvent::Tool(event) => tool_text(event).into_iter().for_each(redact),
        OpEvent::Stt(SttEvent::Flushed { .. } | SttEvent::EndOfTurn)
        | OpEvent::Llm(LlmEvent::Done { .. })
        | OpEvent::TurnEnd(_)
        | OpEvent::Backchannel(_)
        | OpEvent::Speech(_)
        | OpEvent::Ended => {}
    }
}

fn redact_command(command: &mut Command) {
    match command {
        Command::Say(Say { text, .. }) | Command::UserText { text } => redact(text),
        Command::Prompt { instructions, .. }
        | Command::Update(AgentUpdate { instructions: Some(instructions), .. }) => {
            redact(instructions);
        }
        Command::Update(AgentUpdate { instructions: None, .. })
        | Command::Start
        | Command::Interrupt
        | Command::Withdraw(_)
        | Command::CommitTurn
        | Command::ClearTurn
        | Command::Close => {}
    }
}

fn redact(text: &mut String) {
    *text = text.chars().map(stand_in).collect();
}

/// A character that says nothing, as many bytes long as `c`.
fn stand_in(c: char) -> char {
    let upper = c.is_uppercase();
    match c.len_utf8() {
        _ if !c.is_alphanumeric() => c,
        _ if c.is_ascii_digit() => '0',
        1 => {
            if upper {
                'X'
            } else {
                'x'
            }
        }
        2 => {
            if upper {
                'Ñ'
            } else {
                'ñ'
            }
        }
        3 if c >= '\u{2e80}' => '字',
        3 => {
            if upper {
                'Ẋ'
            } else {
                'ẋ'
            }
        }
        _ => '\u{20000}',
    }
}

/// What a tool tells, if it does.
const fn tool_text(event: &mut ToolEvent) -> Option<&mut String> {
    match event {
        ToolEvent::Started { .. } => None,
        ToolEvent::Progress { text, .. } => Some(text),
        ToolEvent::Deferred { result, .. }
        | ToolEvent::Completed { result, .. }
        | ToolEvent::Failed { result, .. } => Some(&mut result.text),
    }
}

/// The action without its texts: what a redacted recording and its original have in common.
pub(crate) fn outline(action: &Action) -> Action {
    let mut action = action.clone();
    match &mut action {
        Action::Start { effect, .. } => clear_effect(effect),
        Action::Emit(notice) => clear_notice(notice),
        Action::Feed { .. } | Action::Cancel { .. } | Action::Playout(_) => {}
    }
    action
}

fn clear_effect(effect: &mut Effect) {
    match effect {
        Effect::PredictTurnEnd { transcript: text }
        | Effect::PredictBackchannel { transcript: text, .. } => text.clear(),
        Effect::Speak { request, .. } => request.text.clear(),
        Effect::Generate(request) => {
            for message in &mut request.messages {
                message.content.clear();
                message.tool_calls.iter_mut().for_each(clear_call);
            }
        }
        Effect::CallTool { call, said, .. } => {
            clear_call(call);
            if let Some(said) = said {
                said.last.clear();
                said.all.clear();
            }
        }
        Effect::Transcribe { .. } | Effect::Play { .. } => {}
    }
}

fn clear_call(call: &mut ToolCall) {
    call.arguments.clear();
}

fn clear_notice(notice: &mut Notice) {
    match notice {
        Notice::Interim { text, .. }
        | Notice::UserTurn { text, .. }
        | Notice::TurnDiscarded { text, .. }
        | Notice::Segment { text, .. }
        | Notice::ReplyText { text, .. }
        | Notice::Error { detail: text, .. } => text.clear(),
        Notice::SpeechEnded { heard, unheard, .. } => {
            heard.clear();
            unheard.clear();
        }
        Notice::ToolCalled { call, .. } => clear_call(call),
        Notice::ToolResult { call, result, .. } => {
            clear_call(call);
            result.text.clear();
        }
        Notice::Tool { event, .. } => tool_text(event).into_iter().for_each(String::clear),
        Notice::AgentState(_)
        | Notice::UserState(_)
        | Notice::OverlapStarted(_)
        | Notice::Interrupted { .. }
        | Notice::Resumed { .. }
        | Notice::SpeechCreated { .. }
        | Notice::RequestDropped(_)
        | Notice::SpeechStarted { .. }
        | Notice::Words { .. }
        | Notice::PreemptiveDropped { .. }
        | Notice::Latency(_)
        | Notice::Ended => {}
    }
}
