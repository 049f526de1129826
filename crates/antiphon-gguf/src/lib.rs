//! A local language model: chat models in GGUF files, of the architectures llama and qwen2.
//!
//! candle-core reads the file and its vocabulary; the decoder is our own. Weights keep the bits of
//! the file and are shared by all conversations. Keys and values are kept outside the model, so
//! that a conversation's next turn, also one after an interrupted reply, reads only what is new.
//! One thread computes for everybody and looks after every token whether it is still wanted.
//!
//! Tools are offered and called in the words of Qwen2.5's chat template. What the model writes is
//! read leniently and is often wrong: Qwen2.5 of half a billion weights also calls when nobody asked
//! for it, and SmolLM2-135M can be offered tools but hardly ever makes a usable call.
//!
//! It deliberately knows no history policy, runs no tools and knows no speech.

mod blocks;
mod cache;
mod calls;
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
mod turns;
mod weights;
mod worker;

pub use engine::Gguf;
pub use options::{GgufOptions, SamplingOptions};

#[cfg(test)]
mod tests;
