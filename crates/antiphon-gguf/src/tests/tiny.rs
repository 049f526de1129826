//! A GGUF file of a model that is complete, tiny and random.

use std::fs::File;

use candle_core::{
    Device, Tensor,
    quantized::{
        GgmlDType, QTensor,
        gguf_file::{Value, write},
    },
};
use tempfile::TempDir;

use super::noise;
use crate::{cache::Cache, forward::Decoder, gguf::GgufFile};

pub(crate) const LAYERS: usize = 2;
pub(crate) const WIDTH: usize = 256;
pub(crate) const HIDDEN: usize = 512;
pub(crate) const HEADS: usize = 4;
pub(crate) const KV_HEADS: usize = 2;
pub(crate) const HEAD_DIM: usize = 64;
pub(crate) const CONTEXT: usize = 256;
/// Three control tokens, one for each byte, and two merged ones.
pub(crate) const VOCABULARY: usize = 3 + 256 + 2;

/// What the file holds; tests change it before writing.
pub(crate) struct Tiny {
    pub(crate) metadata: Vec<(String, Value)>,
    pub(crate) tensors: Vec<(String, QTensor)>,
}

impl Tiny {
    /// A model of `"llama"` or `"qwen2"`; the latter with biases and an output of its own.
    pub(crate) fn new(architecture: &str) -> Self {
        let qwen = architecture == "qwen2";
        let mut tensors = vec![
            matrix("token_embd.weight", [VOCABULARY, WIDTH], GgmlDType::Q8_0, 1.0),
            vector("output_norm.weight", WIDTH, 1.0),
        ];
        if qwen {
            tensors.push(matrix("output.weight", [VOCABULARY, WIDTH], GgmlDType::Q6K, 1.0));
        }
        for n in 0..LAYERS {
            tensors.extend(layer(n, qwen));
        }
        Self { metadata: metadata(architecture), tensors }
    }

    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.metadata.retain(|(k, _)| k != key);
        self.metadata.push((key.to_owned(), value));
        self
    }

    pub(crate) fn replace(mut self, tensor: (String, QTensor)) -> Self {
        self.tensors.retain(|(name, _)| *name != tensor.0);
        self.tensors.push(tensor);
        self
    }

    pub(crate) fn write(&self) -> (TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        let metadata: Vec<_> = self.metadata.iter().map(|(k, v)| (k.as_str(), v)).collect();
        let tensors: Vec<_> = self.tensors.iter().map(|(k, v)| (k.as_str(), v)).collect();
        write(&mut File::create(&path).unwrap(), &metadata, &tensors).unwrap();
        (folder, path)
    }

    /// The decoder that reads it, and an empty cache.
    pub(crate) fn decoder(&self) -> (Decoder, Cache) {
        let (_folder, path) = self.write();
        let decoder = Decoder::read(&mut GgufFile::open(&path).unwrap()).unwrap();
        let cache = Cache::new(&decoder.config);
        (decoder, cache)
    }
}

fn layer(n: usize, qwen: bool) -> Vec<(String, QTensor)> {
    let name = |part: &str| format!("blk.{n}.{part}");
    let (query, kv) = (HEADS * HEAD_DIM, KV_HEADS * HEAD_DIM);
    let of = |part: &str, shape, dtype| matrix(&name(part), shape, dtype, 0.1);
    let mut tensors = vec![
        vector(&name("attn_norm.weight"), WIDTH, 1.0),
        vector(&name("ffn_norm.weight"), WIDTH, 1.0),
        of("attn_q.weight", [query, WIDTH], GgmlDType::Q4_1),
        of("attn_k.weight", [kv, WIDTH], GgmlDType::Q5_0),
        of("attn_v.weight", [kv, WIDTH], GgmlDType::Q8_0),
        of("attn_output.weight", [WIDTH, query], GgmlDType::Q4_0),
        of("ffn_gate.weight", [HIDDEN, WIDTH], GgmlDType::Q4K),
        of("ffn_up.weight", [HIDDEN, WIDTH], GgmlDType::Q5K),
        of("ffn_down.weight", [WIDTH, HIDDEN], GgmlDType::Q6K),
    ];
    if qwen {
        tensors.push(vector(&name("attn_q.bias"), query, 0.5));
        tensors.push(vector(&name("attn_k.bias"), kv, 0.5));
        tensors.push(vector(&name("attn_v.bias"), kv, 0.5));
    }
    tensors
}

pub(crate) fn matrix(
    name: &str,
    shape: [usize; 2],
    dtype: GgmlDType,
    size: f32,
) -> (String, QTensor) {
    let seed = name.bytes().fold(7_u32, |seed, b| seed.wrapping_mul(31).wrapping_add(b.into()));
    let values = noise(shape[0] * shape[1], seed).iter().map(|v| v * size).collect();
    let tensor = Tensor::from_vec(values, (shape[0], shape[1]), &Device::Cpu).unwrap();
    (name.to_owned(), QTensor::quantize(&tensor, dtype).unwrap())
}

fn vector(name: &str, len: usize, size: f32) -> (String, QTensor) {
    let values = noise(len, len as u32).iter().map(|v| v * size).collect();
    let tensor = Tensor::from_vec(values, len, &Device::Cpu).unwrap();
    (name.to_owned(), QTensor::quantize(&tensor, GgmlDType::F32).unwrap())
}

fn metadata(architecture: &str) -> Vec<(String, Value)> {
    let text = |s: &str| Value::String(s.to_owned());
    let own = |key: &str, value: Value| (format!("{architecture}.{key}"), value);
    let number = |n: usize| Value::U32(n as u32);
    let pre = if architecture == "qwen2" { "qwen2" } else { "smollm" };
    let tokens: Vec<_> = tokens().iter().map(|t| text(t)).collect();
    let kinds = (0..VOCABULARY).map(|n| Value::I32(if n < 3 { 3 } else { 1 })).collect();
    vec![
        ("general.architecture".to_owned(), text(architecture)),
        own("block_count", number(LAYERS)),
        own("context_length", number(CONTEXT)),
        own("embedding_length", number(WIDTH)),
        own("feed_forward_length", number(HIDDEN)),
        own("attention.head_count", number(HEADS)),
        own("attention.head_count_kv", number(KV_HEADS)),
        own("attention.layer_norm_rms_epsilon", Value::F32(1e-5)),
        own("rope.freq_base", Value::F32(10_000.0)),
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), text(pre)),
        ("tokenizer.ggml.tokens".to_owned(), Value::Array(tokens)),
        ("tokenizer.ggml.token_type".to_owned(), Value::Array(kinds)),
        ("tokenizer.ggml.merges".to_owned(), Value::Array(vec![text("h e"), text("Ġ he")])),
        ("tokenizer.chat_template".to_owned(), text("<|im_start|>{{role}}{{content}}<|im_end|>")),
    ]
}

/// Control tokens, GPT-2's characters for the bytes 0 to 255, and what the merges make of them.
fn tokens() -> Vec<String> {
    let printable = |b: &u32| matches!(b, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let mut others = 0x100..;
    let bytes = (0..256).map(|b| {
        let code = if printable(&b) { b } else { others.next().unwrap() };
        char::from_u32(code).unwrap().to_string()
    });
    let control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned);
    control.into_iter().chain(bytes).chain(["he".to_owned(), "Ġhe".to_owned()]).collect()
}
