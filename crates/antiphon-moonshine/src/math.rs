//! The functions between the matrix products, written so that compilers vectorise them.

/// Layer normalisation of each row of `d` values, without bias (ε = 1e-5).
pub(crate) fn layer_norm(x: &[f32], gain: &[f32], out: &mut Vec<f32>) {
    out.clear();
    for row in x.chunks_exact(gain.len()) {
        let (mean, scale) = moments(row);
        out.extend(row.iter().zip(gain).map(|(v, g)| (v - mean) * scale * g));
    }
}

/// Mean, and the reciprocal of the standard deviation.
pub(crate) fn moments(x: &[f32]) -> (f32, f32) {
    let n = x.len().max(1) as f32;
    let mean = sum(x, |v| v) / n;
    let variance = sum(x, |v| (v - mean) * (v - mean)) / n;
    (mean, 1.0 / (variance + 1e-5).sqrt())
}

/// Sum of `f` over `x`, in eight strands that can run side by side.
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (eights, rest) = x.as_chunks::<8>();
    let mut sums = [0.0f32; 8];
    for eight in eights {
        for (sum, v) in sums.iter_mut().zip(eight) {
            *sum += f(*v);
        }
    }
    sums.iter().sum::<f32>() + rest.iter().map(|v| f(*v)).sum::<f32>()
}

/// The greatest value, in eight strands as well.
pub(crate) fn max(x: &[f32]) -> f32 {
    let greater = |a: f32, b: f32| if b > a { b } else { a };
    let (eights, rest) = x.as_chunks::<8>();
    let mut maxima = [f32::NEG_INFINITY; 8];
    for eight in eights {
        for (max, v) in maxima.iter_mut().zip(eight) {
            *max = greater(*max, *v);
        }
    }
    maxima.iter().chain(rest).copied().fold(f32::NEG_INFINITY, greater)
}

/// e to the x with a relative error below 3e-7, for x from −87 to 88; beyond, as at the border.
pub(crate) fn exp(x: f32) -> f32 {
    /// Adding it rounds a small float to an integer, which its lowest bits then are.
    const ROUND: f32 = 12_582_912.0;
    /// ln 2 in two parts, the first with few bits so that its multiples are exact
    /// (Cody and Waite 1980).
    const LN2: (f32, f32) = (0.693_359_4, -2.121_944_4e-4);
    /// Taylor's coefficients from the sixth power down; enough for |r| ≤ ln 2 / 2.
    const POWERS: [f32; 7] = [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0];
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN2.0 - n * LN2.1;
    let mut power = 0.0;
    for p in POWERS {
        power = power * r + p;
    }
    power * f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Hyperbolic tangent.
pub(crate) fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (exp(2.0 * x) + 1.0)
}

/// Gaussian error linear unit. erf by Abramowitz and Stegun 7.1.26, |error| < 1.5e-7.
pub(crate) fn gelu(x: f32) -> f32 {
    /// Coefficients from the fifth power down.
    const POWERS: [f32; 5] = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6];
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut power = 0.0;
    for p in POWERS {
        power = (power + p) * t;
    }
    let erf = 1.0 - power * exp(-z * z);
    0.5 * (x + x.abs() * erf)
}

/// Sigmoid linear unit.
pub(crate) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// Turns scores into weights that sum to 1.
pub(crate) fn softmax(scores: &mut [f32]) {
    let max = max(scores);
    for s in scores.iter_mut() {
        *s = exp(*s - max);
    }
    let scale = 1.0 / sum(scores, |v| v);
    for s in scores.iter_mut() {
        *s *= scale;
    }
}

/// Adds `b` to `a`.
pub(crate) fn add(a: &mut [f32], b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += b;
    }
}

/// Adds `scale · b` to `a`.
pub(crate) fn add_scaled(a: &mut [f32], scale: f32, b: &[f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += scale * b;
    }
}

/// Adds the bias to each row, then applies `f`.
pub(crate) fn activate(x: &mut [f32], bias: &[f32], f: impl Fn(f32) -> f32) {
    for row in x.chunks_exact_mut(bias.len()) {
        for (v, b) in row.iter_mut().zip(bias) {
            *v = f(*v + b);
        }
    }
}

/// Rotary position embedding (Su et al. 2021) on interleaved pairs of the first 32 dimensions of
/// each head, base 10000, with its angles computed once.
#[derive(Clone, Debug)]
pub(crate) struct Rope {
    /// Cosine and sine of each pair, position after position.
    table: Vec<(f32, f32)>,
    head: usize,
}

const ROTATED_PAIRS: usize = 16;

impl Rope {
    /// For heads of `head` dimensions, and so many positions.
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
            for ([a, b], (cos, sin)) in head.as_chunks_mut::<2>().0.iter_mut().zip(angles) {
                (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
            }
        }
    }
}
