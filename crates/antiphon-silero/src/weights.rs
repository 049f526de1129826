//! Reading named tensors of 32-bit floats out of an ONNX file.
//!
//! It deliberately ignores the file's graph: which tensor does what is known to the network.

use std::collections::BTreeMap;

use rten_onnx::onnx::{DataType, ModelProto, TensorProto};

/// The float tensors of an ONNX file, by name.
pub(crate) struct Weights(BTreeMap<String, TensorProto>);

impl Weights {
    /// Parses the file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(onnx: &[u8]) -> Result<Self, String> {
        let model = ModelProto::parse_buf(onnx).map_err(|e| format!("not an ONNX file: {e}"))?;
        let graph = model.graph.ok_or("no graph in the file")?;
        let named = |mut t: TensorProto| Some((t.name.take()?, t));
        Ok(Self(graph.initializer.into_iter().filter_map(named).collect()))
    }

    /// The tensor `name` in row-major order.
    ///
    /// # Errors
    /// That it is missing, or not of this `shape`.
    pub(crate) fn tensor(&self, name: &str, shape: &[i64]) -> Result<Vec<f32>, String> {
        let tensor = self.0.get(name).ok_or_else(|| format!("no tensor {name}"))?;
        let bytes = tensor.raw_data.as_ref().map(|b| b.borrow().to_vec()).unwrap_or_default();
        let floats: Vec<f32> = bytes
            .chunks_exact(4)
            .filter_map(|b| Some(f32::from_le_bytes(b.try_into().ok()?)))
            .collect();
        let is_float = tensor.data_type == Some(DataType::FLOAT);
        if !is_float || tensor.dims != shape || floats.len() as i64 != shape.iter().product::<i64>()
        {
            return Err(format!("tensor {name} has shape {:?}, expected {shape:?}", tensor.dims));
        }
        Ok(floats)
    }
}
