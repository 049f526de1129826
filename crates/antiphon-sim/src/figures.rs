//! The figures of a campaign, for a person and for a program.

use std::{fmt, time::Duration};

use antiphon_sim::{Profile, Tally};
use serde::Serialize;

/// What is printed at the end of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    stories: u64,
    faults: String,
    events: u64,
    simulated_seconds: f64,
    seconds: f64,
    threads: usize,
    /// Simulated time of all runs, each story having two, over wall time.
    times_real_time: f64,
    trace: String,
    failures: usize,
}

impl Figures {
    pub(crate) fn new(tally: &Tally, faults: Profile, threads: usize, took: Duration) -> Self {
        let simulated_seconds = tally.micros as f64 / 1e6;
        let seconds = took.as_secs_f64();
        Self {
            stories: tally.stories,
            faults: faults.to_string(),
            events: tally.events,
            simulated_seconds,
            seconds,
            threads,
            times_real_time: 2.0 * simulated_seconds / seconds.max(1e-9),
            trace: format!("{:016x}", tally.trace),
            failures: tally.fallen.len(),
        }
    }

    /// One JSON object.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} stories, faults {}, each told twice", self.stories, self.faults)?;
        writeln!(f, "{} events in {:.0} s of virtual time", self.events, self.simulated_seconds)?;
        let Self { seconds, threads, times_real_time, .. } = self;
        writeln!(f, "{seconds:.1} s on {threads} threads: {times_real_time:.0} times real time")?;
        write!(f, "trace {}, {} failures", self.trace, self.failures)
    }
}
