//! Piper voices: VITS models, spoken window by window.
//!
//! Text is normalised and cut into phrases, a phrase is turned into phonemes and run to the
//! latent's prior once; flow and decoder follow in windows, so that the first audio comes after
//! the first window and cancelling takes effect before the next. Encoder and flow run on rten; the
//! decoder, which is most of the work, is a network of our own, unless a voice's has layers that
//! only rten knows. Word timings are the durations
//! the model itself predicts. It deliberately knows no playout.

mod bridge;
mod config;
mod decoder;
mod decoding;
mod engine;
mod frames;
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
