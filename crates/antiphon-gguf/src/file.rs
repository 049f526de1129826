//! The GGUF file: its metadata as a configuration, its tensors as weights.

use std::{fs::File, io::BufReader, path::Path};

use antiphon_core::{Code, Error, Result};
use candle_core::{
    Device,
    quantized::gguf_file::{Content, Value},
};

use crate::kernels::{BLOCK, Blocks};

/// How pairs of a head's dimensions are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RopeLayout {
    /// Neighbours, as GGUF stores llama models.
    Interleaved,
    /// A dimension and the one half a head further, as in qwen2.
    Halves,
}

/// The model's shape.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    pub(crate) name: String,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) kv_heads: usize,
    pub(crate) head: usize,
    pub(crate) context: usize,
    pub(crate) epsilon: f32,
    pub(crate) rope_base: f32,
    pub(crate) rope: RopeLayout,
}

/// All weights, shared by every conversation.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) shape: Shape,
    pub(crate) embed: Blocks,
    /// `None` if the embedding is the output as well.
    pub(crate) output: Option<Blocks>,
    pub(crate) norm: Vec<f32>,
    pub(crate) layers: Vec<Layer>,
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) norm1: Vec<f32>,
    pub(crate) q: Linear,
    pub(crate) k: Linear,
    pub(crate) v: Linear,
    pub(crate) o: Linear,
    pub(crate) norm2: Vec<f32>,
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// A matrix and, in some models, a bias.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) weight: Blocks,
    pub(crate) bias: Vec<f32>,
}

/// An open file.
pub(crate) struct Source {
    pub(crate) content: Content,
    reader: BufReader<File>,
    path: String,
}

impl Source {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path)
            .map_err(|e| Error::new("llm.load", Code::Storage, format!("{name}: {e}")))?;
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(|e| {
            Error::new("llm.load", Code::Corrupt, format!("{name}: not a GGUF model ({e})"))
                .with_help("remove it from the cache and fetch it again: antiphon models fetch")
        })?;
        Ok(Self { content, reader, path: name })
    }

    pub(crate) fn error(&self, what: impl std::fmt::Display) -> Error {
        Error::new("llm.load", Code::InvalidInput, format!("{}: {what}", self.path))
            .with_help("GGUF files of the architectures llama and qwen2 can be run")
    }

    fn value(&self, key: &str) -> Result<&Value> {
        self.content.metadata.get(key).ok_or_else(|| self.error(format!("{key} is missing")))
    }

    pub(crate) fn string(&self, key: &str) -> Result<&str> {
        let value = self.value(key)?;
        value.to_string().map(String::as_str).map_err(|e| self.error(format!("{key}: {e}")))
    }

    fn number(&self, key: &str) -> Result<usize> {
        let value = self.value(key)?;
        let n = value.to_u32().map_err(|e| self.error(format!("{key}: {e}")))?;
        Ok(n as usize)
    }

    fn float(&self, key: &str) -> Result<f32> {
        self.value(key)?.to_f32().map_err(|e| self.error(format!("{key}: {e}")))
    }

    pub(crate) fn shape(&self) -> Result<Shape> {
        let arch = self.string("general.architecture")?.to_owned();
        let rope = match arch.as_str() {
            "llama" => RopeLayout::Interleaved,
            "qwen2" => RopeLayout::Halves,
            other => return Err(self.error(format!("the architecture {other:?} is not known"))),
        };
        let number = |key: &str| self.number(&format!("{arch}.{key}"));
        let (width, heads) = (number("embedding_length")?, number("attention.head_count")?);
        let shape = Shape {
            name: self.string("general.name").unwrap_or("a local model").to_owned(),
            layers: number("block_count")?,
            width,
            heads,
            kv_heads: number("attention.head_count_kv")?,
            head: width / heads.max(1),
            context: number("context_length")?,
            epsilon: self.float(&format!("{arch}.attention.layer_norm_rms_epsilon"))?,
            rope_base: self.float(&format!("{arch}.rope.freq_base")).unwrap_or(10_000.0),
            rope,
        };
        let sane = shape.heads > 0
            && shape.kv_heads > 0
            && shape.heads.is_multiple_of(shape.kv_heads)
            && shape.width.is_multiple_of(BLOCK * 2)
            && (1..=256).contains(&shape.layers);
        if sane { Ok(shape) } else { Err(self.error("its dimensions make no sense")) }
    }

    /// Reads all weights; tensors are requantised to eight bits one after the other.
    pub(crate) fn weights(&mut self) -> Result<Weights> {
        let shape = self.shape()?;
        let embed = self.matrix("token_embd.weight")?;
        let has_output = self.content.tensor_infos.contains_key("output.weight");
        let output = if has_output { Some(self.matrix("output.weight")?) } else { None };
        let norm = self.floats("output_norm.weight")?.0;
        let layers = (0..shape.layers).map(|n| self.layer(n)).collect::<Result<Vec<_>>>()?;
        Ok(Weights { shape, embed, output, norm, layers })
    }

    fn layer(&mut self, n: usize) -> Result<Layer> {
        Ok(Layer {
            norm1: self.floats(&format!("blk.{n}.attn_norm.weight"))?.0,
            q: self.linear(&format!("blk.{n}.attn_q"))?,
            k: self.linear(&format!("blk.{n}.attn_k"))?,
            v: self.linear(&format!("blk.{n}.attn_v"))?,
            o: self.linear(&format!("blk.{n}.attn_output"))?,
            norm2: self.floats(&format!("blk.{n}.ffn_norm.weight"))?.0,
            gate: self.linear(&format!("blk.{n}.ffn_gate"))?,
            up: self.linear(&format!("blk.{n}.ffn_up"))?,
            down: self.linear(&format!("blk.{n}.ffn_down"))?,
        })
    }

    fn linear(&mut self, name: &str) -> Result<Linear> {
        let weight = self.matrix(&format!("{name}.weight"))?;
        let bias = format!("{name}.bias");
        let has_bias = self.content.tensor_infos.contains_key(&bias);
        let bias = if has_bias { self.floats(&bias)?.0 } else { Vec::new() };
        Ok(Linear { weight, bias })
    }

    fn matrix(&mut self, name: &str) -> Result<Blocks> {
        let (values, dims) = self.floats(name)?;
        match dims.as_slice() {
            [_, columns] if columns.is_multiple_of(BLOCK) => {
                Ok(Blocks::quantise(&values, *columns))
            }
            _ => Err(self.error(format!("the tensor {name} has the shape {dims:?}"))),
        }
    }

    fn floats(&mut self, name: &str) -> Result<(Vec<f32>, Vec<usize>)> {
        let device = Device::Cpu;
        let tensor = self.content.tensor(&mut self.reader, name, &device);
        let read = tensor.and_then(|t| {
            let tensor = t.dequantize(&device)?;
            Ok((tensor.flatten_all()?.to_vec1::<f32>()?, tensor.dims().to_vec()))
        });
        read.map_err(|e| {
            let what = format!("{}: the tensor {name} cannot be read ({e})", self.path);
            Error::new("llm.load", Code::Corrupt, what)
                .with_help("remove the file from the cache and fetch it again")
        })
    }
}
