//! Weights in tiles of eight rows by 32 columns, laid out so that the eight lanes of a vector
//! register are eight rows: a tile times a block of activations needs no sum across lanes.
//!
//! It deliberately knows no file format and no instruction set; `kernels` computes the same sums
//! faster, to the bit.

#![expect(clippy::indexing_slicing, reason = "indices are bounded by the layout's constants")]

use std::array::from_fn;

use half::f16;

/// Columns that share a scale.
pub(crate) const BLOCK: usize = 32;

/// Rows of a tile.
pub(crate) const LANES: usize = 8;

/// Columns that are multiplied in one step: an instruction sums the products of four bytes.
const QUAD: usize = 4;

/// Half the quads of a block: two of them share their bytes in [`Packed`].
pub(crate) const PARTS: usize = BLOCK / QUAD / 2;

/// 32 weights of one row, each worth `scale * value + min`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) scale: f32,
    pub(crate) min: f32,
    /// 0 to 15 or 0 to 31 for [`Packed`] tiles, −127 to 127 for [`Bytes`].
    pub(crate) values: [i8; BLOCK],
}

impl Run {
    /// Weights that are all 0: what pads the last tile of a matrix.
    pub(crate) const ZERO: Self = Self { scale: 0.0, min: 0.0, values: [0; BLOCK] };

    /// The weights as numbers.
    pub(crate) fn weights(&self) -> [f32; BLOCK] {
        self.values.map(|v| self.scale * f32::from(v) + self.min)
    }
}

/// 32 activations of one position, each worth `scale * value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Block {
    /// Values from −127 to 127, four to a number, the first in the lowest byte.
    pub(crate) quads: [i32; BLOCK / QUAD],
    pub(crate) scale: f32,
    /// The sum of the activations, for weights with a minimum.
    pub(crate) sum: f32,
}

impl Block {
    /// Rounds to 255 steps between the block's extremes.
    #[inline(always)]
    pub(crate) fn quantise(activations: &[f32; BLOCK]) -> Self {
        let peak = activations.iter().fold(0.0_f32, |peak, a| peak.max(a.abs()));
        let steps = if peak > 0.0 { 127.0 / peak } else { 0.0 };
        let values = activations.map(|a| round(a * steps));
        let quads = from_fn(|q| i32::from_le_bytes(from_fn(|n| values[q * QUAD + n] as u8)));
        let scale = peak / 127.0;
        let total: i32 = values.iter().map(|v| i32::from(*v)).sum();
        Self { quads, scale, sum: scale * total as f32 }
    }

    fn value(&self, column: usize) -> i32 {
        i32::from(self.quads[column / QUAD].to_le_bytes()[column % QUAD] as i8)
    }
}

/// The nearest whole number of a value within ±127. Adding 1.5 · 2²³ leaves it in the lowest bits
/// of the mantissa, which is far cheaper than `round` where that is a function call.
#[inline(always)]
const fn round(value: f32) -> i8 {
    (value + 12_582_912.0).to_bits() as i8
}

/// What [`Matrix`](crate::matrix::Matrix) stores. The dot products of its rows with several
/// columns of activations are `out[column][row]`.
pub(crate) trait Tile: Sized {
    /// Joins a run of each of eight rows.
    fn pack(runs: &[Run; LANES]) -> Self;

    /// The run of one row.
    fn unpack(&self, lane: usize) -> Run;

    /// The weights and `min` of a row's run as a sum over activations: the reference of all
    /// faster ways to compute it.
    fn dot<const C: usize>(tiles: &[Self], columns: [&[Block]; C]) -> [[f32; LANES]; C] {
        let mut sums = [[0.0; LANES]; C];
        for (n, tile) in tiles.iter().enumerate() {
            for lane in 0..LANES {
                let run = tile.unpack(lane);
                for (sums, column) in sums.iter_mut().zip(columns) {
                    let block = &column[n];
                    let dot = |(k, v): (usize, &i8)| i32::from(*v) * block.value(k);
                    let dot: i32 = run.values.iter().enumerate().map(dot).sum();
                    let product = (run.scale * block.scale) * dot as f32;
                    sums[lane] += product + run.min * block.sum;
                }
            }
        }
        sums
    }
}

/// Weights of four bits, or of five with `HIGH` = 1.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Packed<const HIGH: usize> {
    pub(crate) scale: [f16; LANES],
    pub(crate) min: [f16; LANES],
    /// Byte `4 * lane + n` of part `p` holds columns `8 p + n` (low half) and `8 p + 4 + n`.
    pub(crate) low: [[u8; BLOCK]; PARTS],
    /// The fifth bits: of the same byte, bits `p` and `4 + p`.
    pub(crate) high: [[u8; BLOCK]; HIGH],
}

impl<const HIGH: usize> Tile for Packed<HIGH> {
    fn pack(runs: &[Run; LANES]) -> Self {
        let (scale, min) =
            (runs.map(|r| f16::from_f32(r.scale)), runs.map(|r| f16::from_f32(r.min)));
        let mut tile = Self { scale, min, low: [[0; BLOCK]; PARTS], high: [[0; BLOCK]; HIGH] };
        for (lane, part, n) in places() {
            let (byte, column) = (QUAD * lane + n, 2 * QUAD * part + n);
            let [even, odd] = [column, column + QUAD].map(|k| runs[lane].values[k] as u8);
            tile.low[part][byte] = even & 15 | odd << 4;
            if let Some(high) = tile.high.first_mut() {
                high[byte] |= (even >> 4 & 1) << part | (odd >> 4 & 1) << (4 + part);
            }
        }
        tile
    }

    fn unpack(&self, lane: usize) -> Run {
        let (scale, min) = (self.scale[lane].to_f32(), self.min[lane].to_f32());
        let mut run = Run { scale, min, values: [0; BLOCK] };
        for (_, part, n) in places().filter(|(l, ..)| *l == lane) {
            let (byte, column) = (QUAD * lane + n, 2 * QUAD * part + n);
            let low = self.low[part][byte];
            let high = self.high.first().map_or(0, |high| high[byte]);
            run.values[column] = (low & 15 | (high >> part & 1) << 4) as i8;
            run.values[column + QUAD] = (low >> 4 | (high >> (4 + part) & 1) << 4) as i8;
        }
        run
    }
}

/// Every lane, part and byte of a quad.
fn places() -> impl Iterator<Item = (usize, usize, usize)> {
    (0..LANES * PARTS * QUAD).map(|i| (i / (PARTS * QUAD), i / QUAD % PARTS, i % QUAD))
}

/// Weights of eight bits, without a minimum.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct Bytes {
    pub(crate) scale: [f16; LANES],
    /// Byte `4 * lane + n` of quad `q` holds column `4 q + n`, in two's complement.
    pub(crate) quads: [[u8; BLOCK]; BLOCK / QUAD],
}

impl Tile for Bytes {
    fn pack(runs: &[Run; LANES]) -> Self {
        let value = |q, byte: usize| runs[byte / QUAD].values[q * QUAD + byte % QUAD];
        Self {
            scale: runs.map(|r| f16::from_f32(r.scale)),
            // −128 has no counterpart, and the kernels negate.
            quads: from_fn(|q| from_fn(|byte| value(q, byte).max(-127) as u8)),
        }
    }

    fn unpack(&self, lane: usize) -> Run {
        let values = from_fn(|k| self.quads[k / QUAD][QUAD * lane + k % QUAD] as i8);
        Run { scale: self.scale[lane].to_f32(), min: 0.0, values }
    }
}
