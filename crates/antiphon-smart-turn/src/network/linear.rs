//! A quantised linear layer.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the model")]

use crate::{
    integer::{COLUMNS, Left, Panels, Quant, Scaling, multiply},
    network::weights::{Mismatch, Weights},
};

/// Outputs are `inputs x weights + bias`, quantised.
pub(crate) struct Linear {
    panels: Panels,
    scaling: Scaling,
}

/// How the file names and stores a layer.
pub(crate) struct Stored<'a> {
    /// Name of the weight tensor.
    pub(crate) weight: &'a str,
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    /// Where the weight from an input to an output lies.
    pub(crate) index: fn(&Stored<'_>, usize, usize) -> usize,
    /// Name of a bias that is added before the product is quantised.
    pub(crate) bias: Option<&'a str>,
    /// Name of the product.
    pub(crate) product: &'a str,
}

impl Linear {
    /// Takes the layer out of the file; its inputs come quantised by `from`.
    pub(crate) fn load(
        weights: &Weights,
        stored: &Stored<'_>,
        from: Quant,
    ) -> Result<Self, Mismatch> {
        let &Stored { weight, inputs, outputs, index, bias, product } = stored;
        let values = weights.integers(&format!("{weight}_quantized"), inputs * outputs)?;
        let scales = weights.floats(&format!("{weight}_scale"), outputs)?;
        let zero_points = weights.integers(&format!("{weight}_zero_point"), outputs)?;
        if zero_points.iter().any(|&z| z != 0) {
            return Err(format!("{weight} is not quantised symmetrically"));
        }
        let units: Vec<f32> = scales.iter().map(|scale| scale * from.scale).collect();
        let bias = match bias {
            None => vec![0.0; outputs],
            Some(bias) => {
                let steps = weights.integers(&format!("{bias}_quantized"), outputs)?;
                let scales = weights.floats(&format!("{bias}_quantized_scale"), outputs)?;
                steps.iter().zip(scales).map(|(&steps, scale)| steps as f32 * scale).collect()
            }
        };
        let value = |i, o| values[index(stored, i, o)] as i16;
        let panels = Panels::new(inputs, outputs, value);
        Ok(Self { panels, scaling: Scaling::new(units, bias, weights.quant(product)?) })
    }

    /// How the outputs are quantised.
    pub(crate) const fn product(&self) -> Quant {
        self.scaling.to()
    }

    /// Computes the outputs of every row, in steps: `each(row, first output, steps)`. Outputs are
    /// rounded up to a multiple of [`COLUMNS`]; the surplus is zero.
    pub(crate) fn apply(&self, rows: Left<'_>, each: impl FnMut(usize, usize, &[i16; COLUMNS])) {
        multiply(rows, &self.panels, &self.scaling, each);
    }
}

/// The order of a MatMul's right side: input, then output.
pub(crate) const fn by_input(stored: &Stored<'_>, input: usize, output: usize) -> usize {
    input * stored.outputs + output
}

/// The order of a transposed Gemm: output, then input.
pub(crate) const fn by_output(stored: &Stored<'_>, input: usize, output: usize) -> usize {
    output * stored.inputs + input
}

/// The order of a convolution of three taps: output, channel, tap. Inputs lie by tap, then
/// channel, as neighbouring rows do.
pub(crate) const fn by_tap(stored: &Stored<'_>, input: usize, output: usize) -> usize {
    let channels = stored.inputs / 3;
    output * stored.inputs + input % channels * 3 + input / channels
}
