//! From the published `.ort` files to one file this crate reads.
//!
//! The graphs name most matrices by number; what a matrix is for is read off the output name of
//! the node that uses it. Quantised weights are `(q - zero) · scale` or `q · scale + zero`,
//! depending on the model; both become `q · scale + offset`.

use std::{collections::HashMap, path::Path};

use antiphon_core::{Code, Error, Result};

use crate::{
    flatbuffer::Table,
    weights::{Tensor, Values, write},
};

/// Fields of ONNX Runtime's schema that are needed.
mod field {
    pub(super) const SESSION_MODEL: usize = 1;
    pub(super) const MODEL_GRAPH: usize = 7;
    pub(super) const GRAPH_INITIALIZERS: usize = 0;
    pub(super) const GRAPH_NODES: usize = 2;
    pub(super) const TENSOR_NAME: usize = 0;
    pub(super) const TENSOR_DIMS: usize = 2;
    pub(super) const TENSOR_TYPE: usize = 3;
    pub(super) const TENSOR_DATA: usize = 4;
    pub(super) const NODE_OP: usize = 5;
    pub(super) const NODE_INPUTS: usize = 8;
    pub(super) const NODE_OUTPUTS: usize = 9;
    pub(super) const NODE_ATTRIBUTES: usize = 10;
    pub(super) const ATTRIBUTE_NAME: usize = 0;
    pub(super) const ATTRIBUTE_GRAPH: usize = 7;
}

/// ONNX element types.
const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;

/// A tensor as the file has it.
struct Raw<'a> {
    dims: Vec<usize>,
    kind: i32,
    data: &'a [u8],
}

/// Converts the files in `dir` (`encoder_model.ort`, `decoder_model_merged.ort`,
/// `tokenizer.bin`) to `out`.
///
/// # Errors
/// `storage` if a file cannot be read or written, `corrupt` if it is not the expected model.
pub fn convert(dir: &Path, out: &Path) -> Result<()> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).map_err(|e| {
            Error::new("moonshine.convert", Code::Storage, format!("{}: {e}", path.display()))
        })
    };
    let mut tensors = Vec::new();
    for (file, part) in [("encoder_model.ort", "enc."), ("decoder_model_merged.ort", "dec.")] {
        let bytes = read(file)?;
        collect(&bytes, part, &mut tensors).ok_or_else(|| {
            let what = format!("{file} is not a Moonshine model in ONNX Runtime's format");
            Error::new("moonshine.convert", Code::Corrupt, what)
                .with_help("fetch the model again: antiphon models fetch")
        })?;
    }
    tensors.push(Tensor {
        name: "tokenizer".to_owned(),
        dims: Vec::new(),
        values: Values::Bytes(read("tokenizer.bin")?),
    });
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    write(out, &tensors)
}

/// Adds what one graph holds.
fn collect(bytes: &[u8], part: &str, out: &mut Vec<Tensor>) -> Option<()> {
    let graph = Table::root(bytes)?.table(field::SESSION_MODEL)?.table(field::MODEL_GRAPH)?;
    let initializers = initializers(graph);
    let before = out.len();
    for (name, raw) in &initializers {
        let floats = || plain(raw).map(|v| (raw.dims.clone(), v));
        if let Some(target) = plain_name(name) {
            let (dims, values) = floats()?;
            out.push(Tensor { name: format!("{part}{target}"), dims, values });
        }
    }
    if part == "enc." {
        for conv in ["conv1", "conv2", "conv3"] {
            let tensor = weights(&initializers, &format!("{conv}.weight_add_tensor"), false)?;
            out.push(tensor.named(format!("enc.{conv}.weight")));
        }
        group_norm(&initializers, out)?;
    } else {
        let embed = "model.decoder.embed_tokens.weight_merged_0_quantized";
        out.push(weights(&initializers, embed, false)?.named("dec.embed".to_owned()));
    }
    for node in nodes(graph) {
        let op = node.string(field::NODE_OP)?;
        if !["MatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"].contains(&op) {
            continue;
        }
        let Some(target) = node.strings(field::NODE_OUTPUTS).next().and_then(matrix_name) else {
            continue;
        };
        let reference = node.strings(field::NODE_INPUTS).nth(1)?;
        let tensor = weights(&initializers, reference, true)?;
        out.push(tensor.named(format!("{part}{target}")));
    }
    (out.len() > before + 20).then_some(())
}

