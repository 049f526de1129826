//! The live transcript on the terminal, or as JSON lines.

use antiphon::{
    Notice, SessionEvent, Timestamp,
    conversation::{AgentState, Discard, UserState},
    local::Local,
};

use super::figures::Steps;

/// Milliseconds one character of the waterfall stands for.
const MS_PER_CHAR: f64 = 20.0;

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

    pub(crate) fn models(&self, local: &Local) {
        if !self.json {
            println!("language model  {} — {}", local.llm_name(), local.llm_model.character());
        }
    }

    pub(crate) const fn ended(&self) -> bool {
        self.ended
    }

    /// The events so far.
    pub(crate) fn take(&mut self) -> Vec<SessionEvent> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn event(&mut self, event: &SessionEvent) {
        self.ended |= matches!(event.notice, Notice::Ended);
        if self.json {
            let line = serde_json::json!({ "t": event.at, "notice": event.notice });
            println!("{line}");
        } else {
            print(event);
        }
        self.events.push(event.clone());
    }
}

fn say(at: Timestamp, who: &str, what: &str) {
    println!("{:8.2}  {who:6}  {what}", at.as_secs_f64());
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not for this screen")]
fn print(event: &SessionEvent) {
    let at = event.at;
    match &event.notice {
        Notice::AgentState(state) => say(at, "agent", &format!("· {}", agent_state(*state))),
        Notice::UserState(UserState::Speaking) => say(at, "caller", "· speaking"),
        Notice::UserTurn { text, late: false, .. } => say(at, "caller", &format!("“{text}”")),
        Notice::UserTurn { text, .. } => say(at, "caller", &format!("“{text}” (late)")),
        Notice::TurnDiscarded { why: Discard::Backchannel, text, .. } => {
            say(at, "caller", &format!("({text})"));
        }
        Notice::OverlapStarted(_) => say(at, "agent", "· holds"),
        Notice::Interrupted { .. } => say(at, "agent", "· interrupted"),
        Notice::Resumed { .. } => say(at, "agent", "· goes on"),
        Notice::Segment { text, .. } => say(at, "agent", &format!("… {}", text.trim())),
        Notice::SpeechEnded { heard, interrupted: true, estimated, .. } => {
            let how = if *estimated { " (estimated)" } else { "" };
            say(at, "agent", &format!("heard until: “{} —”{how}", heard.trim()));
        }
        Notice::Latency(w) => {
            if let Some(steps) = Steps::of(w) {
                waterfall(&steps);
            }
        }
        Notice::Error { op, code, detail } => say(at, "error", &format!("{op} ({code}): {detail}")),
        _ => {}
    }
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
        let indent = " ".repeat((from / MS_PER_CHAR) as usize);
        let bar = "█".repeat(((ms / MS_PER_CHAR).round() as usize).max(usize::from(ms >= 5.0)));
        println!("{:18}{name:13} {ms:5.0} ms {indent}{bar}", "");
        from += ms;
    }
    println!("{:18}{:13} {:5.0} ms", "", "total", steps.total);
}
