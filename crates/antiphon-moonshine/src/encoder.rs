//! Raw audio to a sequence of vectors, about 41.7 a second: three convolutions, then transformer
//! layers.

use antiphon_core::Result;

use crate::{
    kernels::{Matrix8, Rows, multiply},
    math::{Rope, activate, add, gelu, layer_norm, moments, softmax, tanh},
    product::{View, product},
    weights::Weights,
};

/// Attention heads of every layer.
pub(crate) const HEADS: usize = 8;

/// Length and stride of the three convolutions.
pub(crate) const CONVOLUTIONS: [(usize, usize); 3] = [(127, 64), (7, 3), (3, 2)];

/// Samples below which the convolutions give nothing.
pub(crate) const MIN_SAMPLES: usize = {
    let [(l1, s1), (l2, s2), (l3, _)] = CONVOLUTIONS;
    ((l3 - 1) * s2 + l2 - 1) * s1 + l1
};

/// Queries whose scores are computed at a time: they stay in the second-level cache.
const QUERIES: usize = 64;

#[derive(Debug)]
pub(crate) struct Encoder {
    convolutions: [Matrix8; 3],
    biases: [Vec<f32>; 2],
    group_norm: (Vec<f32>, Vec<f32>),
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

impl Encoder {
    pub(crate) fn load(w: &mut Weights) -> Result<Self> {
        let d = w.len("enc.layer_norm.weight");
        if d == 0 || !d.is_multiple_of(2 * HEADS) {
            return Err(w.unfit("enc.layer_norm.weight", None));
        }
        let mut layers = Vec::new();
        while w.has(&format!("enc.layers.{}.mlp.fc1", layers.len())) {
            layers.push(Layer::load(w, layers.len(), d)?);
        }
        let [(l1, _), (l2, _), (l3, _)] = CONVOLUTIONS;
        let convolutions = [
            w.matrix("enc.conv1.weight", d, l1)?,
            w.matrix("enc.conv2.weight", 2 * d, l2 * d)?,
            w.matrix("enc.conv3.weight", d, l3 * 2 * d)?,
        ];
        let biases = [w.floats("enc.conv2.bias", 2 * d)?, w.floats("enc.conv3.bias", d)?];
        let gain = w.floats("enc.groupnorm.weight", d)?;
        let group_norm = (gain, w.floats("enc.groupnorm.bias", d)?);
        let norm = w.floats("enc.layer_norm.weight", d)?;
        Ok(Self { convolutions, biases, group_norm, layers, norm })
    }

    pub(crate) const fn width(&self) -> usize {
        self.norm.len()
    }

    /// Vectors of 16 kHz audio, one after the other, or `None` if cancelled between layers.
    pub(crate) fn run(
        &self,
        pcm: &[i16],
        rope: &Rope,
        cancel: &dyn Fn() -> bool,
    ) -> Option<Vec<f32>> {
        if cancel() {
            return None;
        }
        let mut scratch = Scratch::default();
        let mut x = self.embed(pcm, &mut scratch.rows);
        for layer in &self.layers {
            if cancel() {
                return None;
            }
            layer.run(&mut x, rope, &mut scratch);
        }
        layer_norm(&x, &self.norm, &mut scratch.normed);
        Some(scratch.normed)
    }

