//! A local language model: chat models in GGUF files, of the architectures llama and qwen2.
//!
//! candle-core reads the file and its vocabulary; the decoder is our own. Weights keep the bits of
//! the file and are shared by all conversations. Keys and values are kept outside the model, so
//! that a conversation's next turn, also one after an interrupted reply, reads only what is new.
//! One thread computes for everybody and looks after every token whether it is still wanted.
//!
//! It deliberately knows no history policy, no tools and no speech.

mod blocks;
mod cache;
mod chat;
mod config;
mod engine;
mod forward;
mod gguf;
mod kernels;
mod math;
mod matrix;
mod options;
mod prefixes;
mod sample;
mod tile;
mod tokenizer;
mod weights;
mod worker;

pub use engine::Gguf;
pub use options::{GgufOptions, SamplingOptions};

#[cfg(test)]
mod tests;
