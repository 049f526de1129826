//! The encoder's vectors to text tokens, one at a time, greedily.

use antiphon_core::Result;

use crate::{
    encoder::HEADS,
    kernels::{linear, matvec},
    math::{Rope, add, layer_norm, silu, softmax},
    weights::{Matrix8, Weights},
};

/// Marks the beginning and the end of a text.
const BEGIN: u32 = 1;
const END: u32 = 2;

/// The same four tokens so often in a row mean that the model is stuck.
const MAX_REPEATS: usize = 3;
const REPEAT_LEN: usize = 4;

#[derive(Debug)]
pub(crate) struct Decoder {
    width: usize,
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
    cross_k: Vec<f32>,
    cross_v: Vec<f32>,
    cross_o: Matrix8,
    norm3: Vec<f32>,
    fc1: (Matrix8, Vec<f32>),
    fc2: (Matrix8, Vec<f32>),
}

/// Keys and values of one attention, position after position.
#[derive(Debug, Default)]
struct Cache {
    k: Vec<f32>,
    v: Vec<f32>,
}

/// Scratch vectors of one run.
struct Scratch {
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    y: Vec<f32>,
    inner: Vec<f32>,
    logits: Vec<f32>,
}

impl Decoder {
    pub(crate) fn load(w: &mut Weights) -> Result<Self> {
        let norm = w.floats("dec.norm.weight")?;
        let embed = w.matrix("dec.embed")?;
        let mut layers = Vec::new();
        while w.has(&format!("dec.layers.{}.mlp.fc1", layers.len())) {
            layers.push(Layer::load(w, layers.len())?);
        }
        Ok(Self { width: norm.len(), embed, layers, norm })
    }

    /// At most `max_tokens` tokens for the encoder's vectors, or `None` if cancelled between two.
    pub(crate) fn run(
        &self,
        audio: &[f32],
        max_tokens: usize,
        rope: &Rope,
        cancel: &dyn Fn() -> bool,
    ) -> Option<Vec<u32>> {
        let d = self.width;
        let mut cross = Vec::new();
        for layer in &self.layers {
            if cancel() {
                return None;
            }
            let (k, v) = (linear(audio, &layer.cross_k, d), linear(audio, &layer.cross_v, d));
            cross.push(Cache { k, v });
        }
        let mut own: Vec<Cache> = self.layers.iter().map(|_| Cache::default()).collect();
        let mut scratch = Scratch::new(self);
        let (mut tokens, mut token) = (Vec::new(), BEGIN);
        for position in 0..max_tokens {
            if cancel() {
                return None;
            }
            let mut x = self.embedding(token);
            for ((layer, own), cross) in self.layers.iter().zip(&mut own).zip(&cross) {
                layer.run(&mut x, (own, cross), (rope, position), &mut scratch);
            }
            let h = layer_norm(&x, d, &self.norm);
            matvec(&self.embed, &h, &mut scratch.logits);
            token = best(&scratch.logits);
            if token == END || is_stuck(&tokens) {
                break;
            }
            tokens.push(token);
        }
        Some(tokens)
    }

    fn embedding(&self, token: u32) -> Vec<f32> {
        let row = self.embed.data.chunks_exact(self.width).nth(token as usize).unwrap_or_default();
        row.iter().map(|q| f32::from(*q) * self.embed.scale + self.embed.offset).collect()
    }
}

fn best(logits: &[f32]) -> u32 {
    let best = logits.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    best.and_then(|(i, _)| u32::try_from(i).ok()).unwrap_or(END)
}

fn is_stuck(tokens: &[u32]) -> bool {
    let mut last = tokens.rchunks_exact(REPEAT_LEN).take(MAX_REPEATS + 1);
    let Some(newest) = last.next() else { return false };
    last.filter(|c| *c == newest).count() == MAX_REPEATS
}

