//! The local engines on one core, through the interfaces every program has.
//!
//! What somebody waits for is measured by the clock on the wall and in processor time. On a machine
//! that does nothing else both are the same, since one core does all the work; on a busy one only
//! processor time means something. Throughput is processor time.

mod hearing;
mod speaking;
mod thinking;

use antiphon::{
    Code, Error, Result, SPEECH_RATE_HZ,
    audio::{read_wav, resample},
    local,
    models::{Model, Quiet, Store},
};
use tokio::runtime::{Builder, Runtime};

use crate::{machine, report::Report};

/// Measures every local engine.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    if machine::keep_to_one_core().is_none() {
        return Err(Error::new("bench.engines", Code::Unavailable, "no core can be chosen")
            .with_help("run it on Linux: figures on several cores cannot be compared"));
    }
    let bench = Bench::new()?;
    hearing::measure(&bench, report)?;
    speaking::measure(&bench, report)?;
    thinking::measure(&bench, report)
}

/// What all engines need to be measured.
struct Bench {
    store: Store,
    runtime: Runtime,
}

impl Bench {
    fn new() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|e| {
            Error::new("bench.runtime", Code::Unavailable, "no runtime can be had").with_source(e)
        })?;
        Ok(Self { store: local::store()?, runtime })
    }

    /// The model of this name, fetched if it is not there.
    fn model(&self, name: &str) -> Result<Model> {
        self.store.ensure(name, &mut Quiet)
    }

    /// A test recording, one channel at [`SPEECH_RATE_HZ`].
    fn recording(&self, name: &str) -> Result<Vec<i16>> {
        let (samples, rate_hz) = read_wav(&self.model("stt-recordings")?.file(name)?)?;
        resample(&samples, rate_hz, SPEECH_RATE_HZ)
    }
}
