//! The thread that makes predictions, and the mailbox in front of it.
//!
//! It deliberately knows nothing of sound: audio goes in, a probability comes out.

use std::{
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
};

use antiphon_core::{Code, Error, Result};
use tokio::sync::oneshot;

use crate::{
    mel::{BANDS, FRAMES, LogMel},
    network::{Network, Scratch},
};

/// Predictions that may wait. At some 70 ms each, a caller behind more of them would get its
/// answer after the user has spoken again.
const MAILBOX: usize = 8;

/// The sending side; dropping it ends the thread.
pub(crate) struct Worker {
    mailbox: SyncSender<Request>,
}

struct Request {
    audio: Vec<i16>,
    reply: oneshot::Sender<f32>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// `internal` if the system refuses.
    pub(crate) fn start(network: Network) -> Result<Self> {
        let (mailbox, requests) = sync_channel(MAILBOX);
        thread::Builder::new()
            .name("smart-turn".into())
            .spawn(move || serve(&network, &requests))
            .map_err(|e| {
                Error::new("smart_turn.load", Code::Internal, "starting the worker").with_source(e)
            })?;
        Ok(Self { mailbox })
    }

    /// Asks for a prediction. Cancel safe: a request nobody waits for is skipped.
    ///
    /// # Errors
    /// `unavailable` if the mailbox is full or the thread is gone.
    pub(crate) async fn predict(&self, audio: Vec<i16>) -> Result<f32> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.try_send(Request { audio, reply }).map_err(|e| match e {
            TrySendError::Full(_) => unavailable("too many predictions wait already"),
            TrySendError::Disconnected(_) => unavailable("the worker is gone"),
        })?;
        answer.await.map_err(|_| unavailable("the worker is gone"))
    }
}

fn unavailable(detail: &'static str) -> Error {
    Error::new("smart_turn.predict", Code::Unavailable, detail)
        .with_help("decide by silence alone, and ask again at the next pause")
}

fn serve(network: &Network, requests: &Receiver<Request>) {
    let mut mel = LogMel::new();
    let mut features = vec![0.0; FRAMES * BANDS];
    let mut scratch = Scratch::new();
    for Request { audio, reply } in requests {
        if reply.is_closed() {
            continue;
        }
        mel.extract(&audio, &mut features);
        let wanted = || !reply.is_closed();
        if let Some(probability) = network.probability(&features, &mut scratch, wanted) {
            // An error means that the caller has gone in the meantime.
            let _gone = reply.send(probability);
        }
    }
}