impl Scratch {
    fn new(decoder: &Decoder) -> Self {
        let zeros = || vec![0.0; decoder.width];
        let inner = decoder.layers.first().map_or(0, |l| l.fc1.1.len());
        let logits = vec![0.0; decoder.embed.data.len() / decoder.width.max(1)];
        Self { q: zeros(), k: zeros(), v: zeros(), y: zeros(), inner: vec![0.0; inner], logits }
    }
}

impl Layer {
    fn load(w: &mut Weights, n: usize) -> Result<Self> {
        let name = |part: &str| format!("dec.layers.{n}.{part}");
        Ok(Self {
            norm1: w.floats(&name("input_layernorm.weight"))?,
            q: w.matrix(&name("self_attn.q_proj"))?,
            k: w.matrix(&name("self_attn.k_proj"))?,
            v: w.matrix(&name("self_attn.v_proj"))?,
            o: w.matrix(&name("self_attn.o_proj"))?,
            norm2: w.floats(&name("post_attention_layernorm.weight"))?,
            cross_q: w.matrix(&name("encoder_attn.q_proj"))?,
            cross_k: w.floats(&name("encoder_attn.k_proj"))?,
            cross_v: w.floats(&name("encoder_attn.v_proj"))?,
            cross_o: w.matrix(&name("encoder_attn.o_proj"))?,
            norm3: w.floats(&name("final_layernorm.weight"))?,
            fc1: (w.matrix(&name("mlp.fc1"))?, w.floats(&name("mlp.fc1.bias"))?),
            fc2: (w.matrix(&name("mlp.fc2"))?, w.floats(&name("mlp.fc2.bias"))?),
        })
    }

    fn run(
        &self,
        x: &mut [f32],
        (own, cross): (&mut Cache, &Cache),
        (rope, position): (&Rope, usize),
        s: &mut Scratch,
    ) {
        let d = x.len();
        let h = layer_norm(x, d, &self.norm1);
        matvec(&self.q, &h, &mut s.q);
        matvec(&self.k, &h, &mut s.k);
        matvec(&self.v, &h, &mut s.v);
        rope.rotate(&mut s.q, position);
        rope.rotate(&mut s.k, position);
        own.k.extend_from_slice(&s.k);
        own.v.extend_from_slice(&s.v);
        matvec(&self.o, &attend(&s.q, own), &mut s.y);
        add(x, &s.y);

        let h = layer_norm(x, d, &self.norm2);
        matvec(&self.cross_q, &h, &mut s.q);
        matvec(&self.cross_o, &attend(&s.q, cross), &mut s.y);
        add(x, &s.y);

        let h = layer_norm(x, d, &self.norm3);
        matvec(&self.fc1.0, &h, &mut s.inner);
        add(&mut s.inner, &self.fc1.1);
        let (value, gate) = s.inner.split_at(s.inner.len() / 2);
        let gated: Vec<f32> = value.iter().zip(gate).map(|(v, g)| silu(*g) * v).collect();
        matvec(&self.fc2.0, &gated, &mut s.y);
        add(x, &s.y);
        add(x, &self.fc2.1);
    }
}

/// Attention of one query to all cached positions, head by head.
fn attend(q: &[f32], cache: &Cache) -> Vec<f32> {
    let d = q.len();
    let head = d / HEADS;
    let scale = 1.0 / (head as f32).sqrt();
    let mut out = vec![0.0; d];
    let part = |x: &[f32], from: usize| -> Vec<f32> { x.get(from..from + head).unwrap_or_default().to_vec() };
    for (h, out) in out.chunks_exact_mut(head).enumerate() {
        let from = h * head;
        let query = part(q, from);
        let dot = |key: &[f32]| {
            let key = key.get(from..from + head).unwrap_or_default();
            scale * query.iter().zip(key).map(|(a, b)| a * b).sum::<f32>()
        };
        let mut scores: Vec<f32> = cache.k.chunks_exact(d).map(dot).collect();
        softmax(&mut scores);
        for (weight, value) in scores.iter().zip(cache.v.chunks_exact(d)) {
            let value = value.get(from..from + head).unwrap_or_default();
            for (o, v) in out.iter_mut().zip(value) {
                *o += weight * v;
            }
        }
    }
    out
}
