//! The smart-turn end-of-turn detector, version 3: judges from the sound of the last eight seconds
//! whether the user is done.
//!
//! It deliberately knows no policy: how long to wait at which probability is decided in
//! `antiphon_turn`.

mod integer;
mod mel;
mod network;
mod worker;

use std::{fmt, path::Path};

use antiphon_core::{Code, Error, Result};
use antiphon_turn::{TurnContext, TurnDetector};
use async_trait::async_trait;

use network::Network;
use worker::Worker;

/// The loaded model with its worker thread.
///
/// Predictions are made one after the other, in the order they were asked for; share one detector
/// between sessions. The thread ends when the detector is dropped.
pub struct SmartTurn {
    worker: Worker,
}

impl SmartTurn {
    /// Reads the model from an ONNX file, `smart-turn-v3.2-cpu.onnx`, and starts the worker.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it does not hold this model, `internal`
    /// if no thread can be started.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = std::fs::read(path).map_err(|e| {
            Error::new("smart_turn.load", Code::Storage, format!("reading {}", path.display()))
                .with_help("fetch the models first, or pass the path of the .onnx file")
                .with_source(e)
        })?;
        let network = Network::from_onnx(&bytes).map_err(|why| {
            Error::new("smart_turn.load", Code::Corrupt, format!("{}: {why}", path.display()))
                .with_help("use smart-turn-v3.2-cpu.onnx")
        })?;
        Ok(Self { worker: Worker::start(network)? })
    }
}

#[async_trait]
impl TurnDetector for SmartTurn {
    /// Looks at the sound only; the transcript is ignored. Dropping the future stops its
    /// computation within some 15 ms.
    async fn predict(&self, context: TurnContext) -> Result<f32> {
        self.worker.predict(context.audio).await
    }
}

impl fmt::Debug for SmartTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmartTurn").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
