//! The live transcript on the terminal, or as JSON lines.

use antiphon::{
    Notice, SessionEvent, Timestamp,
    conversation::{AgentState, Discard, UserState},
    tools::ToolEvent,
};
use serde::Serialize;

use super::figures::Steps;
use crate::{live::News, screen::say};

/// Milliseconds one character of the waterfall stands for.
const MS_PER_CHAR: f64 = 20.0;

/// Longest bar in characters: what takes seconds is told by its number.
const LONGEST: usize = 100;

/// Which models hold the conversation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Models {
    pub(crate) llm: String,
    /// What to expect of the language model, and what not.
    pub(crate) character: &'static str,
    pub(crate) stt: &'static str,
    pub(crate) voice: String,
}

/// An event as JSON.
#[derive(Serialize)]
struct Line<'a> {
    t: Timestamp,
    notice: &'a Notice,
}

/// Prints events and keeps them.
pub(crate) struct Show {
    json: bool,
    events: Vec<SessionEvent>,
    ended: bool,
}

impl Show {
    pub(crate) const fn new(json: bool) -> Self {
        Self { json, events: Vec::new(), ended: false }
    }

    pub(crate) fn models(&self, models: &Models) {
        if self.json {
            say!("{}", serde_json::json!({ "models": models }));
        } else {
            say!("language model  {} — {}", models.llm, models.character);
            say!("speech to text  {}", models.stt);
            say!("voice           {}", models.voice);
            say!("");
        }
    }

    /// What has happened to the agent between turns.
    pub(crate) fn news(&self, news: &News) {
        if self.json {
            say!("{}", news.json());
        } else {
            news.lines("call").iter().for_each(|line| say!("{line}"));
        }
    }

    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// Events that nobody here has seen.
    pub(crate) fn missed(&self, events: u64) {
        if self.json {
            say!("{}", serde_json::json!({ "missed": events }));
        }
    }

    /// The events so far.
    pub(crate) fn take(&mut self) -> Vec<SessionEvent> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn event(&mut self, event: &SessionEvent) {
        self.ended |= matches!(event.notice, Notice::Ended);
        if self.json {
            let line = Line { t: event.at, notice: &event.notice };
            match serde_json::to_string(&line) {
                Ok(line) => say!("{line}"),
                Err(_) => self.missed(1),
            }
        } else {
            print(event);
        }
        self.events.push(event.clone());
    }
}

fn row(at: Timestamp, who: &str, what: &str) {
    say!("{:8.2}  {who:6}  {what}", at.as_secs_f64());
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not for this screen")]
fn print(event: &SessionEvent) {
    let at = event.at;
    match &event.notice {
        Notice::AgentState(state) => row(at, "agent", &format!("· {}", agent_state(*state))),
        Notice::UserState(UserState::Speaking) => row(at, "caller", "· speaking"),
        Notice::UserTurn { text, late: false, .. } => row(at, "caller", &format!("“{text}”")),
        Notice::UserTurn { text, .. } => row(at, "caller", &format!("“{text}” (late)")),
        Notice::TurnDiscarded { why: Discard::Backchannel, text, .. } => {
            row(at, "caller", &format!("({text})"));
        }
        Notice::OverlapStarted(_) => row(at, "agent", "· holds"),
        Notice::Interrupted { .. } => row(at, "agent", "· interrupted"),
        Notice::Resumed { .. } => row(at, "agent", "· goes on"),
        Notice::Segment { text, .. } => row(at, "agent", &format!("… {}", text.trim())),
        Notice::SpeechEnded { heard, interrupted: true, estimated, .. } => {
            if heard.trim().is_empty() {
                return row(at, "agent", "· nothing of it was heard");
            }
            let how = if *estimated { " (estimated)" } else { "" };
            row(at, "agent", &format!("heard until: “{} —”{how}", heard.trim()));
        }
        Notice::Latency(w) => {
            if let Some(steps) = Steps::of(w) {
                waterfall(&steps);
            }
        }
        Notice::ToolCalled { call, .. } => {
            let arguments: Vec<&str> = call.arguments.split_whitespace().collect();
            row(at, "tool", &format!("{} {}", call.name, arguments.join(" ")));
        }
        Notice::Tool { name, event, .. } => {
            if let Some(what) = tool_event(event) {
                row(at, "tool", &format!("{name} {what}"));
            }
        }
        Notice::Error { op, code, detail } => row(at, "error", &format!("{op} ({code}): {detail}")),
        _ => {}
    }
}

/// What a call came to, on one line; `None` before it has come to anything.
pub(crate) fn tool_event(event: &ToolEvent) -> Option<String> {
    let (what, text) = match event {
        ToolEvent::Started { .. } => return None,
        ToolEvent::Progress { text, .. } => ("reports".to_owned(), text),
        ToolEvent::Deferred { result, .. } => ("goes on later".to_owned(), &result.text),
        ToolEvent::Completed { result, .. } => ("says".to_owned(), &result.text),
        ToolEvent::Failed { why, result, .. } => (format!("failed ({why})"), &result.text),
    };
    let text: Vec<&str> = text.split_whitespace().collect();
    Some(format!("{what}: {}", text.join(" ")))
}

const fn agent_state(state: AgentState) -> &'static str {
    match state {
        AgentState::Initializing => "initializing",
        AgentState::Idle => "idle",
        AgentState::Listening => "listening",
        AgentState::Thinking => "thinking",
        AgentState::Speaking => "speaking",
        AgentState::Closed => "closed",
    }
}

fn waterfall(steps: &Steps) {
    let mut from = 0.0;
    for (name, ms) in steps.rows() {
        let indent = ((from / MS_PER_CHAR) as usize).min(LONGEST);
        let bar = ((ms / MS_PER_CHAR).round() as usize).max(usize::from(ms >= 5.0));
        let (indent, bar) = (" ".repeat(indent), "█".repeat(bar.min(LONGEST - indent)));
        say!("{:18}{name:13} {ms:5.0} ms {indent}{bar}", "");
        from += ms;
    }
    say!("{:18}{:13} {:5.0} ms", "", "total", steps.total);
}
