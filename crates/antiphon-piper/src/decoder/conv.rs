//! A 1-D convolution, computed where its input lies: no column of it is copied.
//!
//! A transposed convolution is one as well: every phase of its stride is a convolution with the
//! taps of that phase, and the phases are put between each other afterwards. It deliberately knows
//! no padding: what lies beyond the ends of a signal is the business of whoever keeps the signal.

#[cfg(target_arch = "x86_64")]
use super::tile::Avx2;
use super::tile::{CHANNELS, COLUMNS, Kernel, Panel, Portable, Rows, RowsMut, Start};

/// Input channels summed in one go: the columns that the next tile reads again stay in the nearest
/// cache. With fewer, sums would be fetched and stored too often.
const INPUTS: usize = 64;

/// Columns computed in one go: what they read of [`INPUTS`] channels stays in the second cache
/// while all output channels pass by.
const BLOCK: usize = 20 * COLUMNS;

/// The weights of a convolution.
pub(super) struct Conv {
    /// `[tile of outputs][input][tap]`, padded with zeros.
    panels: Vec<[f32; CHANNELS]>,
    /// One for each output, padded likewise.
    bias: Vec<[f32; CHANNELS]>,
    inputs: usize,
    taps: usize,
    dilation: usize,
}

/// Numbers of output channels, input channels and taps; all at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) outputs: usize,
    pub(super) inputs: usize,
    pub(super) taps: usize,
}

impl Conv {
    /// A convolution with `weight(output, input, tap)` and `bias(output)`.
    pub(super) fn new(
        shape: Shape,
        dilation: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Self {
        let Shape { outputs, inputs, taps } = shape;
        let mut panels = Vec::with_capacity(outputs.div_ceil(CHANNELS) * inputs * taps);
        for first in (0..outputs).step_by(CHANNELS) {
            for input in 0..inputs {
                panels.extend((0..taps).map(|tap| -> [f32; CHANNELS] {
                    let of = |o| if o < outputs { weight(o, input, tap) } else { 0.0 };
                    std::array::from_fn(|c| of(first + c))
                }));
            }
        }
        let bias = |o| if o < outputs { bias(o) } else { 0.0 };
        let tiles = (0..outputs).step_by(CHANNELS);
        let bias = tiles.map(|first| std::array::from_fn(|c| bias(first + c))).collect();
        Self { panels, bias, inputs, taps, dilation }
    }

    /// What a transposed convolution with this `shape`, `stride`, `weight` and `bias` is before
    /// its phases are put between each other: output `o` in phase `p` is channel `o · stride + p`.
    /// Its input is padded by [`reach`](Self::reach) on both sides.
    pub(super) fn transposed(
        shape: Shape,
        stride: usize,
        weight: impl Fn(usize, usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Self {
        let taps = shape.taps.div_ceil(stride);
        let phases = Shape { outputs: shape.outputs * stride, taps, ..shape };
        let of = |channel: usize, input: usize, tap: usize| {
            // Later inputs have the earlier taps.
            let tap = (taps - 1 - tap) * stride + channel % stride;
            if tap < shape.taps { weight(channel / stride, input, tap) } else { 0.0 }
        };
        Self::new(phases, 1, of, |channel| bias(channel / stride))
    }

    /// Columns from the first that an output reads to the last.
    pub(super) const fn reach(&self) -> usize {
        (self.taps - 1) * self.dilation
    }

    /// Writes some columns of `y`: the convolution of `x`, the first column of which the first of
    /// them reads, and the columns of `plus`. As many as make whole tiles are written, and what
    /// they read is read.
    pub(super) fn write(&self, y: RowsMut<'_>, x: Rows<'_>, plus: &[Rows<'_>], columns: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Avx2::detect() {
            return self.write_with(kernel, y, x, plus, columns);
        }
        self.write_with(Portable, y, x, plus, columns);
    }

    /// [`write`](Self::write) with a chosen kernel.
    pub(super) fn write_with<K: Kernel>(
        &self,
        kernel: K,
        mut y: RowsMut<'_>,
        x: Rows<'_>,
        plus: &[Rows<'_>],
        columns: usize,
    ) {
        for from in (0..columns).step_by(BLOCK) {
            let block = from..columns.min(from + BLOCK);
            for input in (0..self.inputs).step_by(INPUTS) {
                let inputs = input * self.taps..(input + INPUTS).min(self.inputs) * self.taps;
                let data = x.data.get(input * x.stride..).unwrap_or_default();
                let x = Rows { data, stride: x.stride };
                let panels = self.panels.chunks_exact(self.inputs * self.taps);
                for (n, (panel, bias)) in panels.zip(&self.bias).enumerate() {
                    let weights = panel.get(inputs.clone()).unwrap_or_default();
                    let panel = Panel { weights, taps: self.taps, dilation: self.dilation };
                    let start = if input == 0 { Start::Bias(bias, plus) } else { Start::Sums };
                    for column in block.clone().step_by(COLUMNS) {
                        kernel.tile(panel, x, start, &mut y, [n * CHANNELS, column]);
                    }
                }
            }
        }
    }
}
