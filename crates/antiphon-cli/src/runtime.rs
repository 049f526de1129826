//! The runtime of the commands: what waits does so here, models and media have threads of their own.

use antiphon::{Code, Error, Result};
use tokio::runtime::Runtime;

/// A runtime for the command `op`.
///
/// # Errors
/// `unavailable` if the system gives it no thread.
pub(crate) fn start(op: &'static str) -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .thread_name("antiphon-tokio")
        .build()
        .map_err(|e| Error::new(op, Code::Unavailable, format!("no runtime: {e}")))
}
