//! The constants of a graph: weights and factors.

use std::collections::BTreeMap;

use rten_onnx::onnx::{AttributeProto, DataType, GraphProto, NodeProto, TensorProto};

/// Float constants by name, whether they are initializers or made by nodes.
pub(super) struct Tensors<'a>(BTreeMap<&'a str, &'a TensorProto>);

/// A float tensor in row-major order.
pub(super) struct Tensor {
    pub(super) dims: Vec<usize>,
    pub(super) values: Vec<f32>,
}

impl<'a> Tensors<'a> {
    pub(super) fn of(graph: &'a GraphProto) -> Self {
        let initial = graph.initializer.iter().filter_map(|t| Some((t.name.as_deref()?, t)));
        let constants = graph.node.iter().filter(|n| n.op_type.as_deref() == Some("Constant"));
        let made = constants.filter_map(|node| {
            let value = attribute(node, "value")?.t.as_ref()?;
            Some((node.output.first()?.as_str(), value))
        });
        Self(initial.chain(made).collect())
    }

    /// The tensor of this name, if it is a float constant whose values are in the file.
    pub(super) fn get(&self, name: &str) -> Option<Tensor> {
        let tensor = self.0.get(name).filter(|t| t.data_type == Some(DataType::FLOAT))?;
        let dims = tensor.dims.iter().map(|d| usize::try_from(*d).ok());
        let dims: Vec<usize> = dims.collect::<Option<_>>()?;
        let mut values = tensor.float_data.clone();
        if let Some(bytes) = &tensor.raw_data {
            values.extend(bytes.borrow().as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)));
        }
        let len: usize = dims.iter().product();
        (values.len() == len).then_some(Tensor { dims, values })
    }
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|a| a.name.as_deref() == Some(name))
}

/// The numbers of an attribute that is a list or one number; `default` if it is not there.
/// `None` if one of them is negative.
pub(super) fn numbers(node: &NodeProto, name: &str, default: &[usize]) -> Option<Vec<usize>> {
    let Some(attribute) = attribute(node, name) else { return Some(default.to_vec()) };
    let numbers = attribute.ints.iter().chain(&attribute.i);
    numbers.map(|n| usize::try_from(*n).ok()).collect()
}
