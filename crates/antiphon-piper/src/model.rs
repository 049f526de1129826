//! The VITS graph: phoneme ids to the latent, the latent to samples.

use std::{path::Path, sync::Arc};

use antiphon_core::{Code, Error, Result};
use rten::{Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::{NdTensor, Tensor, prelude::*};

/// Samples per latent frame of Piper's decoder: the product of its upsampling rates, 8·8·2·2.
pub(crate) const HOP: usize = 256;

/// The latent's value in the graphs Piper exports.
const LATENT: &str = "/Mul_7_output_0";

/// The durations' value, in frames per phoneme id.
const DURATIONS: &str = "/Ceil_output_0";

/// A loaded graph. Running it needs no lock.
pub(crate) struct Vits {
    model: Model,
    pool: Arc<ThreadPool>,
    input: NodeId,
    lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    latent: Option<NodeId>,
    durations: Option<NodeId>,
    output: NodeId,
}

/// The latent of an utterance: 1 × channels × frames.
#[derive(Clone, Debug)]
pub(crate) struct Latent {
    data: Vec<f32>,
    channels: usize,
    pub(crate) frames: usize,
    /// Frames per phoneme id, if the graph tells.
    pub(crate) durations: Vec<u64>,
}

fn failed(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new("piper.speak", Code::Internal, format!("the voice model failed: {e}")).with_source(e)
}

impl Vits {
    pub(crate) fn load(path: &Path, latent: Option<&str>, threads: usize) -> Result<Self> {
        let bad = |what: String| {
            Error::new("piper.load", Code::InvalidInput, format!("{}: {what}", path.display()))
                .with_help("fetch the voice again: antiphon models fetch piper-joe")
        };
        let model = Model::load_file(path).map_err(|e| bad(format!("not a voice model ({e})")))?;
        let node = |name: &str| {
            model.find_node(name).ok_or_else(|| bad(format!("the graph has no {name:?}")))
        };
        Ok(Self {
            input: node("input")?,
            lengths: node("input_lengths")?,
            scales: node("scales")?,
            output: node("output")?,
            speaker: model.find_node("sid"),
            latent: model.find_node(latent.unwrap_or(LATENT)),
            durations: model.find_node(DURATIONS),
            pool: Arc::new(ThreadPool::with_num_threads(threads.max(1))),
            model,
        })
    }

    /// Whether the graph can be stopped at the latent.
    pub(crate) const fn streams(&self) -> bool {
        self.latent.is_some()
    }

    pub(crate) const fn has_durations(&self) -> bool {
        self.durations.is_some()
    }

    fn options(&self) -> Option<RunOptions> {
        Some(RunOptions::default().with_thread_pool(Some(self.pool.clone())))
    }

    fn inputs(&self, ids: &[i32], scales: [f32; 3], speaker: i32) -> Vec<(NodeId, ValueOrView<'static>)> {
        let n = ids.len();
        let length = i32::try_from(n).unwrap_or(i32::MAX);
        let mut inputs: Vec<(NodeId, ValueOrView<'static>)> = vec![
            (self.input, NdTensor::from_data([1, n], ids.to_vec()).into()),
            (self.lengths, NdTensor::from_data([1], vec![length]).into()),
            (self.scales, NdTensor::from_data([3], scales.to_vec()).into()),
        ];
        if let Some(sid) = self.speaker {
            inputs.push((sid, NdTensor::from_data([1], vec![speaker]).into()));
        }
        inputs
    }

    /// Runs text encoder, durations and flow.
    pub(crate) fn latent(&self, ids: &[i32], scales: [f32; 3], speaker: i32) -> Result<Latent> {
        let node = self.latent.ok_or_else(|| {
            Error::new("piper.speak", Code::Internal, "the voice cannot be streamed")
        })?;
        let outputs: Vec<NodeId> = [Some(node), self.durations].into_iter().flatten().collect();
        let inputs = self.inputs(ids, scales, speaker);
        let mut values = self.model.run(inputs, &outputs, self.options()).map_err(failed)?.into_iter();
        let latent: Tensor<f32> = values.next().map(TryInto::try_into).transpose().map_err(failed)?
            .ok_or_else(|| Error::new("piper.speak", Code::Internal, "the voice gave no latent"))?;
        let durations: Option<Tensor<f32>> = values.next().map(TryInto::try_into).transpose().map_err(failed)?;
        let [_, channels, frames] = latent.shape() else {
            let what = format!("the latent has the shape {:?}", latent.shape());
            return Err(Error::new("piper.speak", Code::Internal, what));
        };
        let (channels, frames) = (*channels, *frames);
        let durations = durations.map(|d| d.iter().map(|f| f.max(0.0) as u64).collect());
        let durations = durations.unwrap_or_default();
        Ok(Latent { data: latent.to_vec(), channels, frames, durations })
    }

    /// Decodes frames `from..to` of a latent, with `context` frames on each side heard and
    /// discarded, so that windows join.
    pub(crate) fn decode(&self, z: &Latent, from: usize, to: usize, context: usize) -> Result<Vec<f32>> {
        let node = self.latent.ok_or_else(|| {
            Error::new("piper.speak", Code::Internal, "the voice cannot be streamed")
        })?;
        let (first, last) = (from.saturating_sub(context), (to + context).min(z.frames));
        let rows = z.data.chunks_exact(z.frames.max(1)).take(z.channels);
        let window: Vec<f32> =
            rows.flat_map(|row| row.get(first..last).unwrap_or_default()).copied().collect();
        let window = NdTensor::from_data([1, z.channels, last - first], window);
        let inputs = vec![(node, window.into())];
        let samples = self.samples(inputs)?;
        let keep = (from - first) * HOP..(to - first) * HOP;
        Ok(samples.get(keep).map(<[f32]>::to_vec).unwrap_or_default())
    }

    /// Runs the whole graph at once, for voices that cannot be streamed.
    pub(crate) fn whole(&self, ids: &[i32], scales: [f32; 3], speaker: i32) -> Result<Vec<f32>> {
        self.samples(self.inputs(ids, scales, speaker))
    }

    fn samples(&self, inputs: Vec<(NodeId, ValueOrView<'static>)>) -> Result<Vec<f32>> {
        let mut values = self.model.run(inputs, &[self.output], self.options()).map_err(failed)?;
        let value = values.pop().map(TryInto::try_into).transpose().map_err(failed)?;
        let samples: Option<Tensor<f32>> = value;
        Ok(samples.map(|s| s.to_vec()).unwrap_or_default())
    }
}
