//! Interruption: whether speech over the agent is meant to take the turn.
//!
//! Playout is already paused when this is asked. The policy only decides what the pause becomes:
//! an interruption, or a false alarm after which the agent goes on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When overlapping speech interrupts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct InterruptionConfig {
    /// Off: the agent always finishes. Default on.
    pub enabled: bool,
    /// Words, backchannels not counted, that make an interruption. Default 1: "stop" must work.
    pub min_words: usize,
    /// Speech this long interrupts even while no words are known. Default 1.2 s, longer than a
    /// backchannel lasts.
    pub min_speech: Duration,
    /// After the speech has ended: how long to wait for its transcript. Default 700 ms.
    pub transcript_grace: Duration,
    /// Words that signal listening rather than a wish to speak, lower case, letters only.
    pub backchannels: Vec<String>,
}

impl Default for InterruptionConfig {
    fn default() -> Self {
        let words = ["yeah", "yep", "ya", "okay", "ok", "right", "sure", "aha", "ah", "oh", "wow"];
        Self {
            enabled: true,
            min_words: 1,
            min_speech: Duration::from_millis(1200),
            transcript_grace: Duration::from_millis(700),
            backchannels: words.map(str::to_owned).to_vec(),
        }
    }
}

/// What is known about speech over the agent.
#[derive(Clone, Copy, Debug)]
pub struct Overlap<'a> {
    /// How long the user has been speaking, up to the end of speech if it has ended.
    pub speech: Duration,
    /// How long the user has been silent again; `None` while speaking.
    pub silence: Option<Duration>,
    /// The transcript so far.
    pub transcript: &'a str,
    /// Whether the transcript covers everything said.
    pub is_final: bool,
}

/// What to do with the paused agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The user takes the turn: flush and cancel.
    Confirm,
    /// A false interruption: resume.
    Refuse,
    /// Not decidable yet; ask again after this time if nothing new is known by then.
    Wait(Duration),
}

impl InterruptionConfig {
    /// Judges overlapping speech.
    #[must_use]
    pub fn judge(&self, overlap: Overlap<'_>) -> Verdict {
        let words = self.words(overlap.transcript);
        if self.enabled && words >= self.min_words.max(1) {
            return Verdict::Confirm;
        }
        match overlap.silence {
            None if self.enabled && overlap.speech >= self.min_speech => Verdict::Confirm,
            None => Verdict::Wait(self.min_speech.saturating_sub(overlap.speech)),
            Some(_) if overlap.is_final => Verdict::Refuse,
            Some(silence) if silence >= self.transcript_grace => Verdict::Refuse,
            Some(silence) => Verdict::Wait(self.transcript_grace.saturating_sub(silence)),
        }
    }

    /// Words in `transcript` that are not backchannels.
    #[must_use]
    pub fn words(&self, transcript: &str) -> usize {
        transcript.split_whitespace().filter(|w| !self.is_backchannel(w)).count()
    }

    fn is_backchannel(&self, word: &str) -> bool {
        let letters: String =
            word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let hummed = letters.chars().all(|c| matches!(c, 'm' | 'h' | 'u'));
        hummed || self.backchannels.contains(&letters)
    }
}
