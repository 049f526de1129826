//! The simulated caller: what they say, how long it takes, and when they say it.

use std::time::Duration;

use antiphon_core::Timestamp;

use crate::Rng;

/// When a line is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time of the session.
    At(Timestamp),
    /// So long after the agent has finished its next speech.
    AfterAgent(Duration),
    /// So long into the agent's next speech: over it.
    IntoSpeech(Duration),
}

/// One thing the caller says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub when: When,
    /// The words.
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
}

/// A script of lines, spoken in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The lines.
    pub lines: Vec<Line>,
}

impl Caller {
    /// A caller that answers, pauses in mid-sentence, hums and interrupts by chance.
    #[must_use]
    pub fn random(rng: &mut Rng, lines: usize) -> Self {
        let texts = [
            "I would like to book a table for two",
            "what time do you open on Saturday",
            "okay",
            "mm-hmm",
            "wait, that is not what I meant",
            "thank you, that was all",
            "",
        ];
        let line = |n| {
            let delay = Duration::from_millis(200 + rng.below(3000));
            let when = match rng.below(4) {
                _ if n == 0 => When::At(Timestamp::ZERO + delay),
                0 => When::IntoSpeech(delay),
                _ => When::AfterAgent(delay),
            };
            let mut line = Line::new(when, rng.pick(&texts).copied().unwrap_or_default());
            line.finished = !rng.one_in(4);
            line
        };
        Self { lines: (0..lines).map(line).collect() }
    }
}
