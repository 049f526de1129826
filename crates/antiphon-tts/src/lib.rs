//! Text to speech: the [`Tts`] port, the clause splitter and the text normaliser.
//!
//! It deliberately knows no engine and no playout: how much was heard is not its business.

mod port;

pub use port::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming};
