//! The thread that decodes, and its bounded mailbox.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use antiphon_core::{Code, Error, Result};
use tokio::sync::oneshot;

use crate::model::Moonshine;

/// Decodes that may wait for the worker.
const WAITING: usize = 32;

/// The way to the thread, which ends with the last of them. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Worker {
    jobs: SyncSender<Job>,
    load: Arc<Load>,
}

/// What the worker has to do.
#[derive(Debug, Default)]
struct Load {
    /// Decodes that wait or run.
    jobs: AtomicUsize,
    /// Those of them that somebody waits for: interim decodes make way.
    finals: AtomicUsize,
    /// Encoder layers and decoder tokens begun so far.
    steps: AtomicU64,
}

#[derive(Debug)]
struct Job {
    audio: Arc<[i16]>,
    order: Arc<Order>,
    answer: oneshot::Sender<Result<String>>,
}

/// What the owner of a decode wants of it; that may change while it runs.
#[derive(Debug)]
struct Order {
    cancelled: AtomicBool,
    is_final: AtomicBool,
}

/// A decode that waits or runs. Dropping it cancels it before its next step.
#[derive(Debug)]
pub(crate) struct Decode {
    /// The text. A decode that is not final fails with `cancelled` if it made way for a final
    /// one.
    pub(crate) text: oneshot::Receiver<Result<String>>,
    order: Arc<Order>,
    load: Arc<Load>,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(model: Moonshine) -> Result<Self> {
        let (jobs, inbox) = sync_channel(WAITING);
        let load = Arc::new(Load::default());
        let run = {
            let load = load.clone();
            move || work(&model, &inbox, &load)
        };
        let thread = thread::Builder::new().name("antiphon-moonshine".to_owned());
        thread.spawn(run).map_err(|e| {
            Error::new("moonshine.load", Code::Unavailable, "no thread can be started")
                .with_source(e)
        })?;
        Ok(Self { jobs, load })
    }

    /// Whether nothing waits and nothing runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.load.jobs.load(Ordering::Acquire) == 0
    }

    pub(crate) fn steps(&self) -> u64 {
        self.load.steps.load(Ordering::Relaxed)
    }

    /// Asks for the text of `audio`.
    ///
    /// # Errors
    /// `unavailable` if too much waits already.
    pub(crate) fn decode(&self, audio: Arc<[i16]>, is_final: bool) -> Result<Decode> {
        let order = Order { cancelled: AtomicBool::new(false), is_final: AtomicBool::new(false) };
        let (answer, text) = oneshot::channel();
        let decode = Decode { text, order: Arc::new(order), load: self.load.clone() };
        if is_final {
            decode.make_final();
        }
        self.load.jobs.fetch_add(1, Ordering::AcqRel);
        self.jobs.try_send(Job { audio, order: decode.order.clone(), answer }).map_err(|e| {
            self.load.jobs.fetch_sub(1, Ordering::AcqRel);
            let what = match e {
                TrySendError::Full(_) => "too many transcriptions wait for the model",
                TrySendError::Disconnected(_) => "the thread of the model is gone",
            };
            Error::new("stt.transcribe", Code::Unavailable, what)
        })?;
        Ok(decode)
    }
}

impl Decode {
    /// Somebody waits for the text now: it no longer makes way.
    pub(crate) fn make_final(&self) {
        if !self.order.is_final.swap(true, Ordering::AcqRel) {
            self.load.finals.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Decode {
    fn drop(&mut self) {
        self.order.cancelled.store(true, Ordering::Release);
        if self.order.is_final.load(Ordering::Acquire) {
            self.load.finals.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

fn work(model: &Moonshine, inbox: &Receiver<Job>, load: &Load) {
    while let Ok(Job { audio, order, answer }) = inbox.recv() {
        let makes_way =
            || !order.is_final.load(Ordering::Acquire) && load.finals.load(Ordering::Acquire) > 0;
        let text = model.transcribe(&audio, &|| {
            load.steps.fetch_add(1, Ordering::Relaxed);
            order.cancelled.load(Ordering::Acquire) || makes_way()
        });
        load.jobs.fetch_sub(1, Ordering::AcqRel);
        // If nobody listens any more, nobody wants the text.
        let _ = answer.send(text);
    }
}
