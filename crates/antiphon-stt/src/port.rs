//! The streaming speech-to-text port.

use antiphon_core::{BoxStream, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What an engine can do. A plain description; callers adapt, engines never pretend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SttCapabilities {
    /// Rate of the audio it wants, in hertz, one channel.
    pub rate_hz: u32,
    /// Whether it sends [`SttEvent::Interim`].
    pub interim: bool,
    /// Whether it decides itself when the user has finished, and sends [`SttEvent::EndOfTurn`].
    pub end_of_turn: bool,
    /// Languages as BCP 47 tags.
    pub languages: Vec<String>,
}

/// What one transcription asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SttRequest {
    /// BCP 47 tag of the expected language; `None` leaves it to the engine.
    pub language: Option<String>,
}

/// What flows into a transcription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SttInput {
    /// The next samples, one channel at the engine's rate, any length.
    Audio(Vec<i16>),
    /// The user seems to pause: make everything said so far final now, then answer
    /// [`SttEvent::Flushed`] with the same marker. Audio may go on afterwards.
    Flush {
        /// Comes back in the answer.
        marker: u32,
    },
    // Dropping the input stream ends the transcription: the engine sends what is still missing
    // and ends its output.
}

/// What flows out of a transcription. The stream ends after the input has ended.
///
/// Text belongs to numbered segments. A later event for the same segment replaces its text; the
/// transcript is the segments' texts in order, joined by single spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SttEvent {
    /// A guess that may still change, except that the engine believes in this prefix.
    Interim {
        /// The segment it belongs to, counted from 0.
        segment: u32,
        /// Trimmed text.
        text: String,
    },
    /// What was said up to the last flush. Replaced only if speech went on in the same segment.
    Final {
        /// The segment it belongs to, counted from 0.
        segment: u32,
        /// Trimmed text; empty if nothing was said.
        text: String,
    },
    /// All finals up to the flush with this marker have been sent.
    Flushed {
        /// The marker of the flush.
        marker: u32,
    },
    /// The user has finished, the engine believes, and everything said is final: the texts came
    /// before. Audio may go on; if speech does, there may be another end. Only from engines with
    /// [`SttCapabilities::end_of_turn`].
    EndOfTurn,
}

/// A speech-to-text engine.
#[async_trait]
pub trait Stt: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> SttCapabilities;

    /// Starts transcribing `audio`. Dropping the returned stream cancels the work.
    ///
    /// After an `Err` item the stream ends.
    ///
    /// # Errors
    /// `invalid_input` for a language it does not know, `unavailable` if the engine cannot take
    /// more work; in the stream also `internal`.
    async fn transcribe(
        &self,
        request: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>>;
}
