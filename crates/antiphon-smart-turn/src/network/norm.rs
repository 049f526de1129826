//! Functions of floating-point rows: layer normalisation, softmax, GELU.

use crate::network::weights::{Mismatch, Weights};

/// Layer normalisation with gain and bias.
pub(crate) struct Norm {
    gain: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    pub(crate) fn load(weights: &Weights, name: &str, width: usize) -> Result<Self, Mismatch> {
        Ok(Self {
            gain: weights.floats(&format!("{name}.weight"), width)?,
            bias: weights.floats(&format!("{name}.bias"), width)?,
        })
    }

    /// The normalised values of a row.
    #[inline(always)]
    pub(crate) fn apply(&self, row: &[f32]) -> impl Iterator<Item = f32> {
        let width = row.len() as f32;
        let mean = sum(row, |x| x) / width;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
        // PyTorch's default epsilon, which the file repeats.
        let scale = (variance + 1e-5).sqrt().recip();
        let normal = move |x: &f32| (x - mean) * scale;
        row.iter()
            .map(normal)
            .zip(&self.gain)
            .zip(&self.bias)
            .map(|((x, gain), bias)| x * gain + bias)
    }
}

/// Sum of `of(x)`, in eight strands that can be added at once.
pub(crate) fn sum(row: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut strands = [0.0; 8];
    let (chunks, rest) = row.as_chunks::<8>();
    for chunk in chunks {
        for (strand, &x) in strands.iter_mut().zip(chunk) {
            *strand += of(x);
        }
    }
    strands.iter().sum::<f32>() + rest.iter().map(|&x| of(x)).sum::<f32>()
}

/// Turns a row of logits into probabilities.
pub(crate) fn softmax(row: &mut [f32]) {
    let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for x in &mut *row {
        *x = (*x - largest).exp();
    }
    let total = sum(row, |x| x);
    for x in row {
        *x /= total;
    }
}

/// The Gaussian error linear unit, exact form.
pub(crate) fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))) as f32
}

/// The error function, to 1.5e-7 (Abramowitz, Stegun 1964, 7.1.26).
fn erf(x: f64) -> f64 {
    const TERMS: [f64; 5] =
        [0.254_829_592, -0.284_496_736, 1.421_413_741, -1.453_152_027, 1.061_405_429];
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let polynomial = TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    (1.0 - polynomial * (-x * x).exp()).copysign(x)
}
