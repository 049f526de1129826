//! Eight-bit weights times 16-bit activations, summed exactly in 32 bits.
//!
//! Activations are scaled to as many bits as the sums have room for (13 to 16 for the widths at
//! hand): next to nothing is lost against floats, a multiplication takes half the time, and the
//! weights are read as they lie in the file. Integer sums do not depend on their order, so every
//! path gives the same bits on every machine.

mod tile;

use std::ops::Range;

pub(crate) use tile::{Kernel, PANEL, Portable};

/// A panel's values of one pair of columns.
const PAIR: usize = 2 * PANEL;

/// A matrix of eight-bit weights. A weight is `q · scale + offset`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Matrix8 {
    /// `[panel][pair of columns][row of the panel][column of the pair]`, padded with zeros.
    pub(crate) panels: Vec<i8>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) scale: f32,
    pub(crate) offset: f32,
}

impl Matrix8 {
    /// The panels of a `rows` × `columns` matrix whose elements `q` gives by row and column.
    pub(crate) fn pack(rows: usize, columns: usize, q: impl Fn(usize, usize) -> i8) -> Vec<i8> {
        let mut panels = Vec::with_capacity(Self::packed_len(rows, columns));
        for top in (0..rows).step_by(PANEL) {
            for left in (0..columns).step_by(2) {
                for row in top..top + PANEL {
                    for column in left..left + 2 {
                        let inside = row < rows && column < columns;
                        panels.push(if inside { q(row, column) } else { 0 });
                    }
                }
            }
        }
        panels
    }

    /// Length of the packed form.
    pub(crate) const fn packed_len(rows: usize, columns: usize) -> usize {
        rows.div_ceil(PANEL) * columns.div_ceil(2) * PAIR
    }

    /// One row as floats. A row that does not exist has only zeros.
    pub(crate) fn row(&self, row: usize, out: &mut [f32]) {
        let panel = Self::packed_len(PANEL, self.columns) * (row / PANEL) + row % PANEL * 2;
        for (c, out) in out.iter_mut().enumerate() {
            let q = self.panels.get(panel + c / 2 * PAIR + c % 2);
            *out = q.map_or(0.0, |q| f32::from(*q) * self.scale + self.offset);
        }
    }
}

/// Rows of activations in 16 bits. They may overlap, as the windows of a convolution do.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    values: Vec<i16>,
    /// From the start of a row to the start of the next.
    step: usize,
    /// What a unit of a row's values is worth, and their sum.
    rows: Vec<(f32, f32)>,
}

impl Rows {
    /// The rows of `x`, `columns` values each, every one in units of its own.
    pub(crate) fn set(&mut self, x: &[f32], columns: usize) {
        self.clear(columns.next_multiple_of(2));
        for row in x.chunks_exact(columns) {
            let from = self.values.len();
            let unit = quantise(row, columns, &mut self.values);
            let sum = sum(self.values.get(from..).unwrap_or_default());
            self.rows.push((unit, sum));
            self.values.resize(self.rows.len() * self.step, 0);
        }
    }

    /// Windows of `columns` values, one every `step` values.
    pub(crate) fn set_windows(&mut self, x: &[f32], columns: usize, step: usize) {
        self.clear(step);
        let unit = quantise(x, columns, &mut self.values);
        self.find_windows(columns, unit);
    }

    /// Windows of samples as they are; full scale is 1.0. Sums have room for 511 columns.
    pub(crate) fn set_samples(&mut self, pcm: &[i16], columns: usize, step: usize) {
        self.clear(step);
        self.values.extend_from_slice(pcm);
        self.find_windows(columns, 1.0 / 32_768.0);
    }

    fn clear(&mut self, step: usize) {
        self.values.clear();
        self.rows.clear();
        self.step = step;
    }

    fn find_windows(&mut self, columns: usize, unit: f32) {
        let windows = self.values.windows(columns).step_by(self.step);
        self.rows.extend(windows.map(|w| (unit, sum(w))));
        // With odd columns a tile reads one value past the last window; its weight is zero.
        self.values.push(0);
    }

    /// `R` rows from `first` on, `len` values each.
    fn slices<const R: usize>(&self, first: usize, len: usize) -> [&[i16]; R] {
        std::array::from_fn(|r| {
            let at = (first + r) * self.step;
            self.values.get(at..at + len).unwrap_or_default()
        })
    }
}

