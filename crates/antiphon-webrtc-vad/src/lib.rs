//! The WebRTC voice-activity detector: tiny, fast, and easily fooled by noise.
//!
//! It deliberately adds nothing to the detector: its yes or no becomes a probability of 1 or 0.

mod detector;

use std::fmt;

use antiphon_core::{Code, Error, FRAME_MS, Result, SPEECH_RATE_HZ};
use antiphon_vad::Vad;

use detector::Detector;

/// Samples per frame: [`FRAME_MS`] at [`SPEECH_RATE_HZ`].
const FRAME_LEN: usize = (SPEECH_RATE_HZ * FRAME_MS / 1000) as usize;

/// How readily the detector calls a frame speech.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Misses the least speech; most noise passes.
    Quality,
    /// For coders at low bit rates.
    LowBitrate,
    /// Refuses more noise.
    Aggressive,
    /// Refuses the most noise, and some speech.
    #[default]
    VeryAggressive,
}

/// A detector with the state of one stream: 16 kHz, frames of 320 samples (20 ms). The probability
/// is 0.0 or 1.0, never in between.
///
/// Costs some microseconds per frame and needs no file. Hum and brown noise pass as speech in
/// every mode: where a model can be loaded, prefer one.
pub struct WebrtcVad {
    detector: Detector,
    mode: Mode,
}

impl WebrtcVad {
    /// A detector at the start of its stream.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { detector: Detector::new(mode), mode }
    }
}

impl Vad for WebrtcVad {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn frame_len(&self) -> usize {
        FRAME_LEN
    }

    fn push(&mut self, frame: &[i16]) -> Result<f32> {
        let frame: &[i16; FRAME_LEN] = frame.try_into().map_err(|_| {
            let detail = format!("a frame of {} samples, expected {FRAME_LEN}", frame.len());
            Error::new("webrtc_vad.push", Code::InvalidInput, detail)
                .with_help("cut the stream into frames with antiphon_vad::Blocks")
        })?;
        let is_voice = self.detector.is_voice(frame).ok_or_else(|| {
            Error::new("webrtc_vad.push", Code::Internal, "the detector refused a frame")
        })?;
        Ok(f32::from(u8::from(is_voice)))
    }

    fn reset(&mut self) {
        self.detector = Detector::new(self.mode);
    }
}

impl fmt::Debug for WebrtcVad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebrtcVad").field("mode", &self.mode).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
