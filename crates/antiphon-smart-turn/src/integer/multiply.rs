//! Products of integer matrices.
//!
//! Inputs span 9 bits (a step count of a byte) times 8 (a weight); 32-bit sums hold over 16,000 of
//! their products.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the model")]

use super::Quant;

/// Columns of the result that are computed together.
pub(crate) const COLUMNS: usize = 16;

/// Rows of the result that are computed together. Four by sixteen sums fill half the registers
/// of AVX2; what is read for them is used four and two times.
pub(super) const ROWS: usize = 4;

/// Rows of the left matrix, `stride` apart and free to overlap: the windows of a convolution do.
#[derive(Clone, Copy)]
pub(crate) struct Left<'a> {
    pub(crate) values: &'a [i16],
    pub(crate) rows: usize,
    pub(crate) stride: usize,
}

/// The right matrix, cut into panels of [`COLUMNS`] columns in the order in which they are read.
#[derive(Default)]
pub(crate) struct Panels {
    /// For each panel, `pairs` pairs of rows.
    data: Vec<Pair>,
    pairs: usize,
}

/// What becomes of the sums: each is scaled and shifted by its column, then quantised.
pub(crate) struct Scaling {
    /// Per column, what one unit of the sum is worth.
    units: Vec<f32>,
    shifts: Vec<f32>,
    to: Quant,
}

impl Scaling {
    /// For as many columns as there are `units` and `shifts`. Surplus columns of the last panel
    /// become zero.
    pub(crate) fn new(mut units: Vec<f32>, mut shifts: Vec<f32>, to: Quant) -> Self {
        let whole = units.len().next_multiple_of(COLUMNS);
        units.resize(whole, 0.0);
        shifts.resize(whole, 0.0);
        Self { units, shifts, to }
    }

    /// Columns that are all worth the same.
    pub(crate) fn even(columns: usize, unit: f32, to: Quant) -> Self {
        Self::new(vec![unit; columns], vec![0.0; columns], to)
    }

    /// How the results are quantised.
    pub(crate) const fn to(&self) -> Quant {
        self.to
    }

    /// The results of the columns from `first` on, in steps.
    #[inline(always)]
    pub(super) fn steps(&self, first: usize, sums: &[i32; COLUMNS]) -> [i16; COLUMNS] {
        let units = &self.units[first..][..COLUMNS];
        let shifts = &self.shifts[first..][..COLUMNS];
        std::array::from_fn(|c| self.to.steps(sums[c] as f32 * units[c] + shifts[c]))
    }
}

/// Two neighbouring rows of a panel, column by column.
pub(super) type Pair = [[i16; 2]; COLUMNS];

pub(super) type Sums = [[i32; COLUMNS]; ROWS];

impl Panels {
    /// A matrix of `depth` x `columns` with `value(row, column)`. `depth` is even; missing columns
    /// of the last panel are zero.
    pub(crate) fn new(
        depth: usize,
        columns: usize,
        value: impl Fn(usize, usize) -> i16 + Copy,
    ) -> Self {
        let mut panels = Self::default();
        panels.fill(depth, columns, value);
        panels
    }

    /// As [`new`](Self::new), into memory that is there already.
    pub(crate) fn fill(
        &mut self,
        depth: usize,
        columns: usize,
        value: impl Fn(usize, usize) -> i16 + Copy,
    ) {
        let at = |row, column| if column < columns { value(row, column) } else { 0 };
        self.pairs = depth / 2;
        self.data.clear();
        for first in (0..columns).step_by(COLUMNS) {
            self.data.extend((0..depth).step_by(2).map(|row| -> Pair {
                std::array::from_fn(|c| [at(row, first + c), at(row + 1, first + c)])
            }));
        }
    }
}

/// Multiplies and scales, and gives every run of results away: `each(row, first column, steps)`.
pub(crate) fn multiply(
    left: Left<'_>,
    right: &Panels,
    scaling: &Scaling,
    mut each: impl FnMut(usize, usize, &[i16; COLUMNS]),
) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return super::avx2::multiply(left, right, scaling, each);
    }
    in_tiles(left, right, |row, n, sums| each(row, n, &scaling.steps(n, sums)), tile);
}

/// Walks over the result in tiles, panel by panel: a panel stays in the inner caches while all
/// rows pass by.
#[inline(always)]
pub(super) fn in_tiles(
    left: Left<'_>,
    right: &Panels,
    mut each: impl FnMut(usize, usize, &[i32; COLUMNS]),
    tile: impl Fn([&[[i16; 2]]; ROWS], &[Pair]) -> Sums,
) {
    for (n, panel) in right.data.chunks_exact(right.pairs).enumerate() {
        for first in (0..left.rows).step_by(ROWS) {
            let count = ROWS.min(left.rows - first);
            // A tile that reaches below the last row computes that row again.
            let rows = std::array::from_fn(|r| {
                let start = (first + r.min(count - 1)) * left.stride;
                left.values[start..][..2 * right.pairs].as_chunks().0
            });
            let sums = tile(rows, panel);
            for (r, sums) in sums.iter().enumerate().take(count) {
                each(first + r, n * COLUMNS, sums);
            }
        }
    }
}

/// One tile, on any processor.
pub(super) fn tile(rows: [&[[i16; 2]]; ROWS], panel: &[Pair]) -> Sums {
    let mut sums = [[0; COLUMNS]; ROWS];
    for (k, pair) in panel.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let [x0, x1] = row[k].map(i32::from);
            for (sum, [w0, w1]) in sums.iter_mut().zip(pair) {
                *sum += x0 * i32::from(*w0) + x1 * i32::from(*w1);
            }
        }
    }
    sums
}
