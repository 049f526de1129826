//! The encoder's vectors to text tokens, one at a time, greedily.

use antiphon_core::Result;

use crate::{
    encoder::HEADS,
    kernels::{Matrix8, Rows, multiply},
    math::{Rope, add, add_scaled, layer_norm, max, silu, softmax},
    weights::Weights,
};

/// Tokens that mark the beginning and the end of a text.
const BEGIN: usize = 1;
const END: usize = 2;

/// Tokens the model was trained with: the file's embedding has no others.
const TOKENS: usize = 32_768;

#[derive(Debug)]
pub(crate) struct Decoder {
    embed: Matrix8,
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
    norm1: Vec<f32>,
    q: Matrix8,
    k: Matrix8,
    v: Matrix8,
    o: Matrix8,
    norm2: Vec<f32>,
    cross_q: Matrix8,
    cross_k: Matrix8,
    cross_v: Matrix8,
    cross_o: Matrix8,
    norm3: Vec<f32>,
    fc1: (Matrix8, Vec<f32>),
    fc2: (Matrix8, Vec<f32>),
}

/// Working memory of one run.
#[derive(Default)]
struct Scratch {
    rows: Rows,
    normed: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    mixed: Vec<f32>,
    inner: Vec<f32>,
    out: Vec<f32>,
    scores: Vec<f32>,
}

impl Decoder {
    /// Reads a decoder as wide as its encoder.
    pub(crate) fn load(w: &mut Weights, width: usize) -> Result<Self> {
        let norm = w.floats("dec.norm.weight", width)?;
        let embed = w.matrix("dec.embed", TOKENS, width)?;
        let mut layers = Vec::new();
        while w.has(&format!("dec.layers.{}.mlp.fc1", layers.len())) {
            layers.push(Layer::load(w, layers.len(), width)?);
        }
        Ok(Self { embed, layers, norm })
    }

    /// At most `max_tokens` tokens for the encoder's vectors, or `None` if cancelled between two.
    pub(crate) fn run(
        &self,
        audio: &[f32],
        max_tokens: usize,
        rope: &Rope,
        cancel: &dyn Fn() -> bool,
    ) -> Option<Vec<usize>> {
        let width = self.norm.len();
        let mut s = Scratch::default();
        s.rows.set(audio, width);
        let mut caches = Vec::new();
        for layer in &self.layers {
            if cancel() {
                return None;
            }
            caches.push((Cache::new(width, max_tokens), layer.look_at(&s.rows)));
        }
        let (mut tokens, mut token) = (Vec::new(), BEGIN);
        let (mut x, mut logits) = (vec![0.0; width], Vec::new());
        while tokens.len() < max_tokens && !is_loop(&tokens) {
            if cancel() {
                return None;
            }
            self.embed.row(token, &mut x);
            for (layer, (own, cross)) in self.layers.iter().zip(&mut caches) {
                layer.run(&mut x, (own, cross), (rope, tokens.len()), &mut s);
            }
            layer_norm(&x, &self.norm, &mut s.normed);
            s.rows.set(&s.normed, width);
            multiply(&self.embed, &s.rows, &mut logits);
            token = best(&logits);
            if token == END {
                break;
            }
            tokens.push(token);
        }
        Some(tokens)
    }
}

fn best(logits: &[f32]) -> usize {
    let best = max(logits);
    logits.iter().position(|l| *l == best).unwrap_or(END)
}

/// Whether the text ends in a loop, which the model falls into when audio breaks off within a
/// word: the same tokens three times in a row, and at least twelve of them.
pub(crate) fn is_loop(tokens: &[usize]) -> bool {
    (1..=tokens.len() / 3).any(|period| {
        let len = period * 12usize.div_ceil(period).max(3);
        let tail = tokens.len().checked_sub(len).and_then(|from| tokens.get(from..));
        tail.is_some_and(|t| t.iter().zip(t.iter().skip(period)).all(|(a, b)| a == b))
    })
}

impl Layer {
    fn load(w: &mut Weights, n: usize, d: usize) -> Result<Self> {
        let name = |part: &str| format!("dec.layers.{n}.{part}");
        Ok(Self {
            norm1: w.floats(&name("input_layernorm.weight"), d)?,
            q: w.matrix(&name("self_attn.q_proj"), d, d)?,
            k: w.matrix(&name("self_attn.k_proj"), d, d)?,
            v: w.matrix(&name("self_attn.v_proj"), d, d)?,
            o: w.matrix(&name("self_attn.o_proj"), d, d)?,
            norm2: w.floats(&name("post_attention_layernorm.weight"), d)?,
            cross_q: w.matrix(&name("encoder_attn.q_proj"), d, d)?,
            cross_k: w.matrix(&name("encoder_attn.k_proj"), d, d)?,
            cross_v: w.matrix(&name("encoder_attn.v_proj"), d, d)?,
            cross_o: w.matrix(&name("encoder_attn.o_proj"), d, d)?,
            norm3: w.floats(&name("final_layernorm.weight"), d)?,
            fc1: (w.matrix(&name("mlp.fc1"), 8 * d, d)?, w.floats(&name("mlp.fc1.bias"), 8 * d)?),
            fc2: (w.matrix(&name("mlp.fc2"), d, 4 * d)?, w.floats(&name("mlp.fc2.bias"), d)?),
        })
    }

