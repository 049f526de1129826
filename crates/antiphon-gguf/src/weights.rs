//! The weights of a decoder: read once, shared by every conversation.
//!
//! It deliberately computes nothing with them.

use antiphon_core::Result;

use crate::{config::Config, gguf::GgufFile, matrix::Matrix};

/// All weights of a model.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(crate) embedding: Matrix,
    pub(crate) layers: Vec<Layer>,
    pub(crate) norm: Vec<f32>,
    /// `None` if the embedding is the output as well.
    output: Option<Matrix>,
}

/// The weights of one layer.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) attention_norm: Vec<f32>,
    pub(crate) query: Linear,
    pub(crate) key: Linear,
    pub(crate) value: Linear,
    pub(crate) attention_output: Linear,
    pub(crate) feed_forward_norm: Vec<f32>,
    pub(crate) gate: Linear,
    pub(crate) up: Linear,
    pub(crate) down: Linear,
}

/// A matrix, and a bias in some models.
#[derive(Debug)]
pub(crate) struct Linear {
    pub(crate) matrix: Matrix,
    pub(crate) bias: Option<Vec<f32>>,
}

impl Weights {
    /// Reads every tensor that `config` calls for.
    pub(crate) fn read(file: &mut GgufFile, config: &Config) -> Result<Self> {
        let table = [config.vocabulary, config.width];
        let embedding = file.matrix("token_embd.weight", table)?;
        let layers = (0..config.layers).map(|n| Layer::read(file, config, n));
        let layers = layers.collect::<Result<_>>()?;
        let norm = file.vector("output_norm.weight", config.width)?;
        let untied = file.has("output.weight");
        let output = if untied { Some(file.matrix("output.weight", table)?) } else { None };
        Ok(Self { embedding, layers, norm, output })
    }

    /// What turns the last layer's values into a logit for each token.
    pub(crate) fn output(&self) -> &Matrix {
        self.output.as_ref().unwrap_or(&self.embedding)
    }
}

impl Layer {
    fn read(file: &mut GgufFile, config: &Config, n: usize) -> Result<Self> {
        let Config { width, hidden, .. } = *config;
        let (query, kv) = (config.query_width(), config.kv_width());
        let name = |part: &str| format!("blk.{n}.{part}");
        Ok(Self {
            attention_norm: file.vector(&name("attn_norm.weight"), width)?,
            query: Linear::read(file, &name("attn_q"), [query, width])?,
            key: Linear::read(file, &name("attn_k"), [kv, width])?,
            value: Linear::read(file, &name("attn_v"), [kv, width])?,
            attention_output: Linear::read(file, &name("attn_output"), [width, query])?,
            feed_forward_norm: file.vector(&name("ffn_norm.weight"), width)?,
            gate: Linear::read(file, &name("ffn_gate"), [hidden, width])?,
            up: Linear::read(file, &name("ffn_up"), [hidden, width])?,
            down: Linear::read(file, &name("ffn_down"), [width, hidden])?,
        })
    }
}

impl Linear {
    fn read(file: &mut GgufFile, name: &str, shape: [usize; 2]) -> Result<Self> {
        let matrix = file.matrix(&format!("{name}.weight"), shape)?;
        let bias = format!("{name}.bias");
        let bias = if file.has(&bias) { Some(file.vector(&bias, shape[0])?) } else { None };
        Ok(Self { matrix, bias })
    }
}
