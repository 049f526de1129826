//! Transcript tests: a script of events in, the machine's action lines out.
//!
//! ```text
//! 0.00 start
//! 1.00 user starts
//! 1.90 user stops
//! 2.00 final hello there
//! 2.05 finished 0.9
//! 2.40 llm Hello! How are you?
//! 2.45 llm end
//! 2.60 tts 24000
//! 2.61 tts end
//! 2.62 started
//! ```
//! Events of operations go to the newest live operation of their kind, playout events to the
//! newest generation that speaks. The machine's deadlines are kept between the lines.

use std::fmt::Write as _;

use antiphon_conversation::{
    Action, Command, Config, Conversation, Effect, Event, OpEvent, OpInput, PlayoutEvent, Priority,
    Say, SynthesisEvent, UserEvent,
};
use antiphon_core::{
    Code, Generation, OpId, RequestId, Timestamp, ToolCall, ToolEvent, ToolResult,
};
use antiphon_llm::{FinishReason, LlmEvent, Usage};
use antiphon_stt::SttEvent;
use antiphon_tts::WordTiming;

use crate::{Invariants, Step};

/// Runs `script` and gives one line per action, `"seconds action"`.
///
/// # Errors
/// A script line that cannot be read or has no live operation to go to, or a broken invariant.
pub fn run_script(config: Config, script: &str) -> Result<String, String> {
    let mut run = Run::new(config)?;
    for (n, line) in script.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        run.line(line).map_err(|e| format!("line {}: {line:?}: {e}", n + 1))?;
    }
    Ok(run.out)
}

struct Run {
    machine: Conversation,
    invariants: Invariants,
    live: Vec<(OpId, Kind)>,
    generation: Generation,
    marker: u32,
    out: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stt,
    Turn,
    Backchannel,
    Llm,
    Tts,
    Tool,
}

impl Run {
    fn new(config: Config) -> Result<Self, String> {
        Ok(Self {
            machine: Conversation::new(config).map_err(|e| e.to_string())?,
            invariants: Invariants::default(),
            live: Vec::new(),
            generation: Generation(0),
            marker: 0,
            out: String::new(),
        })
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (at, what) = line.split_once(' ').ok_or("expected: SECONDS EVENT")?;
        let secs: f64 = at.parse().map_err(|_| "the time is not a number of seconds")?;
        let now = Timestamp::from_micros((secs * 1e6) as u64);
        while let Some(d) = self.machine.deadline().filter(|d| d.at < now) {
            self.handle(d.at, Event::Tick)?;
        }
        let (event, ended) = self.event(now, what.trim())?;
        if let Some(op) = ended {
            self.live.retain(|(o, _)| *o != op);
        }
        self.handle(now, event)
    }

    /// The event of a line, and the operation it ends.
    fn event(&self, now: Timestamp, what: &str) -> Result<(Event, Option<OpId>), String> {
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let g = self.generation;
        let event = match word {
            "start" => Event::App(Command::Start),
            "say" | "protect" => Event::App(Command::Say(Say {
                request: RequestId(0),
                text: rest.to_owned(),
                clip: false,
                protected: word == "protect",
                priority: Priority::Normal,
            })),
            "prompt" => Event::App(Command::Prompt {
                request: RequestId(0),
                instructions: rest.to_owned(),
                priority: Priority::Normal,
            }),
            "withdraw" => Event::App(Command::Withdraw(RequestId(0))),
            "type" => Event::App(Command::UserText { text: rest.to_owned() }),
            "interrupt" => Event::App(Command::Interrupt),
            "commit" => Event::App(Command::CommitTurn),
            "clear" => Event::App(Command::ClearTurn),
            "close" => Event::App(Command::Close),
            "tick" => Event::Tick,
            "user" => Event::User(user(now, rest)?),
            "started" => PlayoutEvent::Started(g).into(),
            "resumed" => PlayoutEvent::Resumed(g).into(),
            "played" => PlayoutEvent::Progress(g, number(rest)?).into(),
            "paused" => PlayoutEvent::Paused(g, number(rest)?).into(),
            "flushed" => PlayoutEvent::Flushed(g, number(rest)?).into(),
            "drained" => PlayoutEvent::Drained(g, number(rest)?).into(),
            "interim" | "final" | "flush" | "over" | "finished" | "backchannel" | "llm"
            | "call" | "tool" | "tts" | "words" | "stt" => {
                return self.op_event(word, rest);
            }
            _ => return Err("unknown event".to_owned()),
        };
        Ok((event, None))
    }

