//! Raw audio to a sequence of vectors, about 41.7 a second: three convolutions, then transformer
//! layers.

use antiphon_core::Result;

use crate::{
    kernels::{View, linear, product},
    math::{Rope, add, gelu, layer_norm, moments, softmax},
    weights::Weights,
};

/// Attention heads of every layer.
pub(crate) const HEADS: usize = 8;

/// Length and stride of the three convolutions.
const CONV1: (usize, usize) = (127, 64);
const CONV2: (usize, usize) = (7, 3);
const CONV3: (usize, usize) = (3, 2);

/// Samples below which the convolutions give nothing.
pub(crate) const MIN_SAMPLES: usize = 1_600;

#[derive(Debug)]
pub(crate) struct Encoder {
    width: usize,
    conv1: Vec<f32>,
    conv2: (Vec<f32>, Vec<f32>),
    conv3: (Vec<f32>, Vec<f32>),
    group_norm: (Vec<f32>, Vec<f32>),
    layers: Vec<Layer>,
    norm: Vec<f32>,
}

#[derive(Debug)]
struct Layer {
    norm1: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    o: Vec<f32>,
    norm2: Vec<f32>,
    fc1: (Vec<f32>, Vec<f32>),
    fc2: (Vec<f32>, Vec<f32>),
}

impl Encoder {
    pub(crate) fn load(w: &mut Weights) -> Result<Self> {
        let norm = w.floats("enc.layer_norm.weight")?;
        let mut layers = Vec::new();
        while w.has(&format!("enc.layers.{}.mlp.fc1", layers.len())) {
            layers.push(Layer::load(w, layers.len())?);
        }
        let mut biased = |conv: &str| {
            Ok((w.floats(&format!("enc.{conv}.weight"))?, w.floats(&format!("enc.{conv}.bias"))?))
        };
        let (conv2, conv3) = (biased("conv2")?, biased("conv3")?);
        Ok(Self {
            width: norm.len(),
            conv1: w.floats("enc.conv1.weight")?,
            conv2,
            conv3,
            group_norm: (w.floats("enc.groupnorm.weight")?, w.floats("enc.groupnorm.bias")?),
            layers,
            norm,
        })
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// Vectors of the audio, one after the other, or `None` if cancelled between layers.
    /// `pcm` holds at least [`MIN_SAMPLES`] samples at 16 kHz, −1.0 to 1.0.
    pub(crate) fn run(&self, pcm: &[f32], rope: &Rope, cancel: &dyn Fn() -> bool) -> Option<Vec<f32>> {
        let mut x = self.embed(pcm);
        for layer in &self.layers {
            if cancel() {
                return None;
            }
            layer.run(&mut x, self.width, rope);
        }
        Some(layer_norm(&x, self.width, &self.norm))
    }

    fn embed(&self, pcm: &[f32]) -> Vec<f32> {
        let d = self.width;
        let mut x = convolve(pcm, 1, CONV1, &self.conv1);
        x.iter_mut().for_each(|v| *v = v.tanh());
        let (mean, scale) = moments(&x);
        let (gain, shift) = &self.group_norm;
        for row in x.chunks_exact_mut(d) {
            for ((v, g), s) in row.iter_mut().zip(gain).zip(shift) {
                *v = (*v - mean) * scale * g + s;
            }
        }
        let mut x = convolve(&x, d, CONV2, &self.conv2.0);
        activate(&mut x, &self.conv2.1);
        let mut x = convolve(&x, 2 * d, CONV3, &self.conv3.0);
        activate(&mut x, &self.conv3.1);
        x
    }
}

/// Adds the bias to each row, then GELU.
fn activate(x: &mut [f32], bias: &[f32]) {
    for row in x.chunks_exact_mut(bias.len()) {
        for (v, b) in row.iter_mut().zip(bias) {
            *v = gelu(*v + b);
        }
    }
}

/// `x` is time × channels, `w` is out × channels × length; the result is time × out.
fn convolve(x: &[f32], channels: usize, (length, stride): (usize, usize), w: &[f32]) -> Vec<f32> {
    let n = x.len() / channels;
    let steps = if n < length { 0 } else { (n - length) / stride + 1 };
    let inner = channels * length;
    let mut columns = vec![0.0; steps * inner];
    for (step, column) in columns.chunks_exact_mut(inner).enumerate() {
        let from = step * stride * channels;
        let window = x.get(from..from + inner).unwrap_or_default();
        for (t, frame) in window.chunks_exact(channels).enumerate() {
            for (c, v) in frame.iter().enumerate() {
                if let Some(slot) = column.get_mut(c * length + t) {
                    *slot = *v;
                }
            }
        }
    }
    linear(&columns, w, inner)
}

impl Layer {
    fn load(w: &mut Weights, n: usize) -> Result<Self> {
        let mut take = |name: &str| w.floats(&format!("enc.layers.{n}.{name}"));
        Ok(Self {
            norm1: take("input_layernorm.weight")?,
            q: take("self_attn.q_proj")?,
            k: take("self_attn.k_proj")?,
            v: take("self_attn.v_proj")?,
            o: take("self_attn.o_proj")?,
            norm2: take("post_attention_layernorm.weight")?,
            fc1: (take("mlp.fc1")?, take("mlp.fc1.bias")?),
            fc2: (take("mlp.fc2")?, take("mlp.fc2.bias")?),
        })
    }

    fn run(&self, x: &mut [f32], d: usize, rope: &Rope) {
        let h = layer_norm(x, d, &self.norm1);
        let (mut q, mut k, v) = (linear(&h, &self.q, d), linear(&h, &self.k, d), linear(&h, &self.v, d));
        for vectors in [&mut q, &mut k] {
            for (position, vector) in vectors.chunks_exact_mut(d).enumerate() {
                rope.rotate(vector, position);
            }
        }
        add(x, &linear(&attend(&q, &k, &v, d), &self.o, d));
        let h = layer_norm(x, d, &self.norm2);
        let mut inner = linear(&h, &self.fc1.0, d);
        activate(&mut inner, &self.fc1.1);
        add(x, &linear(&inner, &self.fc2.0, self.fc1.1.len()));
        for row in x.chunks_exact_mut(d) {
            add(row, &self.fc2.1);
        }
    }
}

/// Full attention of all positions to all positions, head by head.
fn attend(q: &[f32], k: &[f32], v: &[f32], d: usize) -> Vec<f32> {
    let (n, head) = (q.len() / d, d / HEADS);
    let scale = 1.0 / (head as f32).sqrt();
    let mut out = vec![0.0; n * d];
    let mut scores = vec![0.0; n * n];
    for h in 0..HEADS {
        let from = h * head;
        let (qh, kh, vh) = (q.get(from..), k.get(from..), v.get(from..));
        let (Some(qh), Some(kh), Some(vh), Some(oh)) = (qh, kh, vh, out.get_mut(from..)) else { break };
        let queries = View { data: qh, row: d, column: 1 };
        let keys = View { data: kh, row: 1, column: d };
        product((n, head, n), scale, queries, keys, &mut scores, n);
        scores.chunks_exact_mut(n).for_each(softmax);
        let weights = View { data: &scores, row: n, column: 1 };
        let values = View { data: vh, row: d, column: 1 };
        product((n, n, head), 1.0, weights, values, oh, d);
    }
    out
}
