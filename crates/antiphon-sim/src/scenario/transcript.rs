//! What happened in a scenario, as a person would tell it.

use std::fmt;

use antiphon_conversation::{Action, AgentState, Notice, Waterfall};
use antiphon_core::{Timestamp, ToolCall, ToolResult};
use antiphon_state::{History, Item, Said};

use crate::{Moment, Step};

/// Characters of arguments and results that are shown.
const MOST_SHOWN: usize = 200;

/// Lines shown before and after the moment of interest.
const AROUND: usize = 4;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// What kind of thing.
    pub moment: Moment,
    /// The words that belong to it: of a turn, a speech or an error.
    pub text: String,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// When it was made.
    pub at: Timestamp,
    /// The call as the model made it.
    pub call: ToolCall,
    /// What the model was told, once it was.
    pub result: Option<ToolResult>,
}

/// Everything that happened in a scenario that a listener or an application could notice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// In order of time.
    pub entries: Vec<Entry>,
    /// The agent's states, each from its time on.
    pub states: Vec<(Timestamp, AgentState)>,
    /// In the order in which they were made.
    pub calls: Vec<Call>,
    /// One per answered turn.
    pub latencies: Vec<Waterfall>,
    /// History at the end: `user: ..`, `agent: ..`, and a `|` after what was interrupted.
    pub history: Vec<String>,
}

impl Transcript {
    pub(super) fn new(steps: &[Step]) -> Self {
        let mut this = Self::default();
        for step in steps {
            for action in &step.actions {
                if let Action::Emit(notice) = action {
                    this.note(step.at, notice);
                }
            }
        }
        this
    }

    /// The conversation is over, and this is its history.
    #[must_use]
    pub fn ended(mut self, history: &History) -> Self {
        self.history = history.items().map(line).collect();
        self
    }

    /// Something happened. Notices come in order of time.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is detail")]
    pub fn note(&mut self, at: Timestamp, notice: &Notice) {
        let called;
        let (moment, text) = match notice {
            Notice::ToolCalled { call, .. } => {
                self.calls.push(Call { at, call: call.clone(), result: None });
                called = format!("{} {}", call.name, call.arguments);
                (Moment::ToolCalled, called.as_str())
            }
            Notice::ToolResult { call, result, .. } => {
                let made = self.calls.iter_mut().rev().find(|c| c.call.id == call.id);
                if let Some(made) = made {
                    made.result = Some(result.clone());
                }
                called = format!("{}: {}", call.name, result.text);
                (Moment::ToolResult, called.as_str())
            }
            Notice::AgentState(state) => return self.states.push((at, *state)),
            Notice::Latency(waterfall) => return self.latencies.push(waterfall.clone()),
            Notice::UserTurn { text, .. } => (Moment::UserTurn, text.as_str()),
            Notice::TurnDiscarded { text, .. } => (Moment::TurnDiscarded, text.as_str()),
            Notice::OverlapStarted(_) => (Moment::Overlap, ""),
            Notice::Interrupted { .. } => (Moment::Interrupted, ""),
            Notice::Resumed { .. } => (Moment::Resumed, ""),
            Notice::SpeechStarted { .. } => (Moment::SpeechStarted, ""),
            Notice::SpeechEnded { heard, .. } => (Moment::SpeechEnded, heard.trim()),
            Notice::Error { detail, .. } => (Moment::Error, detail.as_str()),
            Notice::Ended => (Moment::Ended, ""),
            _ => return,
        };
        self.entries.push(Entry { at, moment, text: text.to_owned() });
    }

    /// The entries of one kind.
    pub fn all(&self, moment: Moment) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |e| e.moment == moment)
    }

    /// The agent's state at a time.
    #[must_use]
    pub fn state_at(&self, at: Timestamp) -> AgentState {
        let until = self.states.iter().take_while(|(from, _)| *from <= at);
        until.last().map_or(AgentState::Initializing, |(_, state)| *state)
    }

    /// The entries around a time, one a line.
    #[must_use]
    pub fn around(&self, at: Timestamp) -> String {
        let middle = self.entries.iter().take_while(|e| e.at <= at).count();
        let from = middle.saturating_sub(AROUND);
        let near = self.entries.iter().skip(from).take(2 * AROUND);
        near.map(|e| format!("    {e}\n")).collect()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.result.as_ref().map_or("no result", |r| r.text.as_str());
        write!(f, "{} {} -> {}", self.call.name, one_line(&self.call.arguments), one_line(told))
    }
}

/// What a model wrote, without its line breaks, and not all of it if it is long.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at, self.moment)?;
        if self.text.is_empty() { Ok(()) } else { write!(f, ": {}", self.text) }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries.iter().try_for_each(|e| writeln!(f, "{e}"))
    }
}

fn line(item: &Item) -> String {
    match &item.said {
        Said::User { text } => format!("user: {text}"),
        Said::Tool { call, result } => format!("{}: {}", call.name, result.text),
        Said::Agent { heard, interrupted, .. } => {
            let mark = if *interrupted { "|" } else { "" };
            format!("agent: {}{mark}", heard.trim())
        }
    }
}