fn initializers<'a>(graph: Table<'a>) -> HashMap<&'a str, Raw<'a>> {
    let raw = |t: Table<'a>| {
        let dims = t.numbers(field::TENSOR_DIMS).unwrap_or_default();
        let dims = dims.into_iter().filter_map(|d| usize::try_from(d).ok()).collect();
        let (kind, data) = (t.i32(field::TENSOR_TYPE)?, t.data(field::TENSOR_DATA)?);
        Some((t.string(field::TENSOR_NAME)?, Raw { dims, kind, data }))
    };
    graph.tables(field::GRAPH_INITIALIZERS).filter_map(raw).collect()
}

/// The nodes of the graph, and those of the branch for the first token.
fn nodes<'a>(graph: Table<'a>) -> Vec<Table<'a>> {
    let mut all = Vec::new();
    for node in graph.tables(field::GRAPH_NODES) {
        all.push(node);
        for attribute in node.tables(field::NODE_ATTRIBUTES) {
            if attribute.string(field::ATTRIBUTE_NAME) == Some("else_branch")
                && let Some(branch) = attribute.table(field::ATTRIBUTE_GRAPH)
            {
                all.extend(branch.tables(field::GRAPH_NODES));
            }
        }
    }
    all
}

/// Initializers that keep their name: norms and biases.
fn plain_name(name: &str) -> Option<&str> {
    let name = name.strip_prefix("model.decoder.").unwrap_or(name);
    let name = name.strip_suffix("_merged_0").unwrap_or(name);
    let norm = ["norm.weight", "layer_norm.weight"].contains(&name);
    let conv = ["conv1.bias", "conv2.bias", "conv3.bias"].contains(&name);
    let layer = name.starts_with("layers.")
        && (name.ends_with("bias") || name.ends_with("layernorm.weight"));
    (norm || conv || layer).then_some(name)
}

/// What a matrix is for, from the name of its product: `…/layers.0/self_attn/q_proj/MatMul…`.
fn matrix_name(output: &str) -> Option<String> {
    let parts: Vec<&str> = output.split('/').collect();
    let at = parts.iter().position(|p| p.starts_with("layers."))?;
    let [layer, block, matrix] = parts.get(at..at + 3)? else { return None };
    if !["self_attn", "encoder_attn", "mlp"].contains(block) {
        return None;
    }
    let matrix = match *matrix {
        m @ ("q_proj" | "k_proj" | "v_proj" | "o_proj" | "fc1" | "fc2") => m,
        "dense" => "o_proj",
        "up_proj" => "fc1",
        "down_proj" => "fc2",
        _ => return None,
    };
    Some(format!("{layer}.{block}.{matrix}"))
}

/// The group norm's scale and shift are the only two-dimensional unnamed factors.
fn group_norm(all: &HashMap<&str, Raw<'_>>, out: &mut Vec<Tensor>) -> Option<()> {
    for (prefix, name) in [("onnx::Mul_", "weight"), ("onnx::Add_", "bias")] {
        let found =
            all.iter().find(|(n, r)| n.starts_with(prefix) && r.dims.len() == 2 && r.kind == FLOAT);
        let values = plain(found?.1)?;
        let dims = vec![found?.1.dims.iter().product()];
        out.push(Tensor { name: format!("enc.groupnorm.{name}"), dims, values });
    }
    Some(())
}

fn plain(raw: &Raw<'_>) -> Option<Values> {
    (raw.kind == FLOAT).then(|| Values::Floats(floats(raw.data)))
}

fn floats(data: &[u8]) -> Vec<f32> {
    let f32 = |c: &[u8]| c.try_into().ok().map(f32::from_le_bytes);
    data.chunks_exact(4).filter_map(f32).collect()
}

struct Unnamed {
    dims: Vec<usize>,
    values: Values,
}

impl Unnamed {
    fn named(self, name: String) -> Tensor {
        Tensor { name, dims: self.dims, values: self.values }
    }
}

