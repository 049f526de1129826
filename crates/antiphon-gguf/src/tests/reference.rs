//! The decoder once more: plain, slow, in full precision, from the tensors as candle reads them.

use std::collections::BTreeMap;

use candle_core::Device;

use super::tiny::{HEAD_DIM, HEADS, KV_HEADS, LAYERS, Tiny, WIDTH};

type Rows = Vec<Vec<f64>>;

/// The logits after the last of `tokens`.
pub(super) fn logits(model: &Tiny, tokens: &[u32], halves: bool) -> Vec<f64> {
    let tensors: BTreeMap<_, _> =
        model.tensors.iter().map(|(name, t)| (name.as_str(), t)).collect();
    let flat = |name: &str| -> Option<Vec<f64>> {
        let tensor = tensors.get(name)?.dequantize(&Device::Cpu).unwrap();
        let values: Vec<f32> = tensor.flatten_all().unwrap().to_vec1().unwrap();
        Some(values.into_iter().map(f64::from).collect())
    };
    let linear = |x: &Rows, name: &str| -> Rows {
        let weights = flat(&format!("{name}.weight")).unwrap();
        let bias = flat(&format!("{name}.bias"));
        let one = |x: &Vec<f64>| -> Vec<f64> {
            let rows = weights.chunks(x.len()).enumerate();
            rows.map(|(r, w)| dot(w, x) + bias.as_ref().map_or(0.0, |b| b[r])).collect()
        };
        x.iter().map(one).collect()
    };
    let embedding = flat("token_embd.weight").unwrap();
    let mut x: Rows =
        tokens.iter().map(|t| embedding[*t as usize * WIDTH..][..WIDTH].to_vec()).collect();
    for n in 0..LAYERS {
        let name = |part: &str| format!("blk.{n}.{part}");
        let h = norm(&x, &flat(&name("attn_norm.weight")).unwrap());
        let q = rotate(linear(&h, &name("attn_q")), halves);
        let k = rotate(linear(&h, &name("attn_k")), halves);
        let attended = attend(&q, &k, &linear(&h, &name("attn_v")));
        add(&mut x, &linear(&attended, &name("attn_output")));
        let h = norm(&x, &flat(&name("ffn_norm.weight")).unwrap());
        let mut gate = linear(&h, &name("ffn_gate"));
        for (gate, up) in gate.iter_mut().zip(linear(&h, &name("ffn_up"))) {
            gate.iter_mut().zip(up).for_each(|(g, u)| *g = *g / (1.0 + (-*g).exp()) * u);
        }
        add(&mut x, &linear(&gate, &name("ffn_down")));
    }
    let last = norm(&x[x.len() - 1..].to_vec(), &flat("output_norm.weight").unwrap());
    let untied = tensors.contains_key("output.weight");
    linear(&last, if untied { "output" } else { "token_embd" }).remove(0)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(x: &mut Rows, y: &Rows) {
    for (x, y) in x.iter_mut().zip(y) {
        x.iter_mut().zip(y).for_each(|(x, y)| *x += y);
    }
}

fn norm(x: &Rows, gain: &[f64]) -> Rows {
    let one = |x: &Vec<f64>| {
        let scale = 1.0 / (dot(x, x) / x.len() as f64 + 1e-5).sqrt();
        x.iter().zip(gain).map(|(x, g)| x * scale * g).collect()
    };
    x.iter().map(one).collect()
}

fn rotate(mut x: Rows, halves: bool) -> Rows {
    for (position, heads) in x.iter_mut().enumerate() {
        for head in heads.chunks_mut(HEAD_DIM) {
            for pair in 0..HEAD_DIM / 2 {
                let exponent = -2.0 * pair as f64 / HEAD_DIM as f64;
                let (sin, cos) = (position as f64 * 10_000_f64.powf(exponent)).sin_cos();
                let neighbours = (2 * pair, 2 * pair + 1);
                let (i, j) = if halves { (pair, pair + HEAD_DIM / 2) } else { neighbours };
                let (a, b) = (head[i], head[j]);
                (head[i], head[j]) = (a * cos - b * sin, a * sin + b * cos);
            }
        }
    }
    x
}

fn attend(q: &Rows, k: &Rows, v: &Rows) -> Rows {
    let one = |(position, q): (usize, &Vec<f64>)| {
        let head = |h: usize| {
            let (own, shared) = (h * HEAD_DIM, h / (HEADS / KV_HEADS) * HEAD_DIM);
            let query = &q[own..][..HEAD_DIM];
            let score = |k: &Vec<f64>| dot(query, &k[shared..][..HEAD_DIM]) / 8.0;
            let weights: Vec<f64> = k[..=position].iter().map(|k| score(k).exp()).collect();
            let total: f64 = weights.iter().sum();
            let value = move |d: usize| {
                let sum = weights.iter().zip(v).map(|(w, v)| w * v[shared + d]).sum::<f64>();
                sum / total
            };
            (0..HEAD_DIM).map(value)
        };
        (0..HEADS).flat_map(head).collect()
    };
    q.iter().enumerate().map(one).collect()
}