    fn embed(&self, pcm: &[i16], rows: &mut Rows) -> Vec<f32> {
        let d = self.width();
        let [conv1, conv2, conv3] = &self.convolutions;
        let [bias2, bias3] = &self.biases;
        let [(_, stride1), (_, stride2), (_, stride3)] = CONVOLUTIONS;
        let (mut x, mut y) = (Vec::new(), Vec::new());
        rows.set_samples(pcm, conv1.columns, stride1);
        multiply(conv1, rows, &mut x);
        x.iter_mut().for_each(|v| *v = tanh(*v));
        let (mean, scale) = moments(&x);
        let (gain, shift) = &self.group_norm;
        for row in x.chunks_exact_mut(d) {
            for ((v, g), s) in row.iter_mut().zip(gain).zip(shift) {
                *v = (*v - mean) * scale * g + s;
            }
        }
        rows.set_windows(&x, conv2.columns, stride2 * d);
        multiply(conv2, rows, &mut y);
        activate(&mut y, bias2, gelu);
        rows.set_windows(&y, conv3.columns, stride3 * 2 * d);
        multiply(conv3, rows, &mut x);
        activate(&mut x, bias3, gelu);
        x
    }
}

impl Layer {
    fn load(w: &mut Weights, n: usize, d: usize) -> Result<Self> {
        let name = |part: &str| format!("enc.layers.{n}.{part}");
        Ok(Self {
            norm1: w.floats(&name("input_layernorm.weight"), d)?,
            q: w.matrix(&name("self_attn.q_proj"), d, d)?,
            k: w.matrix(&name("self_attn.k_proj"), d, d)?,
            v: w.matrix(&name("self_attn.v_proj"), d, d)?,
            o: w.matrix(&name("self_attn.o_proj"), d, d)?,
            norm2: w.floats(&name("post_attention_layernorm.weight"), d)?,
            fc1: (w.matrix(&name("mlp.fc1"), 4 * d, d)?, w.floats(&name("mlp.fc1.bias"), 4 * d)?),
            fc2: (w.matrix(&name("mlp.fc2"), d, 4 * d)?, w.floats(&name("mlp.fc2.bias"), d)?),
        })
    }

    fn run(&self, x: &mut [f32], rope: &Rope, s: &mut Scratch) {
        let d = self.norm1.len();
        layer_norm(x, &self.norm1, &mut s.normed);
        s.rows.set(&s.normed, d);
        multiply(&self.q, &s.rows, &mut s.q);
        multiply(&self.k, &s.rows, &mut s.k);
        multiply(&self.v, &s.rows, &mut s.v);
        for vectors in [&mut s.q, &mut s.k] {
            for (position, vector) in vectors.chunks_exact_mut(d).enumerate() {
                rope.rotate(vector, position);
            }
        }
        attend(s, d);
        s.rows.set(&s.mixed, d);
        multiply(&self.o, &s.rows, &mut s.out);
        add(x, &s.out);

        layer_norm(x, &self.norm2, &mut s.normed);
        s.rows.set(&s.normed, d);
        multiply(&self.fc1.0, &s.rows, &mut s.inner);
        activate(&mut s.inner, &self.fc1.1, gelu);
        s.rows.set(&s.inner, self.fc2.0.columns);
        multiply(&self.fc2.0, &s.rows, &mut s.out);
        activate(&mut s.out, &self.fc2.1, |v| v);
        add(x, &s.out);
    }
}

/// Full attention of all positions to all positions, head by head, from `q`, `k` and `v` to
/// `mixed`.
fn attend(s: &mut Scratch, d: usize) {
    let (n, head) = (s.q.len() / d, d / HEADS);
    let scale = 1.0 / (head as f32).sqrt();
    s.mixed.resize(n * d, 0.0);
    for h in 0..HEADS {
        let from = h * head;
        let (Some(keys), Some(values)) = (s.k.get(from..), s.v.get(from..)) else { return };
        let keys = View { data: keys, row: 1, column: d };
        let values = View { data: values, row: d, column: 1 };
        for first in (0..n).step_by(QUERIES) {
            let count = QUERIES.min(n - first);
            let at = first * d + from;
            let (Some(queries), Some(out)) = (s.q.get(at..), s.mixed.get_mut(at..)) else { return };
            let queries = View { data: queries, row: d, column: 1 };
            s.scores.resize(count * n, 0.0);
            product((count, head, n), scale, queries, keys, &mut s.scores, n);
            s.scores.chunks_exact_mut(n).for_each(softmax);
            let weights = View { data: &s.scores, row: n, column: 1 };
            product((count, n, head), 1.0, weights, values, out, d);
        }
    }
}
