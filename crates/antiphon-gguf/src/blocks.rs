//! The block formats of quantised tensors in GGUF files, as runs of 32 weights.
//!
//! Formats of four, five and eight bits are taken over value by value; others go through
//! floating point and are rounded to eight bits. The layouts are those of ggml's `ggml-common.h`.
//! It deliberately knows nothing of files and names.

#![expect(clippy::indexing_slicing, reason = "every index is bounded by its block's size")]

use candle_core::quantized::GgmlDType;
use half::f16;

use crate::{
    matrix::{Bits, Matrix},
    tile::{BLOCK, Run},
};

/// A format whose values are kept as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    pub(crate) bits: Bits,
    /// Bytes of a block.
    bytes: usize,
    /// Weights of a block.
    weights: usize,
    decode: fn(&[u8], &mut Vec<Run>),
}

impl Format {
    /// The format of `dtype`, if its values can be kept.
    pub(crate) fn of(dtype: GgmlDType) -> Option<Self> {
        let format = |bits, decode, weights| {
            let bytes = dtype.type_size();
            Some(Self { bits, bytes, weights, decode })
        };
        match dtype {
            GgmlDType::Q4_0 => format(Bits::Four, q4_0, BLOCK),
            GgmlDType::Q4_1 => format(Bits::Four, q4_1, BLOCK),
            GgmlDType::Q5_0 => format(Bits::Five, q5_0, BLOCK),
            GgmlDType::Q5_1 => format(Bits::Five, q5_1, BLOCK),
            GgmlDType::Q8_0 => format(Bits::Eight, q8_0, BLOCK),
            GgmlDType::Q4K => format(Bits::Four, q4_k, SUPER),
            GgmlDType::Q5K => format(Bits::Five, q5_k, SUPER),
            GgmlDType::F32
            | GgmlDType::F16
            | GgmlDType::BF16
            | GgmlDType::Q8_1
            | GgmlDType::Q2K
            | GgmlDType::Q3K
            | GgmlDType::Q6K
            | GgmlDType::Q8K => None,
        }
    }

    /// The matrix that `data` holds; `None` if it has another length than `shape` needs, or rows
    /// that are no whole number of blocks.
    pub(crate) fn matrix(self, data: &[u8], shape: [usize; 2]) -> Option<Matrix> {
        let [rows, columns] = shape;
        let row_bytes = columns / self.weights * self.bytes;
        if !columns.is_multiple_of(self.weights) || row_bytes * rows != data.len() {
            return None;
        }
        Some(Matrix::pack(self.bits, shape, |row| {
            let mut runs = Vec::with_capacity(columns / BLOCK);
            let blocks = data[row * row_bytes..][..row_bytes].chunks_exact(self.bytes);
            blocks.for_each(|block| (self.decode)(block, &mut runs));
            runs
        }))
    }
}

/// The matrix of these weights in eight bits; `None` if `shape` does not fit.
pub(crate) fn rounded(weights: &[f32], shape: [usize; 2]) -> Option<Matrix> {
    let [rows, columns] = shape;
    if !columns.is_multiple_of(BLOCK) || rows * columns != weights.len() {
        return None;
    }
    let run = |weights: &[f32; BLOCK]| {
        let peak = weights.iter().fold(0.0_f32, |peak, w| peak.max(w.abs()));
        // The scale is rounded first: the values are then right for what is stored.
        let scale = f16::from_f32(peak / 127.0).to_f32();
        let steps = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        let values = weights.map(|w| (w * steps).round().clamp(-127.0, 127.0) as i8);
        Run { scale, min: 0.0, values }
    };
    Some(Matrix::pack(Bits::Eight, shape, |row| {
        weights[row * columns..][..columns].as_chunks().0.iter().map(run).collect()
    }))
}

/// Weights of a block of a format with blocks of blocks.
const SUPER: usize = 256;

fn half(bytes: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([bytes[at], bytes[at + 1]]).to_f32()
}

/// The low halves of 16 bytes, then their high halves.
fn nibbles(bytes: &[u8]) -> [i8; BLOCK] {
    let half = BLOCK / 2;
    std::array::from_fn(|n| (if n < half { bytes[n] & 15 } else { bytes[n - half] >> 4 }) as i8)
}

/// [`nibbles`] with a fifth bit from four bytes.
fn fives(bytes: &[u8], high: &[u8]) -> [i8; BLOCK] {
    let low = nibbles(bytes);
    std::array::from_fn(|n| low[n] | ((high[n / 8] >> (n % 8) & 1) << 4) as i8)
}

fn q4_0(block: &[u8], runs: &mut Vec<Run>) {
    let scale = half(block, 0);
    runs.push(Run { scale, min: -8.0 * scale, values: nibbles(&block[2..]) });
}

fn q4_1(block: &[u8], runs: &mut Vec<Run>) {
    let (scale, min) = (half(block, 0), half(block, 2));
    runs.push(Run { scale, min, values: nibbles(&block[4..]) });
}

fn q5_0(block: &[u8], runs: &mut Vec<Run>) {
    let scale = half(block, 0);
    runs.push(Run { scale, min: -16.0 * scale, values: fives(&block[6..], &block[2..6]) });
}

fn q5_1(block: &[u8], runs: &mut Vec<Run>) {
    let (scale, min) = (half(block, 0), half(block, 2));
    runs.push(Run { scale, min, values: fives(&block[8..], &block[4..8]) });
}

fn q8_0(block: &[u8], runs: &mut Vec<Run>) {
    let values = std::array::from_fn(|n| block[2 + n] as i8);
    runs.push(Run { scale: half(block, 0), min: 0.0, values });
}

fn q4_k(block: &[u8], runs: &mut Vec<Run>) {
    let low = &block[16..];
    runs.extend((0..8).map(|n| {
        let (scale, min) = scale_and_min(block, n);
        Run { scale, min, values: std::array::from_fn(|k| nibble_of_pair(low, n, k)) }
    }));
}

fn q5_k(block: &[u8], runs: &mut Vec<Run>) {
    let (high, low) = (&block[16..48], &block[48..]);
    runs.extend((0..8).map(|n| {
        let (scale, min) = scale_and_min(block, n);
        let value = |k: usize| nibble_of_pair(low, n, k) | ((high[k] >> n & 1) << 4) as i8;
        Run { scale, min, values: std::array::from_fn(value) }
    }));
}

/// Value `k` of run `n`: two runs share 32 bytes, the even one in their low halves.
fn nibble_of_pair(low: &[u8], n: usize, k: usize) -> i8 {
    (low[n / 2 * BLOCK + k] >> (n % 2 * 4) & 15) as i8
}

/// The scale and the minimum of run `n`: six bits each in twelve bytes, times a common factor.
fn scale_and_min(block: &[u8], n: usize) -> (f32, f32) {
    let packed = &block[4..16];
    let (scale, min) = if n < 4 {
        (packed[n] & 63, packed[n + 4] & 63)
    } else {
        let top = |byte: u8| byte >> 6 << 4;
        (packed[n + 4] & 15 | top(packed[n - 4]), packed[n + 4] >> 4 | top(packed[n]))
    };
    (half(block, 0) * f32::from(scale), -half(block, 2) * f32::from(min))
}
