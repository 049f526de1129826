//! The VITS graph in its parts: phoneme ids to the prior, the prior to the latent (the flow), the
//! latent to samples (the decoder).
//!
//! All of them run on rten, and the decoder only if its layers are not known to our own: see
//! [`Decoder`]. The flow and the decoder are stacks of convolutions: a window with enough context gives the
//! same frames as the whole (J. Kim et al., "Conditional Variational Autoencoder with Adversarial
//! Learning for End-to-End Text-to-Speech", 2021). It deliberately knows no text and no words.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_core::{Code, Error, Result};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_tensor::{NdTensor, Tensor, prelude::*};

use crate::{
    decoder::{Decoder, Stream},
    frames::Frames,
    graph::{self, Cuts},
};

/// A loaded graph.
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
    /// `None` if the decoder has layers that only rten knows.
    pub(crate) decoder: Option<Decoder>,
    /// Samples per frame.
    hop: usize,
    runs: AtomicU64,
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

/// The value that holds the samples.
const OUTPUT: &str = "output";

fn failed(what: &str) -> Error {
    Error::new("piper.speak", Code::Internal, format!("the voice model failed: {what}"))
}

impl Vits {
    /// Loads a graph and runs it once on the ids of a shortest phrase.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it is not a VITS graph,
    /// `invalid_input` if it has no value named `latent`.
    pub(crate) fn load(
        path: &Path,
        latent: Option<&str>,
        threads: usize,
        shortest: &[i32],
    ) -> Result<Self> {
        let bad = |what: String| {
            Error::new("piper.load", Code::Corrupt, format!("{}: {what}", path.display()))
                .with_help(
                    "fetch the voice again; a Piper voice is a pair NAME.onnx, NAME.onnx.json",
                )
        };
        std::fs::metadata(path).map_err(|e| {
            Error::new("piper.load", Code::Storage, format!("{}: {e}", path.display()))
        })?;
        let graph = graph::read(path).map_err(|e| bad(format!("not an ONNX file ({e})")))?;
        let cuts = Cuts::among(&graph.node);
        let decoder = latent.or(cuts.latent.as_deref());
        let decoder = decoder.and_then(|latent| Decoder::plan(&graph, latent, OUTPUT).ok());
        // Its weights are large, and are in memory once more from here on.
        drop(graph);
        let model = ModelOptions::with_all_ops()
            .prepack_weights(true)
            .load_file(path)
            .map_err(|e| bad(format!("not a voice model ({e})")))?;
        let node = |name: &str| {
            model.find_node(name).ok_or_else(|| bad(format!("the graph has no {name:?}")))
        };
        let find = |name: &Option<String>| name.as_ref().and_then(|name| model.find_node(name));
        let latent = match latent {
            Some(name) => Some(node(name).map_err(|e| {
                Error::new("piper.load", Code::InvalidInput, e.detail().to_owned())
                    .with_help("leave latent_node unset to have it found")
            })?),
            None => find(&cuts.latent),
        };
        let flow = cuts.flow.as_ref().and_then(|f| {
            Some(FlowNodes { prior: model.find_node(&f.prior)?, mask: model.find_node(&f.mask)? })
        });
        let mut this = Self {
            input: node("input")?,
            lengths: node("input_lengths")?,
            scales: node("scales")?,
            output: node(OUTPUT)?,
            speaker: model.find_node("sid"),
            flow: flow.filter(|_| latent.is_some()),
            latent,
            durations: find(&cuts.durations),
            decoder,
            pool: Arc::new(ThreadPool::with_num_threads(threads.max(1))),
            hop: 0,
            runs: AtomicU64::new(0),
            model,
        };
        this.hop = this.measure_hop(shortest).map_err(|e| bad(e.detail().to_owned()))?;
        this.decoder = this.decoder.filter(|decoder| decoder.hop() == this.hop);
        Ok(this)
    }

    /// Whether the graph can be left at the latent and entered there.
    pub(crate) const fn streams(&self) -> bool {
        self.latent.is_some()
    }

    pub(crate) const fn has_durations(&self) -> bool {
        self.durations.is_some()
    }

    /// Samples per frame.
    pub(crate) const fn hop(&self) -> usize {
        self.hop
    }