/// A weight by the name a node uses. Matrices are stored [in, out] and transposed to [out, in].
fn weights(all: &HashMap<&str, Raw<'_>>, reference: &str, matrix: bool) -> Option<Unnamed> {
    let base =
        reference.strip_suffix("_add_tensor").or_else(|| reference.strip_suffix("_quantized"));
    let base = base.unwrap_or(reference);
    let Some(raw) = all.get(format!("{base}_quantized").as_str()) else {
        let raw = all.get(reference)?;
        return Some(Unnamed { dims: raw.dims.clone(), values: plain(raw)? });
    };
    let scale = *floats(all.get(format!("{base}_scale").as_str())?.data).first()?;
    let zero = all.get(format!("{base}_zero_point").as_str())?;
    let offset = match zero.kind {
        FLOAT => *floats(zero.data).first()?,
        UINT8 => -scale * f32::from(*zero.data.first()?),
        INT8 => -scale * f32::from((*zero.data.first()?).cast_signed()),
        _ => return None,
    };
    // Unsigned weights move down by 128, which the offset makes good.
    let (data, offset): (Vec<i8>, f32) = match raw.kind {
        INT8 => (raw.data.iter().map(|b| b.cast_signed()).collect(), offset),
        UINT8 => {
            (raw.data.iter().map(|b| (b ^ 0x80).cast_signed()).collect(), offset + 128.0 * scale)
        }
        _ => return None,
    };
    let mut dims = raw.dims.clone();
    let mut data = data;
    if matrix {
        let [rows, columns] = <[usize; 2]>::try_from(dims).ok()?;
        (rows * columns == data.len() && columns > 0).then_some(())?;
        data = (0..columns).flat_map(|c| data.iter().skip(c).step_by(columns).copied()).collect();
        dims = vec![columns, rows];
    }
    Some(Unnamed { dims, values: Values::Bytes8 { data, scale, offset } })
}
#[cfg(test)]
#[test]
fn zz_dump() {
    for d in [
        "/tmp/dev-models/moonshine_voice/moonshine_voice/assets/tiny-en",
        "/tmp/dev-models/moonshine_cpp/moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en",
    ] {
        for f in ["encoder_model.ort", "decoder_model_merged.ort"] {
            let b = std::fs::read(format!("{d}/{f}")).unwrap();
            let g = Table::root(&b).unwrap().table(1).unwrap().table(7).unwrap();
            let i = initializers(g);
            let mut names: Vec<_> = i
                .iter()
                .map(|(n, r)| (n.to_string(), r.kind, r.dims.clone(), r.data.len()))
                .collect();
            names.sort();
            println!("=== {d} {f}");
            for n in names {
                if !n.0.contains("layers.") || n.0.contains("layers.0.") {
                    println!("{n:?}");
                }
            }
        }
    }
}
#[cfg(test)]
#[test]
fn zz_dump2() {
    for d in [
        "/tmp/dev-models/moonshine_voice/moonshine_voice/assets/tiny-en",
        "/tmp/dev-models/moonshine_cpp/moonshine_cpp-0.1.4.data/purelib/moonshine_cpp/models/base-en",
    ] {
        let b = std::fs::read(format!("{d}/encoder_model.ort")).unwrap();
        let g = Table::root(&b).unwrap().table(1).unwrap().table(7).unwrap();
        let i = initializers(g);
        for (n, r) in &i {
            if n.starts_with("conv") && n.contains("weight") && r.kind == 1 && r.dims.len() == 3 {
                let mut v = floats(r.data);
                v.sort_by(f32::total_cmp);
                v.dedup();
                let mut gaps: Vec<f32> = v.windows(2).map(|w| w[1] - w[0]).collect();
                gaps.sort_by(f32::total_cmp);
                println!(
                    "{n} distinct {} range {:?} {:?} gaps {:?} {:?}",
                    v.len(),
                    v.first(),
                    v.last(),
                    gaps.first(),
                    gaps.last()
                );
            }
            if n.starts_with("conv") && r.dims.len() == 0 {
                println!("{n} {} {:?}", r.kind, floats(r.data));
            }
        }
    }
}
