//! Moonshine speech to text (Jeffries et al. 2024) in pure Rust: raw 16 kHz audio in, text out.
//!
//! The published ONNX Runtime files are [converted](convert) once; inference multiplies their
//! eight-bit weights as they are. [`Moonshine`] transcribes a recording, [`MoonshineStt`] a
//! conversation as it goes.
//!
//! It deliberately knows no turn-taking and does not tell speech from noise.

mod convert;
mod decoder;
mod encoder;
mod engine;
mod flatbuffer;
mod kernels;
mod listening;
mod math;
mod model;
mod product;
mod sound;
mod streaming;
mod weights;
mod worker;

pub use convert::convert;
pub use engine::MoonshineStt;
pub use model::Moonshine;
pub use streaming::MoonshineConfig;

#[cfg(test)]
mod tests;
