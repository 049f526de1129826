//! What prepares the next reply of a conversation in text while the user types. Knows no machine.

use std::sync::Arc;

use antiphon_llm::LlmRequest;
use tokio::task::JoinHandle;

use crate::Agent;

/// A preparation that is under way, or none. Dropping it cancels.
#[derive(Debug, Default)]
pub(super) struct Warming(Option<JoinHandle<()>>);

/// What is left of a preparation that was given up.
pub(super) type Stopped = Option<JoinHandle<()>>;

impl Warming {
    /// Prepares a reply that will begin with `request`, in place of what is being prepared.
    pub(super) fn begin(&mut self, agent: Arc<dyn Agent>, request: LlmRequest) {
        let before = self.stop();
        self.0 = Some(tokio::spawn(async move {
            wait(before).await;
            if let Err(e) = agent.warm(request).await {
                tracing::debug!(code = %e.code(), "the next reply is not prepared");
            }
        }));
    }

    /// Gives it up: a reply is wanted, which [`wait`]s for what is left.
    pub(super) fn stop(&mut self) -> Stopped {
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
pub(super) async fn wait(stopped: Stopped) {
    if let Some(stopped) = stopped {
        // An agent that panics while it prepares has prepared nothing.
        let _ = stopped.await;
    }
}
