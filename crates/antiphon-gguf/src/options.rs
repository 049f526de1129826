//! How a model is run.

use antiphon_core::{Code, Error, Result};

use crate::gguf::LOAD;

/// How a model is run. The defaults suit one conversation with a small model.
#[derive(Clone, Debug, PartialEq)]
pub struct GgufOptions {
    /// Tokens of context at most, at least 64; the model's own limit if that is smaller. Memory
    /// for one full context of SmolLM2-135M: 46 kB a token.
    pub context_tokens: usize,
    /// Tokens of a reply at most, if the request does not say.
    pub max_tokens: u32,
    /// How the next token is chosen.
    pub sampling: SamplingOptions,
    /// Generations that take turns, token by token; further ones wait. At least 1.
    pub active: usize,
    /// Generations that may wait; further ones are refused with `unavailable`. At least 1.
    pub waiting: usize,
    /// Contexts kept for later generations that begin alike.
    pub cached_contexts: usize,
    /// Whether calls are read out of what the model writes. Without it they stay in the text, to
    /// be looked at.
    pub read_calls: bool,
}

impl Default for GgufOptions {
    fn default() -> Self {
        Self {
            context_tokens: 2048,
            max_tokens: 120,
            sampling: SamplingOptions::default(),
            active: 4,
            waiting: 8,
            cached_contexts: 4,
            read_calls: true,
        }
    }
}

/// How the next token is chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct SamplingOptions {
    /// 0.0 takes the likeliest token, up to 2.0; a request can say otherwise.
    pub temperature: f32,
    /// Only so many of the likeliest tokens are drawn from; at least 1.
    pub top_k: usize,
    /// Only the likeliest tokens that make up this probability are drawn from, above 0.0 to 1.0.
    pub top_p: f32,
    /// What the logits of the reply's recent tokens are divided by; 1.0 changes nothing.
    pub repetition_penalty: f32,
    /// How many tokens are recent.
    pub repetition_window: usize,
    /// The same seed, context and model give the same reply.
    pub seed: u64,
}

impl Default for SamplingOptions {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 40,
            top_p: 0.9,
            repetition_penalty: 1.1,
            repetition_window: 64,
            seed: 0,
        }
    }
}

impl GgufOptions {
    /// Fails with `invalid_input` if a value is outside its range.
    pub(crate) fn check(&self) -> Result<()> {
        let SamplingOptions { temperature, top_k, top_p, repetition_penalty, .. } = self.sampling;
        let ranges = [
            ("context_tokens", self.context_tokens >= 64),
            ("max_tokens", self.max_tokens > 0),
            ("active", self.active > 0),
            ("waiting", self.waiting > 0),
            ("temperature", temperature_is_possible(temperature)),
            ("top_k", top_k > 0),
            ("top_p", top_p > 0.0 && top_p <= 1.0),
            ("repetition_penalty", repetition_penalty.is_finite() && repetition_penalty >= 1.0),
        ];
        match ranges.iter().find(|(_, within)| !within) {
            None => Ok(()),
            Some((name, _)) => {
                let what = format!("{name} is outside its range in {self:?}");
                Err(Error::new(LOAD, Code::InvalidInput, what))
            }
        }
    }
}

/// Whether a temperature lies in 0.0 to 2.0; NaN does not.
pub(crate) fn temperature_is_possible(temperature: f32) -> bool {
    (0.0..=2.0).contains(&temperature)
}
