//! Text to speech: the [`Tts`] port and its conformance kit, the clause splitter, the text
//! normaliser and the alignment of text and audio.
//!
//! It deliberately knows no engine and no playout.

mod alignment;
pub mod conformance;
mod normalise;
mod port;
mod splitter;

pub use alignment::{Alignment, Heard};
pub use normalise::{Normalised, SpokenWord, normalise};
pub use port::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming};
pub use splitter::{Splitter, SplitterConfig};

#[cfg(test)]
mod tests;
