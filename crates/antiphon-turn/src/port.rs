//! The ports of models that judge what the user's sound means: whether the turn is finished, and
//! whether a sound over the agent is meant to take the turn.

use antiphon_core::{Pii, Result};
use async_trait::async_trait;

/// What a turn detector may look at.
#[derive(Clone, Debug, Default)]
pub struct TurnContext {
    /// The user's audio up to now, newest last: one channel at
    /// [`SPEECH_RATE_HZ`](antiphon_core::SPEECH_RATE_HZ), at most the last 8 seconds.
    pub audio: Vec<i16>,
    /// What the turn's transcript says so far; empty if not known yet.
    pub transcript: Pii<String>,
}

/// Judges from sound or words whether the user has finished the turn.
#[async_trait]
pub trait TurnDetector: Send + Sync {
    /// Probability, 0.0 to 1.0, that the turn is finished. Dropping the future cancels.
    ///
    /// # Errors
    /// `internal` if the model cannot be run, `unavailable` if its worker is gone or full.
    async fn predict(&self, context: TurnContext) -> Result<f32>;
}

/// What a backchannel detector may look at.
#[derive(Clone, Debug, Default)]
pub struct OverlapContext {
    /// The user's audio from 300 ms before the sound over the agent began, newest last: one
    /// channel at [`SPEECH_RATE_HZ`](antiphon_core::SPEECH_RATE_HZ), at most the last 4 seconds.
    pub audio: Vec<i16>,
    /// What the turn's transcript says so far; empty if not known yet.
    pub transcript: Pii<String>,
    /// Whether the sound is over; if not, the user is still making it.
    pub is_over: bool,
    /// How loud this caller spoke while the agent was silent: root mean square in dB of full
    /// scale, so at most 0. `None` as long as less than half a second of it was heard.
    pub caller_dbfs: Option<f32>,
}

/// Judges from sound or words whether what is heard over the agent is no interruption: a
/// backchannel ("mm-hm"), a cough, noise, talk to somebody else.
#[async_trait]
pub trait BackchannelDetector: Send + Sync {
    /// Probability, 0.0 to 1.0, that the agent is not meant to stop. Dropping the future cancels.
    ///
    /// # Errors
    /// `internal` if the model cannot be run, `unavailable` if its worker is gone or full.
    async fn predict(&self, context: OverlapContext) -> Result<f32>;
}
