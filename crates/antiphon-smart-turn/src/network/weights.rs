//! Reading named tensors out of an ONNX file, as the quantisation tool of ONNX Runtime writes
//! them.
//!
//! It deliberately ignores the file's graph: which tensor does what is known to the network.

use std::collections::BTreeMap;

use rten_onnx::onnx::{DataType, ModelProto, TensorProto};

use crate::integer::Quant;

/// The tensors of an ONNX file, by name.
pub(crate) struct Weights(BTreeMap<String, TensorProto>);

/// Why a file is not the model.
pub(crate) type Mismatch = String;

impl Weights {
    pub(crate) fn parse(onnx: &[u8]) -> Result<Self, Mismatch> {
        let model = ModelProto::parse_buf(onnx).map_err(|e| format!("not an ONNX file: {e}"))?;
        let graph = model.graph.ok_or("no graph in the file")?;
        let named = |mut t: TensorProto| Some((t.name.take()?, t));
        Ok(Self(graph.initializer.into_iter().filter_map(named).collect()))
    }

    /// The float tensor `name` of `len` values in all.
    pub(crate) fn floats(&self, name: &str, len: usize) -> Result<Vec<f32>, Mismatch> {
        let tensor = self.get(name)?;
        let mut values = tensor.float_data.clone();
        if tensor.data_type == Some(DataType::FLOAT) {
            values.extend(words(tensor).into_iter().map(f32::from_le_bytes));
        }
        of_len(name, len, values)
    }

    /// The integer tensor `name` of `len` values in all, of whatever width.
    pub(crate) fn integers(&self, name: &str, len: usize) -> Result<Vec<i32>, Mismatch> {
        let tensor = self.get(name)?;
        let mut values = tensor.int32_data.clone();
        match tensor.data_type {
            Some(DataType::INT8) => {
                values.extend(bytes(tensor).into_iter().map(|b| i32::from(b as i8)))
            }
            Some(DataType::INT32) => {
                values.extend(words(tensor).into_iter().map(i32::from_le_bytes))
            }
            _ => {}
        }
        of_len(name, len, values)
    }

    /// How the value `name` is quantised.
    pub(crate) fn quant(&self, name: &str) -> Result<Quant, Mismatch> {
        let scale = self.floats(&format!("{name}_scale"), 1)?;
        let zero_point = self.integers(&format!("{name}_zero_point"), 1)?;
        match (scale.as_slice(), zero_point.as_slice()) {
            (&[scale], &[zero @ 0..=255]) if scale > 0.0 => Ok(Quant::new(scale, zero as u8)),
            _ => Err(format!("{name} is quantised by {scale:?} and {zero_point:?}")),
        }
    }

    fn get(&self, name: &str) -> Result<&TensorProto, Mismatch> {
        self.0.get(name).ok_or_else(|| format!("no tensor {name}"))
    }
}

fn of_len<T>(name: &str, len: usize, values: Vec<T>) -> Result<Vec<T>, Mismatch> {
    if values.len() != len {
        return Err(format!("tensor {name} holds {} values, expected {len}", values.len()));
    }
    Ok(values)
}

fn bytes(tensor: &TensorProto) -> Vec<u8> {
    tensor.raw_data.as_ref().map(|data| data.borrow().clone()).unwrap_or_default()
}

fn words(tensor: &TensorProto) -> Vec<[u8; 4]> {
    bytes(tensor).as_chunks().0.to_vec()
}
