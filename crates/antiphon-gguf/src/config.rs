//! The dimensions of a model, read from a file's metadata and held to what can be computed.
//!
//! It deliberately reads no tensor.

use antiphon_core::Result;

use crate::{gguf::GgufFile, tile::BLOCK};

/// The dimensions of a decoder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Config {
    pub(crate) layers: usize,
    /// Values of a position between layers.
    pub(crate) width: usize,
    /// Values of a position within the feed-forward part.
    pub(crate) hidden: usize,
    /// Heads of queries.
    pub(crate) heads: usize,
    /// Heads of keys and values, each shared by `heads / kv_heads` heads of queries.
    pub(crate) kv_heads: usize,
    /// Values of a head.
    pub(crate) head_dim: usize,
    pub(crate) vocabulary: usize,
    /// The longest context the model was trained for, in tokens.
    pub(crate) context: usize,
    /// What keeps the normalisation from dividing by zero.
    pub(crate) epsilon: f32,
    pub(crate) rope_base: f32,
    pub(crate) rope: Rope,
}

/// Which two values of a head are rotated together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rope {
    /// Neighbours: llama, whose queries and keys are stored permuted for this.
    Neighbours,
    /// One of the first half with one of the second: qwen2.
    Halves,
}

impl Config {
    /// Queries of a position: heads x values.
    pub(crate) const fn query_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Keys, or values, of a position.
    pub(crate) const fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// The dimensions that `file` states.
    pub(crate) fn read(file: &GgufFile) -> Result<Self> {
        let architecture = file.text("general.architecture").unwrap_or_default();
        let rope = match architecture {
            "llama" => Rope::Neighbours,
            "qwen2" => Rope::Halves,
            other => return Err(file.unsupported(format!("the architecture is {other:?}"))),
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let number = |name: &str, most: usize| {
            let key = key(name);
            let n = file.number(&key).ok_or_else(|| file.corrupt(format!("no {key}")))?;
            let what = || file.unsupported(format!("{key} is {n} instead of 1 to {most}"));
            if (1..=most).contains(&n) { Ok(n) } else { Err(what()) }
        };
        let width = number("embedding_length", 1 << 14)?;
        let heads = number("attention.head_count", 256)?;
        let epsilon = key("attention.layer_norm_rms_epsilon");
        let config = Self {
            layers: number("block_count", 256)?,
            width,
            hidden: number("feed_forward_length", 1 << 16)?,
            heads,
            kv_heads: number("attention.head_count_kv", heads)?,
            head_dim: file.number(&key("attention.key_length")).unwrap_or(width / heads),
            vocabulary: file.list_len("tokenizer.ggml.tokens"),
            context: number("context_length", 1 << 24)?,
            epsilon: file.float(&epsilon).ok_or_else(|| file.corrupt(format!("no {epsilon}")))?,
            // The default of the RoPE paper (Su et al. 2021).
            rope_base: file.float(&key("rope.freq_base")).unwrap_or(10_000.0),
            rope,
        };
        config.check(file, &key("rope"))?;
        Ok(config)
    }

    fn check(&self, file: &GgufFile, rope: &str) -> Result<()> {
        let Self { width, hidden, heads, kv_heads, head_dim, .. } = *self;
        let blocks = [width, hidden, head_dim].iter().all(|n| n.is_multiple_of(BLOCK));
        if !blocks || !(BLOCK..=256).contains(&head_dim) || !heads.is_multiple_of(kv_heads) {
            return Err(file.unsupported(format!(
                "{heads} heads of {head_dim} on {kv_heads} in a width of {width} and {hidden}"
            )));
        }
        let rotated = file.number(&format!("{rope}.dimension_count")).unwrap_or(head_dim);
        let scaling = file.text(&format!("{rope}.scaling.type")).unwrap_or("none");
        if rotated != head_dim || scaling != "none" || file.has("rope_freqs.weight") {
            let what = format!("{rotated} of {head_dim} rotated, scaling {scaling:?}");
            return Err(file.unsupported(what));
        }
        let usable = self.epsilon.is_finite() && self.rope_base.is_finite() && self.rope_base > 1.0;
        if !usable || !(256..=1 << 20).contains(&self.vocabulary) {
            let Self { epsilon, rope_base, vocabulary, .. } = self;
            let what = format!("epsilon {epsilon}, base {rope_base}, {vocabulary} tokens");
            return Err(file.unsupported(what));
        }
        Ok(())
    }
}
