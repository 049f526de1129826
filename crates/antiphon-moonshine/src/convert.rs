//! From the published `.ort` files to one file this crate reads.
//!
//! The graphs name most matrices by number; what a matrix is for is read off the output name of
//! the node that uses it. Quantised weights are `(q - zero) · scale` or `q · scale + zero`,
//! depending on the model; both become `q · scale + offset`.

use std::{collections::HashMap, path::Path};

use antiphon_core::{Code, Error, Result};

use crate::{
    encoder::CONVOLUTIONS,
    flatbuffer::Table,
    kernels::Matrix8,
    weights::{Values, write},
};

/// Fields of ONNX Runtime's schema (`ort.fbs`) that are needed.
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

/// ONNX element types (`TensorProto.DataType`).
const FLOAT: i32 = 1;
const UINT8: i32 = 2;
const INT8: i32 = 3;

/// Named values, in the order of the file.
type Named = Vec<(String, Values)>;

/// A graph's constants by name.
type Constants<'a> = HashMap<&'a str, Constant<'a>>;

/// A constant as the file has it.
struct Constant<'a> {
    dims: Vec<usize>,
    kind: i32,
    data: &'a [u8],
}

impl Constant<'_> {
    fn floats(&self) -> Option<Vec<f32>> {
        let bytes = (self.kind == FLOAT).then_some(self.data.as_chunks::<4>().0)?;
        Some(bytes.iter().map(|b| f32::from_le_bytes(*b)).collect())
    }
}

/// Converts the files in `dir` (`encoder_model.ort`, `decoder_model_merged.ort`,
/// `tokenizer.bin`) to `out`, which appears only once it is complete.
///
/// # Errors
/// `storage` if a file cannot be read or written, `corrupt` if it is not the expected model.
pub fn convert(dir: &Path, out: &Path) -> Result<()> {
    let read = |name: &str| {
        let path = dir.join(name);
        std::fs::read(&path).map_err(|e| {
            Error::new("moonshine.convert", Code::Storage, format!("{}: {e}", path.display()))
                .with_source(e)
        })
    };
    let mut all = Named::new();
    for (file, part) in
        [("encoder_model.ort", encoder as Part), ("decoder_model_merged.ort", decoder)]
    {
        let bytes = read(file)?;
        let values = graph(&bytes).and_then(|graph| part(graph, &constants(graph)));
        all.extend(values.ok_or_else(|| {
            let what = format!("{file} in {} is not a Moonshine model", dir.display());
            Error::new("moonshine.convert", Code::Corrupt, what)
                .with_help("fetch the model again, in the format of ONNX Runtime")
        })?);
    }
    all.push(("tokenizer".to_owned(), Values::Bytes(read("tokenizer.bin")?)));
    // Sorted, so that the same model gives the same file.
    all.sort_by(|a, b| a.0.cmp(&b.0));
    write(out, &all)
}

type Part = fn(Table<'_>, &Constants<'_>) -> Option<Named>;

fn graph(bytes: &[u8]) -> Option<Table<'_>> {
    Table::root(bytes)?.table(field::SESSION_MODEL)?.table(field::MODEL_GRAPH)
}

