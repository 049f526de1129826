//! The transformer: tokens in, logits for the next token out.

use crate::{
    cache::Cache,
    file::{Layer, Linear, RopeLayout, Shape, Weights},
    kernels::{Blocks, product},
};

/// Scratch of one forward pass, kept between passes.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    quantised: Blocks,
    scores: Vec<f32>,
}

impl Linear {
    /// Rows of `x` times the matrix, plus the bias.
    fn run(&self, x: &[f32], scratch: &mut Blocks) -> Vec<f32> {
        scratch.columns = self.weight.columns;
        scratch.refill(x);
        let rows = self.weight.rows();
        let mut out = vec![0.0; scratch.rows() * rows];
        product(&self.weight, scratch, &mut out);
        if !self.bias.is_empty() {
            for row in out.chunks_exact_mut(rows) {
                add(row, &self.bias);
            }
        }
        out
    }
}

/// Runs `tokens` after what `cache` holds, and adds them to it. Gives the logits after the last.
pub(crate) fn forward(w: &Weights, cache: &mut Cache, tokens: &[u32], s: &mut Scratch) -> Vec<f32> {
    let from = cache.len();
    let mut x: Vec<f32> = tokens.iter().flat_map(|t| w.embed.row(*t as usize)).collect();
    for (layer, kv) in w.layers.iter().zip(&mut cache.layers) {
        run_layer(layer, &w.shape, &mut x, kv, from, s);
    }
    cache.tokens.extend_from_slice(tokens);
    let last = x.rchunks_exact(w.shape.width).next().unwrap_or_default();
    let h = rms_norm(last, w.shape.width, &w.norm, w.shape.epsilon);
    let head = w.output.as_ref().unwrap_or(&w.embed);
    s.quantised.columns = head.columns;
    s.quantised.refill(&h);
    let mut logits = vec![0.0; head.rows()];
    product(head, &s.quantised, &mut logits);
    logits
}

fn run_layer(
    layer: &Layer,
    shape: &Shape,
    x: &mut [f32],
    kv: &mut (Vec<f32>, Vec<f32>),
    from: usize,
    s: &mut Scratch,
) {
    let h = rms_norm(x, shape.width, &layer.norm1, shape.epsilon);
    let mut q = layer.q.run(&h, &mut s.quantised);
    let mut k = layer.k.run(&h, &mut s.quantised);
    let v = layer.v.run(&h, &mut s.quantised);
    rotate(&mut q, shape.heads, shape, from);
    rotate(&mut k, shape.kv_heads, shape, from);
    kv.0.extend_from_slice(&k);
    kv.1.extend_from_slice(&v);
    let attended = attend(&q, kv, shape, from, &mut s.scores);
    add(x, &layer.o.run(&attended, &mut s.quantised));

    let h = rms_norm(x, shape.width, &layer.norm2, shape.epsilon);
    let mut gate = layer.gate.run(&h, &mut s.quantised);
    let up = layer.up.run(&h, &mut s.quantised);
    for (g, u) in gate.iter_mut().zip(&up) {
        *g = *g / (1.0 + (-*g).exp()) * u;
    }
    add(x, &layer.down.run(&gate, &mut s.quantised));
}

/// Root-mean-square normalisation of each row of `width` values (Zhang, Sennrich 2019).
fn rms_norm(x: &[f32], width: usize, gain: &[f32], epsilon: f32) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(width) {
        let mean = row.iter().map(|v| v * v).sum::<f32>() / width as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        out.extend(row.iter().zip(gain).map(|(v, g)| v * scale * g));
    }
    out
}

fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Rotary position embedding (Su et al. 2021) of the heads of consecutive positions.
fn rotate(x: &mut [f32], heads: usize, shape: &Shape, from: usize) {
    let half = shape.head / 2;
    for (n, row) in x.chunks_exact_mut(heads * shape.head).enumerate() {
        let position = (from + n) as f32;
        let angle = |i: usize| {
            let speed = shape.rope_base.powf(-(i as f32) / half as f32);
            (position * speed).sin_cos()
        };
        let angles: Vec<(f32, f32)> = (0..half).map(angle).collect();
        for head in row.chunks_exact_mut(shape.head) {
            match shape.rope {
                RopeLayout::Interleaved => {
                    for (pair, (sin, cos)) in head.chunks_exact_mut(2).zip(&angles) {
                        if let [a, b] = pair {
                            (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                        }
                    }
                }
                RopeLayout::Halves => {
                    let (low, high) = head.split_at_mut(half);
                    for ((a, b), (sin, cos)) in low.iter_mut().zip(high).zip(&angles) {
                        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                    }
                }
            }
        }
    }
}

/// Causal attention with grouped keys: several query heads share one of keys and values.
fn attend(
    q: &[f32],
    (keys, values): &(Vec<f32>, Vec<f32>),
    shape: &Shape,
    from: usize,
    scores: &mut Vec<f32>,
) -> Vec<f32> {
    let (head, width) = (shape.head, shape.kv_heads * shape.head);
    let group = shape.heads / shape.kv_heads;
    let scale = 1.0 / (head as f32).sqrt();
    let mut out = vec![0.0; q.len()];
    let rows = q.chunks_exact(shape.heads * head).zip(out.chunks_exact_mut(shape.heads * head));
    for (n, (row, out)) in rows.enumerate() {
        let seen = from + n + 1;
        for (h, (query, out)) in row.chunks_exact(head).zip(out.chunks_exact_mut(head)).enumerate()
        {
            let part = h / group * head..h / group * head + head;
            scores.clear();
            scores.extend(keys.chunks_exact(width).take(seen).map(|key| {
                let key = key.get(part.clone()).unwrap_or_default();
                scale * query.iter().zip(key).map(|(a, b)| a * b).sum::<f32>()
            }));
            softmax(scores);
            for (weight, value) in scores.iter().zip(values.chunks_exact(width)) {
                let value = value.get(part.clone()).unwrap_or_default();
                for (o, v) in out.iter_mut().zip(value) {
                    *o += weight * v;
                }
            }
        }
    }
    out
}

fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::MIN, f32::max);
    let mut sum = 0.0;
    for s in scores.iter_mut() {
        *s = (*s - max).exp();
        sum += *s;
    }
    for s in scores.iter_mut() {
        *s /= sum;
    }
}
