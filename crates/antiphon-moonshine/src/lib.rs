//! Moonshine speech to text (Jeffries et al. 2024) in pure Rust: raw 16 kHz audio in, text out.
//!
//! The published ONNX Runtime files are [converted](convert) once; inference then keeps the
//! decoder's weights in eight bits and reads them once a token.

mod convert;
mod decoder;
mod encoder;
mod engine;
mod flatbuffer;
mod kernels;
mod math;
mod model;
mod product;
mod segment;
mod weights;

pub use convert::convert;
pub use engine::MoonshineStt;
pub use model::Moonshine;

#[cfg(test)]
mod tests;
