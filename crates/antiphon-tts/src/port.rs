//! The streaming text-to-speech port.

use std::ops::Range;

use antiphon_core::{BoxStream, Result};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TtsCapabilities {
    /// Rate of the audio it makes, in hertz, one channel.
    pub rate_hz: u32,
    /// Whether it sends [`TtsEvent::Words`].
    pub word_timings: bool,
    /// Names accepted in [`TtsRequest::voice`].
    pub voices: Vec<String>,
}

/// What one synthesis asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TtsRequest {
    /// What to say, as the agent wrote it: one clause or sentence. The engine normalises it.
    pub text: String,
    /// Voice name; `None` is the engine's default.
    pub voice: Option<String>,
    /// Speaking rate, 0.5 to 2.0; 1.0 is the voice's own.
    pub rate: f32,
}

/// When one word of the request's text sounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordTiming {
    /// Bytes of the request's text this word covers, on character boundaries.
    pub text: Range<usize>,
    /// Samples of the output, counted from its start, at the engine's rate. Never beyond its end.
    pub samples: Range<u64>,
}

/// What flows out of a synthesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TtsEvent {
    /// The next samples, one channel at the engine's rate: never empty, at most 200 ms.
    Audio(Vec<i16>),
    /// Timings of words in ascending order, without overlap. Sent before the audio they describe;
    /// later ones add to earlier ones.
    Words(Vec<WordTiming>),
}

/// A text-to-speech engine.
#[async_trait]
pub trait Tts: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> TtsCapabilities;

    /// Starts speaking. Dropping the stream cancels the work within one window. Text without
    /// anything to pronounce gives a stream that ends without audio.
    ///
    /// After an `Err` item the stream ends; ended, it stays so.
    ///
    /// # Errors
    /// `invalid_input` for an unknown voice (with what may be meant) or a rate outside its range, `unavailable` if the
    /// engine cannot take more work; in the stream also `internal`.
    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>>;
}
