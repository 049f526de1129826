//! A turn that is not committed yet: what is known of it, and when it may be over.

use std::time::Duration;

use antiphon_core::{OpId, Timestamp, TurnId};
use antiphon_turn::{EndpointingConfig, EndpointingMode, Pause, Prediction};

use super::Hearing;
use crate::Waterfall;

/// Replies begun on one turn before it is committed: failing providers are not asked for ever.
const MAX_SPECULATIONS: u32 = 4;

/// A turn that is not committed yet.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) id: TurnId,
    pub(crate) onset: Timestamp,
    pub(crate) voice: Voice,
    pub(super) hearing: Hearing,
    /// When the transcript changed last.
    pub(super) changed: Timestamp,
    /// Replies begun on it before it was committed.
    pub(super) speculations: u32,
    /// The application wants it committed as soon as the transcript is final.
    pub(super) commit_asked: bool,
    /// Whether the transcript ends in a word that leaves the sentence open.
    pub(super) trails_off: bool,
    /// When the engine said that the turn is over. What is said after that takes it back.
    pub(super) provider_ended: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) enum Voice {
    Speaking,
    Silent(Silence),
}

/// A pause that may be the end of the turn.
#[derive(Clone, Debug)]
pub(crate) struct Silence {
    pub(crate) since: Timestamp,
    /// Everything said is final, or nothing more can become so.
    pub(crate) flushed: bool,
    /// The transcription was asked to make it so.
    pub(super) flush_asked: bool,
    pub(super) prediction: Prediction,
    pub(super) predict: Option<OpId>,
    pub(crate) waterfall: Waterfall,
}

impl Open {
    pub(crate) fn text(&self) -> String {
        self.hearing.text()
    }

    /// The pause, while there is one.
    pub(crate) const fn silence(&self) -> Option<&Silence> {
        match &self.voice {
            Voice::Silent(silence) => Some(silence),
            Voice::Speaking => None,
        }
    }

    /// When a reply may be begun on the transcript: it is final, or stands still for `stable`.
    pub(crate) fn stable_at(&self, stable: Duration) -> Option<Timestamp> {
        let silence = self.silence().filter(|_| self.speculations < MAX_SPECULATIONS)?;
        let final_at = if silence.flushed { Some(self.changed) } else { None };
        let at = final_at.unwrap_or_else(|| self.changed.max(silence.since) + stable);
        (!self.text().is_empty()).then_some(at)
    }

    /// When the transcription is asked to make everything final, though the engine has not said
    /// that the turn is over: at the latest time for that, or because it must end at once.
    pub(super) fn flush_due(&self, policy: &EndpointingConfig) -> Option<Timestamp> {
        let silence = self.silence().filter(|s| !s.flushed && !s.flush_asked)?;
        let waits = policy.mode == EndpointingMode::Provider && !self.commit_asked;
        Some(if waits { silence.since + policy.provider_ceiling } else { silence.since })
    }

    /// As [`UserTurn::due`], for a caller whose usual pause is known. As long as a transcription
    /// owes every word, there is nothing to commit.
    pub(super) fn due(&self, policy: &EndpointingConfig, usual: Duration) -> Option<Timestamp> {
        let silence = self.silence().filter(|s| s.flushed || !self.text().is_empty())?;
        let due = match self.commit_asked {
            true => silence.since,
            false => policy.due(&Pause {
                speech_end: silence.since,
                prediction: silence.prediction,
                trails_off: self.trails_off,
                transcript_final_at: silence.waterfall.stt_final,
                provider_ended: self.provider_ended,
                usual: Some(usual),
            })?,
        };
        Some(if silence.flushed { due } else { due + policy.transcript_grace })
    }
}

/// Whether two transcripts differ in nothing that changes an answer: case, punctuation, spaces.
pub(crate) fn same_words(a: &str, b: &str) -> bool {
    let words = |s: &str| -> String {
        s.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    words(a) == words(b)
}
