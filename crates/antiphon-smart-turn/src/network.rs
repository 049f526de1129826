//! The network, run by rten.

use std::{error::Error as StdError, sync::Arc};

use antiphon_core::{Code, Error, Result};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool};
use rten_tensor::{NdTensor, NdTensorView, prelude::*};

use crate::mel::{BANDS, FRAMES};

pub(crate) struct Network {
    model: Model,
    input: NodeId,
    output: NodeId,
    pool: Arc<ThreadPool>,
}

impl Network {
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn from_onnx(bytes: Vec<u8>) -> Result<Self, Box<dyn StdError + Send + Sync>> {
        let mut options = ModelOptions::with_all_ops();
        let model = options.prepack_weights(true).load(bytes)?;
        Ok(Self {
            input: model.node_id("input_features")?,
            output: model.node_id("logits")?,
            model,
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }

    /// Probability that the turn is finished, from [`FRAMES`] rows of [`BANDS`] features.
    pub(crate) fn probability(&self, features: &[f32]) -> Result<f32> {
        self.run(features).map_err(|e| {
            Error::new("smart_turn.predict", Code::Internal, e.to_string()).with_source(e)
        })
    }

    fn run(&self, features: &[f32]) -> Result<f32, Box<dyn StdError + Send + Sync>> {
        let features = NdTensorView::from_data([1, FRAMES, BANDS], features);
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let inputs = vec![(self.input, features.permuted([0, 2, 1]).into())];
        let [output] = self.model.run_n(inputs, [self.output], Some(options))?;
        let output: NdTensor<f32, 2> = output.try_into()?;
        Ok(output.iter().next().copied().ok_or("no output")?)
    }
}
