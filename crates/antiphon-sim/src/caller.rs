//! The simulated caller: what they say, how long it takes, and when they say it.

use std::time::Duration;

use antiphon_core::Timestamp;

use crate::Rng;

/// When a line is spoken. A caller has one mouth: a line waits for the end of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time of the session.
    At(Timestamp),
    /// So long after the agent has finished its next speech.
    AfterAgent(Duration),
    /// So long into the agent's next speech: over it.
    IntoSpeech(Duration),
    /// So long after the caller's own line before it.
    AfterSelf(Duration),
}

/// One thing the caller says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub when: When,
    /// The words; empty for a cough.
    pub text: String,
    /// How long they take.
    pub takes: Duration,
    /// Whether it sounds finished, so that a turn detector says so.
    pub finished: bool,
}

impl Line {
    /// A finished line at a natural pace: 2.5 words a second.
    pub fn new(when: When, text: impl Into<String>) -> Self {
        let text = text.into();
        let words = text.split_whitespace().count().max(1) as u64;
        Self { when, text, takes: Duration::from_millis(400 * words), finished: true }
    }

    /// The same line, trailing off: a turn detector would expect more.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.finished = false;
        self
    }
}

/// A script of lines, spoken in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The lines.
    pub lines: Vec<Line>,
    /// A caller who waits for the agent longer than this says the next line anyway; `None` waits
    /// for ever.
    pub patience: Option<Duration>,
    /// Hangs up so long after the last line.
    pub leaves: Option<Duration>,
}

impl From<Vec<Line>> for Caller {
    fn from(lines: Vec<Line>) -> Self {
        Self { lines, patience: None, leaves: None }
    }
}

/// Beginnings of what a random caller says; a number follows that occurs once in the call, so
/// that a lost or doubled word shows.
const OPENINGS: [&str; 6] = [
    "I would like to book a table for",
    "what about number",
    "wait",
    "no, make that",
    "my number is",
    "thank you, that was all, I am",
];

/// What listeners utter, and a cough.
const HUMS: [&str; 4] = ["mm-hmm", "okay", "yeah right", ""];

impl Caller {
    /// A caller that answers, pauses in mid-sentence, hums, interrupts and sometimes hangs up, by
    /// chance.
    #[must_use]
    pub fn random(rng: &mut Rng, lines: usize) -> Self {
        Self {
            lines: (0..lines).map(|n| random_line(rng, n)).collect(),
            patience: Some(Duration::from_millis(4000 + rng.below(8000))),
            leaves: rng.one_in(3).then(|| Duration::from_millis(rng.below(6000))),
        }
    }
}

fn random_line(rng: &mut Rng, n: usize) -> Line {
    let delay = Duration::from_millis(rng.below(3000));
    let when = match rng.below(8) {
        _ if n == 0 => When::At(Timestamp::ZERO + delay),
        0..3 => When::IntoSpeech(delay),
        3 => When::AfterSelf(delay),
        _ => When::AfterAgent(delay),
    };
    if rng.one_in(5) {
        return Line::new(when, rng.pick(&HUMS).copied().unwrap_or_default());
    }
    let mut text = rng.pick(&OPENINGS).copied().unwrap_or_default().to_owned();
    for i in 0..=rng.below(3) {
        text.push_str(&format!(" {}", 10 * (n as u64 + 1) + i));
    }
    let line = Line::new(when, text);
    if rng.one_in(4) { line.unfinished() } else { line }
}
