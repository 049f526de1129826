//! Piper voices: VITS models run by rten, spoken window by window.
//!
//! Text is normalised and cut into phrases, a phrase is turned into phonemes and run to the
//! latent's prior once; flow and decoder follow in windows, so that the first audio comes after
//! the first window and cancelling takes effect before the next. Word timings are the durations
//! the model itself predicts. It deliberately knows no playout.

mod bridge;
mod config;
mod decoding;
mod engine;
mod graph;
mod hums;
mod phonemes;
mod trim;
mod utterance;
mod vits;
mod windows;
mod worker;

pub use engine::{Piper, PiperOptions, Speech};

#[cfg(test)]
mod tests;
