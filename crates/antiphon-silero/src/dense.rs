//! The one kernel of the network: a matrix times a few overlapping windows of a vector.
//!
//! A 1-D convolution over rows of channels is exactly that: the window of an output is a run of
//! neighbouring rows. It deliberately knows no layer and no activation.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the network")]

/// Outputs computed together, one SIMD register or two.
pub(crate) const LANES: usize = 8;

/// A weight matrix with its bias, stored in panels of [`LANES`] outputs so that a forward pass
/// reads it once, front to back: it is larger than the inner caches, and reading it is most of
/// the cost.
pub(crate) struct Dense {
    /// For every block of outputs, `inputs` columns.
    columns: Vec<[f32; LANES]>,
    /// One per block of outputs.
    bias: Vec<[f32; LANES]>,
    inputs: usize,
}

impl Dense {
    /// A matrix of `outputs` x `inputs`, with `weight(output, input)` and `bias(output)`.
    ///
    /// `outputs` is a multiple of [`LANES`].
    pub(crate) fn new(
        [outputs, inputs]: [usize; 2],
        weight: impl Fn(usize, usize) -> f32,
        bias: impl Fn(usize) -> f32,
    ) -> Self {
        let blocks = (0..outputs).step_by(LANES);
        let column = |first, i| std::array::from_fn(|lane| weight(first + lane, i));
        Self {
            columns: blocks
                .clone()
                .flat_map(|first| (0..inputs).map(move |i| (first, i)))
                .map(|(first, i)| column(first, i))
                .collect(),
            bias: blocks.map(|first| std::array::from_fn(|lane| bias(first + lane))).collect(),
            inputs,
        }
    }

    /// For each of `T` windows, `stride` apart in `x`, writes a row of outputs to `y`.
    pub(crate) fn apply<const T: usize>(&self, x: &[f32], stride: usize, y: &mut [f32]) {
        let windows: [&[f32]; T] = std::array::from_fn(|t| &x[t * stride..][..self.inputs]);
        let outputs = self.bias.len() * LANES;
        for (block, bias) in self.bias.iter().enumerate() {
            let mut sums = [*bias; T];
            let columns = &self.columns[block * self.inputs..][..self.inputs];
            for (i, column) in columns.iter().enumerate() {
                for (sum, window) in sums.iter_mut().zip(windows) {
                    let x = window[i];
                    for (sum, weight) in sum.iter_mut().zip(column) {
                        *sum += weight * x;
                    }
                }
            }
            for (t, sum) in sums.iter().enumerate() {
                y[t * outputs + block * LANES..][..LANES].copy_from_slice(sum);
            }
        }
    }
}
