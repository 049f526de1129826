//! A 1-D convolution, computed where its input lies: no column of it is copied.
//!
//! A transposed convolution is one as well: every phase of its stride is a convolution with the
//! taps of that phase, and the phases are put between each other afterwards. It deliberately knows
//! no padding: what lies beyond the ends of a signal is the business of whoever keeps the signal.

#[cfg(target_arch = "x86_64")]
use super::tile::Avx2;
use super::tile::{CHANNELS, COLUMNS, Kernel, Panel, Portable, Rows, RowsMut};

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
    /// One for each output, padded with zeros to whole tiles.
    bias: Vec<f32>,
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
        let padded = 0..outputs.next_multiple_of(CHANNELS);
        let bias = padded.map(|o| if o < outputs { bias(o) } else { 0.0 }).collect();
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

    /// Bias of each output channel, in whole tiles: so many channels are written.
    pub(super) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Columns from the first that an output reads to the last.
    pub(super) const fn reach(&self) -> usize {
        (self.taps - 1) * self.dilation
    }

    /// Adds the convolution of `x`, without its bias, to some columns of `y`: the first of them
    /// reads from the first of `x` on. As many columns as make a whole tile are written, and the
    /// input for them is read.
    pub(super) fn add_to(&self, y: RowsMut<'_>, x: Rows<'_>, columns: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Avx2::detect() {
            return self.add_with(kernel, y, x, columns);
        }
        self.add_with(Portable, y, x, columns);
    }

    /// [`add_to`](Self::add_to) with a chosen kernel.
    pub(super) fn add_with<K: Kernel>(
        &self,
        kernel: K,
        y: RowsMut<'_>,
        x: Rows<'_>,
        columns: usize,
    ) {
        let tile = self.inputs * self.taps;
        for from in (0..columns).step_by(BLOCK) {
            let block = from..columns.min(from + BLOCK);
            for input in (0..self.inputs).step_by(INPUTS) {
                let inputs = input * self.taps..(input + INPUTS).min(self.inputs) * self.taps;
                for (n, panel) in self.panels.chunks_exact(tile).enumerate() {
                    let weights = panel.get(inputs.clone()).unwrap_or_default();
                    let panel = Panel { weights, taps: self.taps, dilation: self.dilation };
                    for column in block.clone().step_by(COLUMNS) {
                        let data = x.data.get(input * x.stride + column..).unwrap_or_default();
                        let x = Rows { data, stride: x.stride };
                        let at = n * CHANNELS * y.stride + column;
                        let data = y.data.get_mut(at..).unwrap_or_default();
                        let end = data.len().min(CHANNELS * y.stride);
                        let data = data.get_mut(..end).unwrap_or_default();
                        kernel.tile(panel, x, RowsMut { data, stride: y.stride });
                    }
                }
            }
        }
    }
}
