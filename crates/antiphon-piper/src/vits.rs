//! The VITS graph in its parts: phoneme ids to the prior, the prior to the latent (the flow), the
//! latent to samples (the decoder).
//!
//! The flow and the decoder are stacks of convolutions: a window with enough context gives the
//! same frames as the whole (J. Kim et al., "Conditional Variational Autoencoder with Adversarial
//! Learning for End-to-End Text-to-Speech", 2021). It deliberately knows no text and no words.

use std::{
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_core::{Code, Error, Result};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensor;

use crate::{graph::Cuts, windows::Windows};

/// Windows of the decoder, in frames of about 12 ms. The first is small for a quick start; a
/// large one costs less per frame. With this context they join below −60 dB.
pub(crate) const DECODER: Windows = Windows { first: 20, growth: 20, largest: 60, context: 8 };

/// Windows of the flow. The first serves the decoder's first one and its context. The context is
/// exact: 4 couplings of 4 convolutions of width 5 see 32 frames to each side.
pub(crate) const FLOW: Windows = Windows { first: 28, growth: 36, largest: 128, context: 32 };

/// A loaded graph. Running it needs no lock.
pub(crate) struct Vits {
    model: Model,
    pool: Arc<ThreadPool>,
    input: NodeId,
    lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    output: NodeId,
    latent: Option<NodeId>,
    flow: Option<FlowNodes>,
    durations: Option<NodeId>,
    /// Samples per frame.
    hop: usize,
    windows: AtomicU64,
}

#[derive(Clone, Copy)]
struct FlowNodes {
    prior: NodeId,
    mask: NodeId,
}

/// How one phrase is to be spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Manner {
    /// Noise, length and duration-noise scales, as the graph takes them.
    pub(crate) scales: [f32; 3],
    /// Number of the speaker; without meaning for voices of one speaker.
    pub(crate) speaker: i32,
}

/// A phrase after the encoder.
pub(crate) struct Encoded {
    pub(crate) sound: Sound,
    /// Frames per phoneme id; empty if the graph does not tell.
    pub(crate) durations: Vec<u64>,
}

/// What the encoder leaves to be done.
pub(crate) enum Sound {
    /// The flow, then the decoder.
    Prior(Frames),
    /// The decoder.
    Latent(Frames),
    /// Nothing: the graph cannot be cut, these are the samples.
    Samples(Vec<f32>),
}

/// Vectors over time: 1 x `channels` x `frames`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frames {
    channels: usize,
    frames: usize,
    data: Vec<f32>,
}

impl Frames {
    pub(crate) const fn len(&self) -> usize {
        self.frames
    }

    /// A copy of some frames; those out of range are left out.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let range = range.start.min(self.frames)..range.end.min(self.frames);
        let rows = self.data.chunks_exact(self.frames.max(1)).take(self.channels);
        let data = rows.flat_map(|row| row.get(range.clone()).unwrap_or_default());
        Self { channels: self.channels, frames: range.len(), data: data.copied().collect() }
    }

    /// Adds frames at the end. Both have the same channels, or `self` is empty.
    pub(crate) fn append(&mut self, more: &Self) {
        let row = |of: &Self, n: usize| of.data.chunks_exact(of.frames.max(1)).nth(n).map(<[_]>::to_vec);
        let rows = (0..more.channels).flat_map(|n| [row(self, n), row(more, n)]);
        self.data = rows.flatten().flatten().collect();
        self.channels = more.channels;
        self.frames += more.frames;
    }

    pub(crate) const fn empty() -> Self {
        Self { channels: 0, frames: 0, data: Vec::new() }
    }

    fn tensor(self) -> NdTensor<f32, 3> {
        NdTensor::from_data([1, self.channels, self.frames], self.data)
    }
}

fn failed(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new("piper.speak", Code::Internal, format!("the voice model failed: {e}")).with_source(e)
}

impl Vits {
    /// Loads a graph and runs it once on `silence`, a shortest phrase of the voice.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it is not a VITS graph,
    /// `invalid_input` if it has no value named `latent`.
    pub(crate) fn load(
        path: &Path,
        latent: Option<&str>,
        threads: usize,
        silence: &[i32],
    ) -> Result<Self> {
        let bad = |what: String| {
            Error::new("piper.load", Code::Corrupt, format!("{}: {what}", path.display()))
                .with_help("fetch the voice again; a Piper voice is a pair NAME.onnx, NAME.onnx.json")
        };
        std::fs::metadata(path).map_err(|e| {
            Error::new("piper.load", Code::Storage, format!("{}: {e}", path.display()))
        })?;
        let cuts = Cuts::find(path).map_err(|e| bad(format!("not an ONNX file ({e})")))?;
        let model = ModelOptions::with_all_ops()
            .load_file(path)
            .map_err(|e| bad(format!("not a voice model ({e})")))?;
        let node = |name: &str| {
            model.find_node(name).ok_or_else(|| bad(format!("the graph has no {name:?}")))
        };
        let find = |name: &Option<String>| name.as_ref().and_then(|name| model.find_node(name));
        let flow = cuts.flow.as_ref().and_then(|f| {
            Some(FlowNodes { prior: model.find_node(&f.prior)?, mask: model.find_node(&f.mask)? })
        });
        let latent = match latent {
            Some(name) => Some(node(name).map_err(|e| {
                Error::new("piper.load", Code::InvalidInput, e.detail().to_owned())
                    .with_help("leave latent_node unset to have it found")
            })?),
            None => find(&cuts.latent),
        };
        let mut this = Self {
            input: node("input")?,
            lengths: node("input_lengths")?,
            scales: node("scales")?,
            output: node("output")?,
            speaker: model.find_node("sid"),
            flow: flow.filter(|_| latent.is_some()),
            latent,
            durations: find(&cuts.durations),
            pool: Arc::new(ThreadPool::with_num_threads(threads.max(1))),
            hop: 0,
            windows: AtomicU64::new(0),
            model,
        };
        this.hop = this.measure_hop(silence).map_err(|e| bad(e.detail().to_owned()))?;
        Ok(this)
    }

    /// Runs every part once. Returns samples per frame, 1 if the graph does not tell.
    fn measure_hop(&self, silence: &[i32]) -> Result<usize> {
        let encoded = self.encode(silence, Manner { scales: [0.0, 1.0, 0.0], speaker: 0 })?;
        let durations = encoded.durations.iter().sum::<u64>() as usize;
        let (frames, samples) = match encoded.sound {
            Sound::Prior(prior) => (prior.len(), self.whole(&self.flow(prior, 0)?)?),
            Sound::Latent(latent) => (latent.len(), self.whole(&latent)?),
            Sound::Samples(samples) => (durations.max(1), samples),
        };
        match samples.len().checked_div(frames) {
            Some(hop) if hop > 0 && hop * frames == samples.len() => Ok(hop),
            _ if frames == 1 => Ok(1),
            _ => {
                let what = format!("{} samples from {frames} frames", samples.len());
                Err(Error::new("piper.load", Code::Corrupt, what))
            }
        }
    }
}
