//! Silero voice-activity detection: [`Silero`] is the loaded network, [`SileroVad`] one stream.
//!
//! The network is small and fixed, so it is written out here instead of being run by an
//! inference engine: a frame is computed on the caller's thread, without allocating, in a third
//! of the time. It deliberately knows no edges: probabilities become speech in
//! `antiphon_vad::SpeechGate`.

mod dense;
mod network;
mod weights;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use antiphon_core::{Code, Error, Result, SPEECH_RATE_HZ};
use antiphon_vad::Vad;

use network::{FRAME_LEN, Network, State};

/// Two frames. On the corpus of `cargo xtask bench turns` the probability falls below the gate's
/// threshold 82 ms after the end of a turn, at the median; 47 to 117 ms between the outer tenths.
const RELEASE: Duration = Duration::from_millis(64);

/// The loaded network. Cheap to clone: weights are shared.
#[derive(Clone)]
pub struct Silero(Arc<Network>);

impl Silero {
    /// Reads the network from an ONNX file of Silero VAD 6, `silero_vad_op18_ifless.onnx`.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it does not hold this network.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| {
            Error::new("silero.load", Code::Storage, format!("reading {}", path.display()))
                .with_help("fetch the models first, or pass the path of the .onnx file")
                .with_source(e)
        })?;
        let network = Network::from_onnx(&bytes).map_err(|why| {
            Error::new("silero.load", Code::Corrupt, format!("{}: {why}", path.display()))
                .with_help("use silero_vad_op18_ifless.onnx of Silero VAD 6")
        })?;
        Ok(Self(Arc::new(network)))
    }

    /// A detector at the start of its stream.
    #[must_use]
    pub fn session(&self) -> SileroVad {
        SileroVad { network: Arc::clone(&self.0), state: Box::default() }
    }
}

impl fmt::Debug for Silero {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Silero").finish_non_exhaustive()
    }
}

/// The state of one stream: 16 kHz, frames of 512 samples (32 ms). 16 KB.
#[derive(Clone)]
pub struct SileroVad {
    network: Arc<Network>,
    state: Box<State>,
}

impl Vad for SileroVad {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn frame_len(&self) -> usize {
        FRAME_LEN
    }

    fn release(&self) -> Duration {
        RELEASE
    }

    fn push(&mut self, frame: &[i16]) -> Result<f32> {
        let frame = frame.try_into().map_err(|_| {
            let detail = format!("a frame of {} samples, expected {FRAME_LEN}", frame.len());
            Error::new("silero.push", Code::InvalidInput, detail)
                .with_help("cut the stream into frames with antiphon_vad::Blocks")
        })?;
        Ok(self.network.probability(frame, &mut self.state))
    }

    fn reset(&mut self) {
        *self.state = State::default();
    }
}

impl fmt::Debug for SileroVad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SileroVad").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
