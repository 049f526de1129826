//! Piper voices: VITS models run by rten, spoken window by window.
//!
//! Text is normalised, turned into phonemes, and run to the latent once; the latent is decoded in
//! windows, so that the first audio comes after the first window and cancelling takes effect
//! before the next. Word timings are the durations the model itself predicts.

mod config;
mod engine;
mod model;
mod phonemes;
mod utterance;

pub use engine::{Piper, PiperOptions, Speech};

#[cfg(test)]
mod tests;
