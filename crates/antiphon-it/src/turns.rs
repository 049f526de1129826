//! The turn-taking bench: a generated corpus through the real engines in virtual time.
//!
//! Session time passes as on the wall while an engine works and is skipped while nobody does, so
//! latencies are what they would be live on this machine; other load on it counts against them.

mod corpus;
mod endpoints;
mod html;
mod line;
mod overlaps;
mod random;
mod replies;
mod report;
mod run;
mod sentences;
mod sounds;
mod voice;

pub use corpus::{Delivery, SCORING};
pub use endpoints::{At, Endpoints, Line, Said, Setting};
pub use html::html;
pub use overlaps::{Kind, Overlap};
pub use replies::Replies;
pub use report::text;

use std::time::Duration;

use antiphon::{Result, local::Local, vad::GateConfig};
use serde::Serialize;

use corpus::Call;

/// The gate's default.
const STOP_MS: u32 = 200;

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Calls that settings are found on, from seed 0; at most [`SCORING`].
    pub tuning: u64,
    /// Calls they are scored on, from seed [`SCORING`].
    pub scoring: u64,
    /// Sounds over the agent, kinds in turn.
    pub overlaps: u64,
    /// Calls held through sessions.
    pub replies: u64,
    /// Silence the gate needs to end speech, milliseconds; only where endpointing is measured.
    pub stop_ms: u32,
    /// Take the turn detector to answer so fast, milliseconds, in place of what this machine
    /// needs: curves from a busy machine are then worth something.
    pub answer_ms: Option<u64>,
}

impl Size {
    /// For a change under review: a minute.
    pub const SHORT: Self =
        Self { tuning: 3, scoring: 3, overlaps: 6, replies: 1, stop_ms: STOP_MS, answer_ms: None };
    /// For figures.
    pub const FULL: Self = Self {
        tuning: 40,
        scoring: 40,
        overlaps: 120,
        replies: 8,
        stop_ms: STOP_MS,
        answer_ms: None,
    };
}

/// Everything measured.
#[derive(Debug, Serialize)]
pub struct Results {
    /// Processor and cores.
    pub machine: String,
    /// Endpointing, on traces.
    pub endpoints: Endpoints,
    /// Sounds over the agent.
    pub overlaps: Vec<Overlap>,
    /// Calls.
    pub replies: Vec<Replies>,
}

/// Measures everything; `progress` is told what comes next.
///
/// # Errors
/// What the engines and the sessions say.
pub async fn measure(local: &Local, size: Size, progress: &dyn Fn(&str)) -> Result<Results> {
    progress("speaking the corpus");
    let tuning = calls(local, 0, size.tuning.min(SCORING)).await?;
    let scoring = calls(local, SCORING, size.scoring.max(size.replies)).await?;
    progress("endpointing");
    let gate = GateConfig { stop_ms: size.stop_ms, ..GateConfig::default() };
    let answer = size.answer_ms.map(Duration::from_millis);
    let hearing = endpoints::Hearing { local, gate, answer };
    let endpoints = endpoints::measure(&hearing, &only(&tuning), &only(&scoring)).await?;
    progress("sounds over the agent");
    let overlaps = overlaps::measure(local, SCORING, size.overlaps).await?;
    progress("calls");
    let held = scoring.get(..size.replies as usize).unwrap_or(&scoring);
    let replies = replies::measure(local, held).await?;
    Ok(Results { machine: machine(), endpoints, overlaps, replies })
}

async fn calls(local: &Local, first: u64, count: u64) -> Result<Vec<(u64, Call)>> {
    let piper = local.voice.clone();
    overlaps::off_thread(move || {
        (first..first + count).map(|seed| Ok((seed, Call::generate(&piper, seed)?))).collect()
    })
    .await
}

fn only(calls: &[(u64, Call)]) -> Vec<&Call> {
    calls.iter().map(|(_, call)| call).collect()
}

/// The processor's name and how many cores of it there are.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|l| l.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or(std::env::consts::ARCH, |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{name}, {cores} cores")
}

#[cfg(test)]
mod tests;