    /// Keys and values of the encoder's vectors.
    fn look_at(&self, audio: &Rows) -> Cache {
        let (mut k, mut v) = (Vec::new(), Vec::new());
        multiply(&self.cross_k, audio, &mut k);
        multiply(&self.cross_v, audio, &mut v);
        let width = self.cross_k.rows;
        let mut cache = Cache::new(width, k.len() / width);
        for (k, v) in k.chunks_exact(width).zip(v.chunks_exact(width)) {
            cache.push(k, v);
        }
        cache
    }

    fn run(
        &self,
        x: &mut [f32],
        (own, cross): (&mut Cache, &Cache),
        (rope, position): (&Rope, usize),
        s: &mut Scratch,
    ) {
        let d = x.len();
        layer_norm(x, &self.norm1, &mut s.normed);
        s.rows.set(&s.normed, d);
        multiply(&self.q, &s.rows, &mut s.q);
        multiply(&self.k, &s.rows, &mut s.k);
        multiply(&self.v, &s.rows, &mut s.v);
        rope.rotate(&mut s.q, position);
        rope.rotate(&mut s.k, position);
        own.push(&s.k, &s.v);
        own.attend(s);
        s.rows.set(&s.mixed, d);
        multiply(&self.o, &s.rows, &mut s.out);
        add(x, &s.out);

        layer_norm(x, &self.norm2, &mut s.normed);
        s.rows.set(&s.normed, d);
        multiply(&self.cross_q, &s.rows, &mut s.q);
        cross.attend(s);
        s.rows.set(&s.mixed, d);
        multiply(&self.cross_o, &s.rows, &mut s.out);
        add(x, &s.out);

        layer_norm(x, &self.norm3, &mut s.normed);
        s.rows.set(&s.normed, d);
        multiply(&self.fc1.0, &s.rows, &mut s.inner);
        add(&mut s.inner, &self.fc1.1);
        let (values, gates) = s.inner.split_at_mut(self.fc2.0.columns);
        for (value, gate) in values.iter_mut().zip(gates) {
            *value *= silu(*gate);
        }
        s.rows.set(values, self.fc2.0.columns);
        multiply(&self.fc2.0, &s.rows, &mut s.out);
        add(x, &s.out);
        add(x, &self.fc2.1);
    }
}

/// Keys and values of one attention.
struct Cache {
    /// For each dimension its value at every position: scores of all positions grow side by side.
    keys: Vec<f32>,
    /// Position after position.
    values: Vec<f32>,
    capacity: usize,
}

impl Cache {
    fn new(width: usize, capacity: usize) -> Self {
        let values = Vec::with_capacity(width * capacity);
        Self { keys: vec![0.0; width * capacity], values, capacity }
    }

    /// Adds a position; one beyond the capacity is left out.
    fn push(&mut self, key: &[f32], value: &[f32]) {
        let position = self.values.len() / value.len();
        if position < self.capacity {
            let slots = self.keys.chunks_exact_mut(self.capacity);
            for (slot, k) in slots.filter_map(|all| all.get_mut(position)).zip(key) {
                *slot = *k;
            }
            self.values.extend_from_slice(value);
        }
    }

    /// Attention of the query `s.q` to all positions, head by head, to `s.mixed`.
    fn attend(&self, s: &mut Scratch) {
        let d = s.q.len();
        let head = d / HEADS;
        let scale = 1.0 / (head as f32).sqrt();
        s.mixed.clear();
        s.mixed.resize(d, 0.0);
        let mut keys = self.keys.chunks_exact(self.capacity);
        let heads = s.q.chunks_exact(head).zip(s.mixed.chunks_exact_mut(head));
        for ((query, mixed), from) in heads.zip((0..).step_by(head)) {
            s.scores.clear();
            s.scores.resize(self.values.len() / d, 0.0);
            for (q, keys) in query.iter().zip(keys.by_ref()) {
                add_scaled(&mut s.scores, q * scale, keys);
            }
            softmax(&mut s.scores);
            for (weight, value) in s.scores.iter().zip(self.values.chunks_exact(d)) {
                add_scaled(mixed, *weight, value.get(from..from + head).unwrap_or_default());
            }
        }
    }
}