    /// How often a part of the graph was run.
    pub(crate) fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    /// Runs the graph up to the flow, or as far as it can be cut.
    pub(crate) fn encode(&self, ids: &[i32], manner: Manner) -> Result<Encoded> {
        let (sound, flows) = match (self.flow, self.latent) {
            (Some(flow), _) => (flow.prior, true),
            (None, Some(latent)) => (latent, false),
            (None, None) => (self.output, false),
        };
        let outputs: Vec<NodeId> = [Some(sound), self.durations].into_iter().flatten().collect();
        let mut values = self.run(self.inputs(ids, manner), &outputs)?.into_iter();
        let sound = values.next().ok_or_else(|| failed("it gave nothing"))?;
        let sound = match (flows, self.streams()) {
            (true, _) => Sound::Prior(Frames::of(&sound)?),
            (false, true) => Sound::Latent(Frames::of(&sound)?),
            (false, false) => Sound::Samples(sound.to_vec()),
        };
        let frames = |value: Tensor<f32>| value.iter().map(|f| f.max(0.0) as u64).collect();
        Ok(Encoded { sound, durations: values.next().map(frames).unwrap_or_default() })
    }

    /// Runs the flow on frames of the prior: as many frames of the latent.
    pub(crate) fn flow(&self, prior: Frames) -> Result<Frames> {
        let (Some(flow), Some(latent)) = (self.flow, self.latent) else { return Ok(prior) };
        let mask = NdTensor::full([1, 1, prior.len()], 1.0);
        let inputs = vec![(flow.prior, prior.into_tensor().into()), (flow.mask, mask.into())];
        let latent = self.run(inputs, &[latent])?.into_iter().next();
        Frames::of(&latent.ok_or_else(|| failed("it gave no latent"))?)
    }

    /// The samples that are certain with the next frames of the latent; with `last`, all that
    /// remain. `None` if the decoder cannot run piece by piece: see [`decode`](Self::decode).
    pub(crate) fn stream(&self, to: &mut Stream, latent: &Frames, last: bool) -> Option<Vec<f32>> {
        let decoder = self.decoder.as_ref()?;
        self.runs.fetch_add(1, Ordering::Relaxed);
        Some(decoder.push(to, latent, last))
    }

    /// Runs the decoder of the graph on rten: frames of the latent to samples.
    pub(crate) fn decode(&self, latent: Frames) -> Result<Vec<f32>> {
        let node = self.latent.ok_or_else(|| failed("it cannot be entered at the latent"))?;
        let samples = self.run(vec![(node, latent.into_tensor().into())], &[self.output])?;
        Ok(samples.into_iter().next().map(|s| s.to_vec()).unwrap_or_default())
    }

    fn inputs(&self, ids: &[i32], manner: Manner) -> Vec<(NodeId, ValueOrView<'static>)> {
        let n = ids.len();
        let length = i32::try_from(n).unwrap_or(i32::MAX);
        let mut inputs: Vec<(NodeId, ValueOrView<'static>)> = vec![
            (self.input, NdTensor::from_data([1, n], ids.to_vec()).into()),
            (self.lengths, NdTensor::from_data([1], vec![length]).into()),
            (self.scales, NdTensor::from_data([3], manner.scales.to_vec()).into()),
        ];
        if let Some(sid) = self.speaker {
            inputs.push((sid, NdTensor::from_data([1], vec![manner.speaker]).into()));
        }
        inputs
    }

    fn run(
        &self,
        inputs: Vec<(NodeId, ValueOrView<'static>)>,
        outputs: &[NodeId],
    ) -> Result<Vec<Tensor<f32>>> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let model = |e| failed("it cannot be run").with_source(e);
        let values = self.model.run(inputs, outputs, Some(options)).map_err(model)?;
        let float = |value: Value| {
            value.try_into().map_err(|e| failed("a value has another type").with_source(e))
        };
        values.into_iter().map(float).collect()
    }

    /// Runs every part once on a shortest phrase. Returns samples per frame, 1 if the graph does
    /// not tell.
    fn measure_hop(&self, shortest: &[i32]) -> Result<usize> {
        let encoded = self.encode(shortest, Manner { scales: [0.0, 1.0, 0.0], speaker: 0 })?;
        let (frames, samples) = match encoded.sound {
            Sound::Prior(prior) => (prior.len(), self.decode(self.flow(prior)?)?.len()),
            Sound::Latent(latent) => (latent.len(), self.decode(latent)?.len()),
            Sound::Samples(samples) => {
                let frames: u64 = encoded.durations.iter().sum();
                (usize::try_from(frames).unwrap_or(usize::MAX), samples.len())
            }
        };
        match samples.checked_div(frames) {
            None => Ok(1),
            Some(hop) if hop > 0 && hop * frames == samples => Ok(hop),
            Some(_) => Err(failed(&format!("{samples} samples from {frames} frames"))),
        }
    }
}