fn encoder(graph: Table<'_>, constants: &Constants<'_>) -> Option<Named> {
    let mut out = layers("enc", graph, constants)?;
    for (name, (length, _)) in ["conv1", "conv2", "conv3"].into_iter().zip(CONVOLUTIONS) {
        let values = convolution(constants, &format!("{name}.weight"), length)?;
        out.push((format!("enc.{name}.weight"), values));
    }
    // Only the group norm's scale and shift are unnamed floats of two dimensions.
    for (prefix, name) in [("onnx::Mul_", "weight"), ("onnx::Add_", "bias")] {
        let fits = |(n, c): &(&&str, &Constant<'_>)| n.starts_with(prefix) && c.dims.len() == 2;
        let values = constants.iter().filter(fits).find_map(|(_, c)| c.floats())?;
        out.push((format!("enc.groupnorm.{name}"), Values::Floats(values)));
    }
    Some(out)
}

fn decoder(graph: Table<'_>, constants: &Constants<'_>) -> Option<Named> {
    let mut out = layers("dec", graph, constants)?;
    let embed = Quantised::find(constants, "model.decoder.embed_tokens.weight_merged_0")?;
    let [rows, columns] = *embed.dims.as_slice() else { return None };
    out.push(("dec.embed".to_owned(), embed.matrix(rows, columns, |r, c| r * columns + c)));
    Some(out)
}

/// What both halves have: norms, biases and the layers' matrices.
fn layers(part: &str, graph: Table<'_>, constants: &Constants<'_>) -> Option<Named> {
    let mut out = Named::new();
    for (name, constant) in constants {
        if let Some(target) = plain_name(name) {
            out.push((format!("{part}.{target}"), Values::Floats(constant.floats()?)));
        }
    }
    for node in nodes(graph) {
        let op = node.string(field::NODE_OP)?;
        if !["MatMul", "MatMulIntegerToFloat", "DynamicQuantizeMatMul"].contains(&op) {
            continue;
        }
        let Some(target) = node.strings(field::NODE_OUTPUTS).next().and_then(matrix_name) else {
            continue;
        };
        let input = node.strings(field::NODE_INPUTS).nth(1)?;
        let base = input.strip_suffix("_quantized").or_else(|| input.strip_suffix("_add_tensor"));
        let weights = Quantised::find(constants, base.unwrap_or(input))?;
        // Stored by input; a product wants them by output.
        let [columns, rows] = *weights.dims.as_slice() else { return None };
        let values = weights.matrix(rows, columns, |r, c| c * rows + r);
        out.push((format!("{part}.{target}"), values));
    }
    Some(out)
}

fn constants<'a>(graph: Table<'a>) -> Constants<'a> {
    let constant = |t: Table<'a>| {
        let dims = t.numbers(field::TENSOR_DIMS).unwrap_or_default();
        let dims = dims.into_iter().filter_map(|d| usize::try_from(d).ok()).collect();
        let (kind, data) = (t.i32(field::TENSOR_TYPE)?, t.data(field::TENSOR_DATA)?);
        Some((t.string(field::TENSOR_NAME)?, Constant { dims, kind, data }))
    };
    graph.tables(field::GRAPH_INITIALIZERS).filter_map(constant).collect()
}

/// The nodes of the graph, and those of the branch for the first token.
fn nodes<'a>(graph: Table<'a>) -> impl Iterator<Item = Table<'a>> {
    let branch = |node: Table<'a>| {
        let mut attributes = node.tables(field::NODE_ATTRIBUTES);
        let first = attributes.find(|a| a.string(field::ATTRIBUTE_NAME) == Some("else_branch"));
        let graph = first.and_then(|a| a.table(field::ATTRIBUTE_GRAPH));
        graph.into_iter().flat_map(|g| g.tables(field::GRAPH_NODES))
    };
    let nodes = graph.tables(field::GRAPH_NODES);
    nodes.flat_map(move |node| std::iter::once(node).chain(branch(node)))
}

/// Norms and biases keep their names, except for what [`block_name`] evens out.
fn plain_name(name: &str) -> Option<String> {
    let name = name.strip_prefix("model.decoder.").unwrap_or(name);
    let name = name.strip_suffix("_merged_0").unwrap_or(name);
    let whole = ["norm.weight", "layer_norm.weight", "conv2.bias", "conv3.bias"].contains(&name);
    let layer = name.starts_with("layers.")
        && (name.ends_with(".bias") || name.ends_with("layernorm.weight"));
    let even = || name.split('.').map(block_name).collect::<Vec<_>>().join(".");
    (whole || layer).then(even)
}

