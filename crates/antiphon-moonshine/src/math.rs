//! The functions between the matrix products.

/// Layer normalisation of each row of `d` values, without bias (ε = 1e-5).
pub(crate) fn layer_norm(x: &[f32], d: usize, gain: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(x.len());
    for row in x.chunks_exact(d) {
        let (mean, scale) = moments(row);
        out.extend(row.iter().zip(gain).map(|(v, g)| (v - mean) * scale * g));
    }
    out
}

/// Mean, and the reciprocal of the standard deviation.
pub(crate) fn moments(x: &[f32]) -> (f32, f32) {
    let n = x.len().max(1) as f32;
    let mean = x.iter().sum::<f32>() / n;
    let variance = x.iter().map(|v| (v - mean) * (v - mean)).sum::<f32>() / n;
    (mean, 1.0 / (variance + 1e-5).sqrt())
}

/// Gaussian error linear unit. erf by Abramowitz and Stegun 7.1.26, |error| < 1.5e-7.
pub(crate) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let poly = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_74) * t + 0.254_829_6) * t;
    let erf = 1.0 - poly * (-z * z).exp();
    0.5 * x * (1.0 + erf.copysign(x))
}

/// Sigmoid linear unit.
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// Turns scores into weights that sum to 1.
pub(crate) fn softmax(scores: &mut [f32]) {
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

/// Adds `b` to `a`.
pub(crate) fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Rotary position embedding (Su et al. 2021) on interleaved pairs of the first 32 dimensions of
/// each head, base 10000, with its angles computed once.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    /// For each position 16 pairs of cosine and sine.
    table: Vec<(f32, f32)>,
    head: usize,
}

const ROTATED_PAIRS: usize = 16;

impl Rope {
    pub(crate) fn new(head: usize, positions: usize) -> Self {
        let angle = |p: usize, i: usize| {
            let speed = 10_000f64.powf(i as f64 / ROTATED_PAIRS as f64);
            let (sin, cos) = (p as f64 / speed).sin_cos();
            (cos as f32, sin as f32)
        };
        let table = (0..positions).flat_map(|p| (0..ROTATED_PAIRS).map(move |i| angle(p, i)));
        Self { table: table.collect(), head }
    }

    /// Rotates the heads of one position's vector.
    pub(crate) fn rotate(&self, vector: &mut [f32], position: usize) {
        let angles = self.table.chunks_exact(ROTATED_PAIRS).nth(position).unwrap_or_default();
        for head in vector.chunks_exact_mut(self.head) {
            for (pair, (cos, sin)) in head.chunks_exact_mut(2).zip(angles) {
                if let [a, b] = pair {
                    (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
                }
            }
        }
    }
}