    fn op_event(&self, word: &str, rest: &str) -> Result<(Event, Option<OpId>), String> {
        let kind = match word {
            "llm" | "call" => Kind::Llm,
            "tool" => Kind::Tool,
            "tts" | "words" => Kind::Tts,
            "finished" => Kind::Turn,
            "backchannel" => Kind::Backchannel,
            _ => Kind::Stt,
        };
        // Syntheses are queued in order, and tools answer in it.
        let mut ops = self.live.iter().filter(|(_, k)| *k == kind).map(|(op, _)| *op);
        let op = if matches!(kind, Kind::Tts | Kind::Tool) { ops.next() } else { ops.next_back() };
        let op = op.ok_or("no operation of that kind is live")?;
        let text = rest.to_owned();
        let event = match (word, rest) {
            (_, "end") => return Ok((Event::Op(op, OpEvent::Ended), Some(op))),
            (_, "fail") => {
                let detail = "scripted".to_owned();
                let failed = OpEvent::Failed { code: Code::StreamError, detail };
                return Ok((Event::Op(op, failed), Some(op)));
            }
            ("interim", _) => OpEvent::Stt(SttEvent::Interim { segment: 0, text }),
            ("final", _) => OpEvent::Stt(SttEvent::Final { segment: 0, text }),
            ("over", _) => OpEvent::Stt(SttEvent::EndOfTurn),
            ("flush", _) => OpEvent::Stt(SttEvent::Flushed { marker: self.marker }),
            ("finished", p) => OpEvent::TurnEnd(probability(p)?),
            ("backchannel", p) => OpEvent::Backchannel(probability(p)?),
            ("call", name) => OpEvent::Llm(LlmEvent::ToolCall(ToolCall {
                id: format!("call_{name}"),
                name: name.to_owned(),
                arguments: "{}".to_owned(),
            })),
            ("tool", _) => {
                let result = ToolResult { text, is_error: false, truncated: false };
                OpEvent::Tool(ToolEvent::Completed { at: Timestamp::ZERO, result })
            }
            ("llm", "done") => {
                let (finish, usage) = (FinishReason::Stop, Usage::default());
                OpEvent::Llm(LlmEvent::Done { finish, usage })
            }
            ("llm", _) => OpEvent::Llm(LlmEvent::Delta { text: format!("{text} ") }),
            ("words", _) => OpEvent::Speech(SynthesisEvent::Words(words(rest)?)),
            (_, n) => {
                let n = number(n)?.try_into().map_err(|_| "too many samples")?;
                OpEvent::Speech(SynthesisEvent::Queued(n))
            }
        };
        Ok((Event::Op(op, event), None))
    }

    fn handle(&mut self, now: Timestamp, event: Event) -> Result<(), String> {
        let mut actions = Vec::new();
        self.machine.handle(now, event.clone(), &mut actions);
        for action in &actions {
            self.note(action);
            writeln!(self.out, "{:.2} {action}", now.as_secs_f64()).map_err(|e| e.to_string())?;
        }
        self.invariants.check(now, &event, &actions, &self.machine)
    }

    fn note(&mut self, action: &Action) {
        match action {
            Action::Start { op, effect } => {
                let kind = match effect {
                    Effect::Transcribe { .. } => Kind::Stt,
                    Effect::PredictTurnEnd { .. } => Kind::Turn,
                    Effect::PredictBackchannel { .. } => Kind::Backchannel,
                    Effect::Generate(_) => Kind::Llm,
                    Effect::CallTool { .. } => Kind::Tool,
                    Effect::Speak { generation, .. } | Effect::Play { generation, .. } => {
                        self.generation = *generation;
                        Kind::Tts
                    }
                };
                self.live.push((*op, kind));
            }
            Action::Cancel { op } => self.live.retain(|(o, _)| o != op),
            Action::Feed { input: OpInput::Flush(marker), .. } => self.marker = *marker,
            Action::Feed { .. } | Action::Playout(_) | Action::Emit(_) => {}
        }
    }
}

fn user(now: Timestamp, rest: &str) -> Result<UserEvent, String> {
    match rest {
        "starts" => Ok(UserEvent::SpeechStarted { at: now, sample: now.as_micros() * 16 / 1000 }),
        "stops" => Ok(UserEvent::SpeechStopped { at: now }),
        "leaves" => Ok(UserEvent::Left),
        _ => Err("the user starts, stops or leaves".to_owned()),
    }
}

/// `BYTES@SAMPLES` for each word, both as `FROM-TO`.
fn words(s: &str) -> Result<Vec<WordTiming>, String> {
    let range = |s: &str| {
        let (from, to) = s.split_once('-').ok_or("expected FROM-TO")?;
        Ok::<_, String>(number(from)?..number(to)?)
    };
    let word = |word: &str| {
        let (text, samples) = word.split_once('@').ok_or("expected BYTES@SAMPLES")?;
        let text = range(text)?;
        let text = text.start as usize..text.end as usize;
        Ok(WordTiming { text, samples: range(samples)? })
    };
    s.split_whitespace().map(word).collect()
}

fn number(s: &str) -> Result<u64, String> {
    s.parse().map_err(|_| "expected a number of samples".to_owned())
}

fn probability(s: &str) -> Result<f32, String> {
    s.parse().map_err(|_| "expected a probability".to_owned())
}

/// One line per event, and below it one per action.
pub(crate) fn transcript(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        // Writing into a string cannot fail.
        let _ = writeln!(out, "{} < {:?}", step.at, step.event);
        for action in &step.actions {
            let _ = writeln!(out, "{} {action}", step.at);
        }
    }
    out
}