/// What a matrix is for, from the name of its product: `…/layers.0/self_attn/q_proj/MatMul…`.
fn matrix_name(output: &str) -> Option<String> {
    let parts: Vec<&str> = output.split('/').collect();
    let at = parts.iter().position(|p| p.starts_with("layers."))?;
    let [layer, block, matrix] = *parts.get(at..at + 3)? else { return None };
    let known = ["q_proj", "k_proj", "v_proj", "o_proj", "fc1", "fc2"];
    let (matrix, blocks) = (block_name(matrix), ["self_attn", "encoder_attn", "mlp"]);
    let is_known = blocks.contains(&block) && known.contains(&matrix);
    is_known.then(|| format!("{layer}.{block}.{matrix}"))
}

/// The sizes of the model name some blocks differently.
fn block_name(name: &str) -> &str {
    match name {
        "dense" => "o_proj",
        "up_proj" => "fc1",
        "down_proj" => "fc2",
        other => other,
    }
}

/// Weights in eight bits: `q · scale + offset`.
struct Quantised {
    dims: Vec<usize>,
    q: Vec<i8>,
    scale: f32,
    offset: f32,
}

impl Quantised {
    fn find(constants: &Constants<'_>, base: &str) -> Option<Self> {
        let part = |suffix: &str| constants.get(format!("{base}_{suffix}").as_str());
        let (weights, zero) = (part("quantized")?, part("zero_point")?);
        let scale = *part("scale")?.floats()?.first()?;
        let offset = match (zero.kind, zero.data.first()?) {
            (FLOAT, _) => *zero.floats()?.first()?,
            (UINT8, zero) => -scale * f32::from(*zero),
            (INT8, zero) => -scale * f32::from(zero.cast_signed()),
            _ => return None,
        };
        let signed = weights.data.iter().map(|b| b.cast_signed());
        // Unsigned weights move down by 128, which the offset makes good.
        let (q, offset) = match weights.kind {
            INT8 => (signed.collect(), offset),
            UINT8 => (signed.map(|b| b ^ i8::MIN).collect(), offset + 128.0 * scale),
            _ => return None,
        };
        let dims = weights.dims.clone();
        (dims.iter().product::<usize>() == weights.data.len()).then_some(Self {
            dims,
            q,
            scale,
            offset,
        })
    }

    /// Floats in 256 steps. The published convolutions of the tiny model are floats that were
    /// quantised so before: nothing is lost.
    fn spread(dims: Vec<usize>, weights: &[f32]) -> Option<Self> {
        let (low, high) = weights.iter().fold((0f32, 0f32), |(l, h), w| (l.min(*w), h.max(*w)));
        let scale = (high - low) / 255.0;
        let q = weights.iter().map(|w| (((w - low) / scale).round() - 128.0) as i8).collect();
        let whole = scale > 0.0 && dims.iter().product::<usize>() == weights.len();
        whole.then_some(Self { dims, q, scale, offset: low + 128.0 * scale })
    }

    /// The matrix whose elements lie where `at` says.
    fn matrix(&self, rows: usize, columns: usize, at: impl Fn(usize, usize) -> usize) -> Values {
        let q = |r, c| self.q.get(at(r, c)).copied().unwrap_or_default();
        let panels = Matrix8::pack(rows, columns, q);
        Values::Matrix(Matrix8 { panels, rows, columns, scale: self.scale, offset: self.offset })
    }
}

/// A convolution as a matrix over windows of time × channel; stored as output × channel × time.
fn convolution(constants: &Constants<'_>, name: &str, length: usize) -> Option<Values> {
    let weights = Quantised::find(constants, name).or_else(|| {
        let floats = constants.get(format!("{name}_add_tensor").as_str())?;
        Quantised::spread(floats.dims.clone(), &floats.floats()?)
    })?;
    let [rows, channels, stored] = *weights.dims.as_slice() else { return None };
    let at = |r, c| (r * channels + c % channels) * length + c / channels;
    (stored == length).then(|| weights.matrix(rows, length * channels, at))
}