fn sum(values: &[i16]) -> f32 {
    values.iter().map(|v| i32::from(*v)).sum::<i32>() as f32
}

/// Appends `x` in units of the returned size, with as many bits as a sum of `columns` products
/// with eight-bit weights has room for.
fn quantise(x: &[f32], columns: usize, out: &mut Vec<i16>) -> f32 {
    /// Adding it rounds a small float to an integer, which its lowest bits then are.
    const ROUND: f32 = 12_582_912.0;
    let room = i32::MAX as usize / 128 / columns.next_multiple_of(2).max(2);
    let limit = room.min(i16::MAX as usize) as f32;
    // Positive floats are ordered as their bits are, which compilers vectorise more readily.
    let max = f32::from_bits(x.iter().map(|v| v.abs().to_bits()).fold(0, u32::max));
    if max == 0.0 || !max.is_finite() {
        out.resize(out.len() + x.len(), 0);
        return 0.0;
    }
    let units = limit / max;
    out.extend(x.iter().map(|v| (v * units + ROUND).to_bits() as i16));
    max / limit
}

/// `out = x · wᵀ`: for every row of `x` its products with all rows of `w`.
pub(crate) fn multiply(w: &Matrix8, x: &Rows, out: &mut Vec<f32>) {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = tile::Avx2::detect() {
        return multiply_with(kernel, w, x, out);
    }
    multiply_with(Portable, w, x, out);
}

/// [`multiply`] with a chosen kernel.
pub(crate) fn multiply_with<K: Kernel>(kernel: K, w: &Matrix8, x: &Rows, out: &mut Vec<f32>) {
    let n = x.rows.len();
    out.clear();
    out.resize(n * w.rows, 0.0);
    // Six rows and two panels fill the sixteen registers of AVX2; single rows take four panels.
    let (sixes, threes) = (n / 6 * 6, n / 3 * 3);
    let task = Task { kernel, w, x };
    task.run::<6, 2>(0..sixes, out);
    task.run::<3, 2>(sixes..threes, out);
    task.run::<1, 4>(threes..n, out);
}

struct Task<'a, K> {
    kernel: K,
    w: &'a Matrix8,
    x: &'a Rows,
}

impl<K: Kernel> Task<'_, K> {
    /// Multiplies some rows, `R` of them with `P` panels at a time. The panels stay in the
    /// nearest cache while all rows pass by.
    fn run<const R: usize, const P: usize>(&self, rows: Range<usize>, out: &mut [f32]) {
        if rows.is_empty() {
            return;
        }
        let len = Matrix8::packed_len(PANEL, self.w.columns);
        let mut groups = self.w.panels.chunks_exact(P * len);
        for (group, column) in groups.by_ref().zip((0..).step_by(P * PANEL)) {
            self.tiles::<R, P>(group, rows.clone(), column, out);
        }
        let rest = groups.remainder().chunks_exact(len);
        let done = self.w.rows / (P * PANEL) * (P * PANEL);
        for (panel, column) in rest.zip((done..).step_by(PANEL)) {
            self.tiles::<R, 1>(panel, rows.clone(), column, out);
        }
    }

    fn tiles<const R: usize, const P: usize>(
        &self,
        group: &[i8],
        rows: Range<usize>,
        column: usize,
        out: &mut [f32],
    ) {
        let len = group.len() / P;
        let panels = std::array::from_fn(|p| group.get(p * len..(p + 1) * len).unwrap_or_default());
        for first in rows.step_by(R) {
            let x = self.x.slices::<R>(first, len / PANEL);
            let sums = self.kernel.tile::<R, P>(panels, x);
            let outs = out.chunks_exact_mut(self.w.rows).skip(first);
            for ((sums, out), (unit, sum)) in
                sums.iter().zip(outs).zip(self.x.rows.iter().skip(first))
            {
                let (scale, offset) = (self.w.scale * unit, self.w.offset * unit * sum);
                for (out, sum) in out.iter_mut().skip(column).zip(sums.as_flattened()) {
                    *out = *sum as f32 * scale + offset;
                }
            }
        }
    }
}
