//! What the nodes of both kinds of convolution have in common.
//!
//! It deliberately does not know which kind a node is of.

use rten_onnx::onnx::NodeProto;

use super::{
    Result,
    tensors::{Tensor, Tensors, attribute, numbers},
    unsupported,
};

/// Weights and attributes of a node.
pub(super) struct ConvNode {
    pub(super) weight: Tensor,
    pub(super) bias: Bias,
    pub(super) stride: usize,
    pub(super) dilation: usize,
    /// Columns of padding at the beginning and the end.
    pub(super) before: usize,
    pub(super) after: usize,
}

/// One for each output, or none at all.
pub(super) struct Bias(Vec<f32>);

impl Bias {
    pub(super) fn at(&self, output: usize) -> f32 {
        self.0.get(output).copied().unwrap_or_default()
    }
}

impl ConvNode {
    /// Reads a node of either kind.
    ///
    /// # Errors
    /// If something is not in the file, or not known here.
    pub(super) fn of(node: &NodeProto, tensors: &Tensors<'_>) -> Result<Self> {
        let constant = |n: usize| node.input.get(n).and_then(|name| tensors.get(name));
        let Some(weight) = constant(1).filter(|w| !w.dims.contains(&0)) else {
            return unsupported("its weights are not in the file");
        };
        let bias = match (node.input.get(2), constant(2)) {
            (None, _) => Bias(Vec::new()),
            (Some(_), Some(bias)) => Bias(bias.values),
            (Some(_), None) => return unsupported("its bias is not in the file"),
        };
        let padded = attribute(node, "auto_pad").and_then(|a| a.s.as_deref()).unwrap_or("NOTSET");
        if numbers(node, "group", &[1]) != Some(vec![1]) || padded != "NOTSET" {
            return unsupported("groups or automatic padding");
        }
        let numbers = |name, default| numbers(node, name, default).unwrap_or_default();
        let steps = [numbers("strides", &[1]), numbers("dilations", &[1])].concat();
        match (steps.as_slice(), numbers("pads", &[0, 0]).as_slice()) {
            (&[stride, dilation], &[before, after]) if stride.min(dilation) > 0 => {
                Ok(Self { weight, bias, stride, dilation, before, after })
            }
            _ => unsupported("its strides, dilations or pads"),
        }
    }
}
