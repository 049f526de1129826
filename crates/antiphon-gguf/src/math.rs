//! The arithmetic between the matrix products: normalisation, rotation, attention, activation.
//!
//! Plain loops over slices in a fixed order, inlined into their callers so that
//! [`Isa::run`](crate::kernels::Isa::run) can compile them for wider registers.

use std::f32::consts::LOG2_E;

use crate::config::Rope;

/// Sums run in so many lanes; the order is the same with any register width.
const LANES: usize = 8;

/// Σ a·b.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

/// a += b.
#[inline(always)]
pub(crate) fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Root-mean-square normalisation (Zhang, Sennrich 2019) of each position of `x`: values x gain.
#[inline(always)]
pub(crate) fn rms_norm(x: &[f32], gain: &[f32], epsilon: f32, out: &mut Vec<f32>) {
    out.clear();
    for position in x.chunks_exact(gain.len().max(1)) {
        let mean = dot(position, position) / gain.len() as f32;
        let scale = 1.0 / (mean + epsilon).sqrt();
        out.extend(position.iter().zip(gain).map(|(x, g)| x * scale * g));
    }
}

/// The gated activation of the feed-forward part: `gate` becomes silu(gate) · up.
#[inline(always)]
pub(crate) fn silu_gate(gate: &mut [f32], up: &[f32]) {
    for (gate, up) in gate.iter_mut().zip(up) {
        *gate = *gate / (1.0 + exp(-*gate)) * up;
    }
}

/// Rotary position embedding (Su et al. 2021) of the heads of one position. `turns` holds the
/// cosine and sine of each pair of a head.
pub(crate) fn rotate(heads: &mut [f32], turns: &[(f32, f32)], rope: Rope) {
    let turn = |a: &mut f32, b: &mut f32, (cos, sin): (f32, f32)| {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    };
    for head in heads.chunks_exact_mut((turns.len() * 2).max(1)) {
        match rope {
            Rope::Neighbours => {
                let pairs = head.as_chunks_mut().0.iter_mut();
                pairs.zip(turns).for_each(|([a, b], by)| turn(a, b, *by));
            }
            Rope::Halves => {
                let (a, b) = head.split_at_mut(turns.len());
                a.iter_mut().zip(b).zip(turns).for_each(|((a, b), by)| turn(a, b, *by));
            }
        }
    }
}

/// Cosine and sine of each pair's angle at `position`.
pub(crate) fn turns(position: usize, head_dim: usize, base: f32) -> Vec<(f32, f32)> {
    let angle = |pair: usize| {
        let frequency = f64::from(base).powf(-2.0 * pair as f64 / head_dim as f64);
        position as f64 * frequency
    };
    (0..head_dim / 2).map(angle).map(|a| (a.cos() as f32, a.sin() as f32)).collect()
}

/// Scaled dot-product attention (Vaswani et al. 2017) of one query. `keys` and `values` come in
/// pages of positions x values of a head; the result is written to `out`.
#[inline(always)]
pub(crate) fn attend<'a>(
    query: &[f32],
    keys: impl Iterator<Item = &'a [f32]>,
    values: impl Iterator<Item = &'a [f32]>,
    scores: &mut Vec<f32>,
    out: &mut [f32],
) {
    let (head_dim, scale) = (query.len().max(1), 1.0 / (query.len() as f32).sqrt());
    scores.clear();
    for page in keys {
        scores.extend(page.chunks_exact(head_dim).map(|key| dot(query, key) * scale));
    }
    softmax(scores);
    out.fill(0.0);
    let mut left = scores.as_slice();
    for page in values {
        let (here, rest) = left.split_at(left.len().min(page.len() / head_dim));
        for (value, score) in page.chunks_exact(head_dim).zip(here) {
            for (out, value) in out.iter_mut().zip(value) {
                *out += score * value;
            }
        }
        left = rest;
    }
}

#[inline(always)]
fn softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    scores.iter_mut().for_each(|s| *s = exp(*s - max));
    let total: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|s| *s /= total);
}

/// e to the power of `x`, to about one part in four million; `x` is held to ±87, where `f32`
/// ends. Unlike the library's function it compiles to vector instructions, and is the same on
/// every platform: 2ⁿ by its bits, times the series of the rest.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    /// 1.5 · 2²³: adding it rounds to a whole number and leaves that in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 87.0);
    let rounded = x * LOG2_E + ROUND;
    let n = (rounded.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32);
    // ln 2 in two parts, the first with few enough bits for an exact product.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -0.000_212_194_44;
    let whole = rounded - ROUND;
    let r = x - whole * LN_2_HIGH - whole * LN_2_LOW;
    let series = 1.0 / 720.0;
    let series = series * r + 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r + 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r + 1.0;
    let series = series * r + 1.0;
    series * f32::from_bits(((n + 127) as u32) << 23)
}
