//! The port of models that judge whether the user is done.

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
