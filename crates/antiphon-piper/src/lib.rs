//! Piper voices: VITS models run by rten, spoken window by window.
//!
//! Text is normalised, split into phrases and turned into phonemes. A phrase is encoded once; the
//! two later parts of the network are convolutions, so they run over windows with a little
//! context. The first audio therefore comes after the first window, whatever the length of the
//! phrase, and cancelling takes effect before the next one. Word timings are the durations the
//! model itself predicts.
//!
//! The crate deliberately knows no session, no playout and no place where voices are kept.

mod bridge;
mod config;
mod engine;
mod graph;
mod phrase;
mod trim;
mod utterance;
mod vits;
mod windows;
mod worker;

pub use engine::{Piper, PiperOptions, Speech};
pub use worker::Work;

#[cfg(test)]
mod tests;
