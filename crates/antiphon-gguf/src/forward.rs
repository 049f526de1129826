//! The decoder: tokens in, logits of the next token out.
//!
//! Prompt and reply go through the same code, and the values of a position do not depend on how
//! many are computed at once: a context read in one go, token by token, or continued from a cache
//! gives the same logits to the bit. It deliberately knows neither text nor sampling.

use antiphon_core::Result;

use crate::{
    cache::{Cache, Part},
    config::Config,
    gguf::GgufFile,
    kernels::Isa,
    math::{add, attend, rms_norm, rotate, silu_gate, turns},
    matrix::{Activations, Matrix},
    weights::{Layer, Linear, Weights},
};

/// A decoder of the llama family.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) config: Config,
    weights: Weights,
    isa: Isa,
}

/// Memory of a forward pass, reused by the next. All positions x values.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    x: Vec<f32>,
    normed: Vec<f32>,
    quantised: Activations,
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    attended: Vec<f32>,
    projected: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    scores: Vec<f32>,
    logits: Vec<f32>,
}

impl Decoder {
    /// Reads dimensions and weights.
    pub(crate) fn read(file: &mut GgufFile) -> Result<Self> {
        let config = Config::read(file)?;
        let weights = Weights::read(file, &config)?;
        Ok(Self { config, weights, isa: Isa::detect() })
    }

    #[cfg(test)]
    pub(crate) const fn set_isa(&mut self, isa: Isa) {
        self.isa = isa;
    }

    /// Runs `tokens`, at least one, after those of `cache`, and adds them to it.
    pub(crate) fn forward(&self, tokens: &[u32], cache: &mut Cache, s: &mut Scratch) {
        let from = cache.len();
        cache.reserve(tokens.len());
        s.x.clear();
        for token in tokens {
            s.x.extend(self.weights.embedding.row(*token as usize));
        }
        let turns: Vec<_> = (from..from + tokens.len())
            .map(|position| turns(position, self.config.head_dim, self.config.rope_base))
            .collect();
        for (n, layer) in self.weights.layers.iter().enumerate() {
            self.attention(n, layer, &turns, cache, s);
            self.feed_forward(layer, s);
        }
        cache.extend(tokens);
    }

    /// The logits of the token after the last that [`forward`](Self::forward) ran.
    pub(crate) fn logits<'s>(&self, s: &'s mut Scratch) -> &'s mut [f32] {
        let last = s.x.rchunks_exact(self.config.width).next().unwrap_or_default();
        rms_norm(last, &self.weights.norm, self.config.epsilon, &mut s.normed);
        self.multiply(self.weights.output(), &s.normed, &mut s.quantised, &mut s.logits);
        &mut s.logits
    }

    fn attention(
        &self,
        n: usize,
        layer: &Layer,
        turns: &[Vec<(f32, f32)>],
        cache: &mut Cache,
        s: &mut Scratch,
    ) {
        let Config { epsilon, rope, .. } = self.config;
        let (query_width, kv_width) = (self.config.query_width(), self.config.kv_width());
        rms_norm(&s.x, &layer.attention_norm, epsilon, &mut s.normed);
        s.quantised.fill(&s.normed, self.config.width, self.isa);
        self.project(&layer.query, &s.quantised, &mut s.query);
        self.project(&layer.key, &s.quantised, &mut s.key);
        self.project(&layer.value, &s.quantised, &mut s.value);
        let from = cache.len();
        let queries = s.query.chunks_exact_mut(query_width);
        let keys = s.key.chunks_exact_mut(kv_width).zip(s.value.chunks_exact(kv_width));
        for (i, ((query, (key, value)), turns)) in queries.zip(keys).zip(turns).enumerate() {
            rotate(query, turns, rope);
            rotate(key, turns, rope);
            cache.write(n, from + i, Part::Keys, key);
            cache.write(n, from + i, Part::Values, value);
        }
        s.attended.resize(s.query.len(), 0.0);
        for (i, (query, out)) in s
            .query
            .chunks_exact(query_width)
            .zip(s.attended.chunks_exact_mut(query_width))
            .enumerate()
        {
            self.attend(n, from + i + 1, cache, query, &mut s.scores, out);
        }
        let output = &layer.attention_output.matrix;
        self.multiply(output, &s.attended, &mut s.quantised, &mut s.projected);
        add(&mut s.x, &s.projected);
    }

    /// All heads of one position over the first `len` positions.
    fn attend(
        &self,
        layer: usize,
        len: usize,
        cache: &Cache,
        query: &[f32],
        scores: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        let Config { heads, kv_heads, head_dim, .. } = self.config;
        let pairs = query.chunks_exact(head_dim).zip(out.chunks_exact_mut(head_dim));
        for (head, (query, out)) in pairs.enumerate() {
            let kv_head = head * kv_heads / heads;
            let keys = cache.read(layer, Part::Keys, kv_head, len);
            let values = cache.read(layer, Part::Values, kv_head, len);
            self.isa.run(
                #[inline(always)]
                || attend(query, keys, values, scores, out),
            );
        }
    }

    fn feed_forward(&self, layer: &Layer, s: &mut Scratch) {
        rms_norm(&s.x, &layer.feed_forward_norm, self.config.epsilon, &mut s.normed);
        s.quantised.fill(&s.normed, self.config.width, self.isa);
        self.project(&layer.gate, &s.quantised, &mut s.gate);
        self.project(&layer.up, &s.quantised, &mut s.up);
        self.isa.run(
            #[inline(always)]
            || silu_gate(&mut s.gate, &s.up),
        );
        self.multiply(&layer.down.matrix, &s.gate, &mut s.quantised, &mut s.projected);
        add(&mut s.x, &s.projected);
    }

    fn project(&self, linear: &Linear, x: &Activations, out: &mut Vec<f32>) {
        linear.matrix.product(x, out, self.isa);
        if let Some(bias) = &linear.bias {
            out.chunks_exact_mut(bias.len()).for_each(|position| add(position, bias));
        }
    }

    fn multiply(&self, by: &Matrix, x: &[f32], quantised: &mut Activations, out: &mut Vec<f32>) {
        quantised.fill(x, by.columns(), self.isa);
        by.product(quantised, out, self.isa);
    }
}
