//! The latency waterfall of a turn: when each step between the user's last sound and the
//! agent's first happened.

use antiphon_core::{Timestamp, TurnId};
use serde::{Deserialize, Serialize};

/// Timestamps of one turn. A step that did not happen is `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waterfall {
    /// The turn.
    pub turn: TurnId,
    /// The user's speech ended.
    pub speech_end: Timestamp,
    /// Voice activity reported it.
    pub silence_detected: Option<Timestamp>,
    /// The transcript was final.
    pub stt_final: Option<Timestamp>,
    /// The turn detector answered.
    pub turn_predicted: Option<Timestamp>,
    /// The turn was committed.
    pub committed: Option<Timestamp>,
    /// The reply's generation was started; before `committed` if preemptive.
    pub llm_started: Option<Timestamp>,
    /// The first text arrived.
    pub llm_first_token: Option<Timestamp>,
    /// The first segment was complete and went to synthesis.
    pub first_segment: Option<Timestamp>,
    /// The first audio was queued.
    pub tts_first_audio: Option<Timestamp>,
    /// The first sample left.
    pub playout_started: Option<Timestamp>,
}

impl Waterfall {
    /// An empty waterfall.
    #[must_use]
    pub const fn new(turn: TurnId, speech_end: Timestamp) -> Self {
        Self {
            turn,
            speech_end,
            silence_detected: None,
            stt_final: None,
            turn_predicted: None,
            committed: None,
            llm_started: None,
            llm_first_token: None,
            first_segment: None,
            tts_first_audio: None,
            playout_started: None,
        }
    }
}

/// Notes `now` if nothing was noted before: a mark is the first time something happened.
pub(crate) const fn mark(slot: &mut Option<Timestamp>, now: Timestamp) {
    if slot.is_none() {
        *slot = Some(now);
    }
}
