//! What prepares the next reply of a conversation while nobody needs one. Knows no machine.

use std::{panic::AssertUnwindSafe, sync::Arc};

use antiphon_llm::LlmRequest;
use futures_util::FutureExt as _;
use tokio::task::JoinHandle;

use crate::{Agent, lifecycle::panic_text};

/// A preparation that is under way, or none. Dropping it cancels.
#[derive(Debug, Default)]
pub(crate) struct Warming(Option<JoinHandle<()>>);

/// What is left of a preparation that was given up.
pub(crate) type Stopped = Option<JoinHandle<()>>;

impl Warming {
    /// Prepares a reply that will begin with `request`, in place of what is being prepared.
    /// `meanwhile` is dropped when that is over.
    pub(crate) fn begin(
        &mut self,
        agent: Arc<dyn Agent>,
        request: LlmRequest,
        meanwhile: impl Send + 'static,
    ) {
        let before = self.stop();
        self.0 = Some(tokio::spawn(async move {
            wait(before).await;
            match AssertUnwindSafe(agent.warm(request)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(e)) => tracing::debug!(code = %e.code(), "the next reply is not prepared"),
                Err(panic) => tracing::warn!("the agent's `warm`: {}", panic_text(&*panic)),
            }
            drop(meanwhile);
        }));
    }

    /// Gives it up: a reply is wanted, which [`wait`]s for what is left.
    pub(crate) fn stop(&mut self) -> Stopped {
        self.0.take().inspect(JoinHandle::abort)
    }
}

impl Drop for Warming {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until a preparation that was given up has let go of the model, which may do one thing at
/// a time.
pub(crate) async fn wait(stopped: Stopped) {
    if let Some(stopped) = stopped {
        // Aborted, or done: neither is news.
        let _ = stopped.await;
    }
}
