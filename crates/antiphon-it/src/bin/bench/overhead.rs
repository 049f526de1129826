//! What the runtime itself adds: real media plane, driver and machine, engines that take no time.

mod decisions;
mod interruptions;
mod sessions;
mod turns;

use antiphon::{Code, Error, Result};
use tokio::runtime::{Builder, Runtime};

use crate::report::Report;

/// Measures everything that needs no model.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    decisions::measure(report)?;
    let runtime = runtime()?;
    turns::measure(&runtime, report)?;
    interruptions::measure(&runtime, report)?;
    sessions::measure(&runtime, report)
}

/// As a program's `#[tokio::main]` makes it.
pub(crate) fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().map_err(|e| {
        Error::new("bench.runtime", Code::Unavailable, "no runtime can be had").with_source(e)
    })
}
