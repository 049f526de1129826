//! Detectors are user code, and the driver's threads are few: each question gets a thread of its
//! own. One that panics, blocks or never answers costs its answer and nothing else.
//!
//! It deliberately knows no time limit: the machine has one, and drops the question.

use std::{panic::AssertUnwindSafe, sync::Arc, thread};

use antiphon_core::{Code, Error, Result};
use futures_util::future::{AbortHandle, abortable};
use tokio::{
    runtime::Handle,
    sync::{Semaphore, oneshot},
};

use crate::lifecycle::panic_text;

/// Questions to one detector of a session that may be under way: the newest, and one before it
/// that was dropped and is not let go of yet.
const MOST: usize = 2;

/// The threads that one detector of a session may take.
#[derive(Clone, Debug)]
pub(crate) struct Threads(Arc<Semaphore>);

/// Drops a question when nobody waits for the answer any more.
struct Cancel(AbortHandle);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Threads {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }

    /// What a detector answers. Dropping the future drops `answer`, unless it blocks; then its
    /// thread is left to it.
    ///
    /// # Errors
    /// Those of the detector; `internal` if it panicked, `unavailable` if questions that were
    /// dropped still block it, or there is no thread.
    pub(crate) async fn run(
        &self,
        op: &'static str,
        answer: impl Future<Output = Result<f32>> + Send + 'static,
    ) -> Result<f32> {
        let Ok(permit) = self.0.clone().try_acquire_owned() else {
            let detail = "the detector has not let go of questions nobody asks any more";
            return Err(Error::new(op, Code::Unavailable, detail)
                .with_help("await in `predict`, or look for cancellation; never block"));
        };
        let (answered, answer_of) = oneshot::channel();
        let (answer, cancel) = abortable(answer);
        let _cancel = Cancel(cancel);
        let runtime = Handle::current();
        let ask = move || {
            let answer = AssertUnwindSafe(|| runtime.block_on(answer));
            let answer = std::panic::catch_unwind(answer);
            drop(permit);
            let _ = answered.send(answer);
        };
        thread::Builder::new().name("antiphon-detector".to_owned()).spawn(ask).map_err(|e| {
            Error::new(op, Code::Unavailable, "no thread for the detector").with_source(e)
        })?;
        match answer_of.await {
            Ok(Ok(Ok(answer))) => answer,
            Ok(Err(panic)) => Err(Error::new(op, Code::Internal, panic_text(&*panic))),
            Ok(Ok(Err(_))) | Err(_) => {
                Err(Error::new(op, Code::Cancelled, "the question was dropped"))
            }
        }
    }
}
