//! A local language model: llama and qwen2 GGUF files, run on the processor.
//!
//! candle reads the file, its tensors and its tokenizer. The decoder is our own: weights are held
//! once in eight bits for any number of conversations, the key/value cache is outside and can be
//! cut back after an interruption, and a generation can be cancelled between any two tokens.

mod cache;
mod chat;
mod engine;
mod file;
mod forward;
mod kernels;
mod prefixes;
mod sample;
mod tokenizer;

pub use engine::{Gguf, GgufOptions};

#[cfg(test)]
mod tests;
