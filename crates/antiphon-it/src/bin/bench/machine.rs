//! The machine a figure was measured on, and its clocks.

use std::{
    fmt, fs,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// With more than this waiting for a processor before the bench begins, times are not to be
/// trusted.
const BUSY: f64 = 1.0;

/// What a reader needs to compare figures.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) rustc: String,
    /// `release` or `debug`.
    pub(crate) build: &'static str,
    /// Load average of the minute before.
    pub(crate) load: Option<f64>,
}

impl Machine {
    /// Looks around. What cannot be found out is `unknown`.
    pub(crate) fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let unknown = || "unknown".to_owned();
        let info = read("/proc/cpuinfo");
        let model = info.lines().find_map(|line| line.strip_prefix("model name"));
        let rustc = Command::new("rustc").arg("--version").output();
        let rustc = rustc.ok().and_then(|o| String::from_utf8(o.stdout).ok());
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        let load = read("/proc/loadavg").split(' ').next().and_then(|n| n.parse().ok());
        Self {
            cpu: model.map_or_else(unknown, |m| m.trim_start_matches([' ', '\t', ':']).to_owned()),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: if kernel.is_empty() { unknown() } else { kernel },
            rustc: rustc.map_or_else(unknown, |v| v.trim().to_owned()),
            build: if cfg!(debug_assertions) { "debug" } else { "release" },
            load,
        }
    }

    /// Whether others were computing before the bench began.
    pub(crate) fn is_busy(&self) -> bool {
        self.load.is_some_and(|load| load > BUSY)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, kernel, rustc, build, load } = self;
        write!(f, "{cpu}, {cores} cores, Linux {kernel}, {rustc}, {build} build")?;
        match load {
            Some(load) => write!(f, ", load {load:.2} before"),
            None => Ok(()),
        }
    }
}

/// How long something took, in seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    /// By the clock on the wall.
    pub(crate) wall: f64,
    /// On a processor, over all threads of the process.
    pub(crate) cpu: f64,
}

/// A running measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    wall: Instant,
    cpu: f64,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: process_seconds() }
    }

    pub(crate) fn took(self) -> Took {
        Took { wall: self.wall.elapsed().as_secs_f64(), cpu: process_seconds() - self.cpu }
    }
}

/// Seconds this process has spent on processors.
pub(crate) fn process_seconds() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

/// Seconds this thread has spent on processors.
pub(crate) fn thread_seconds() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}

fn seconds(clock: ClockId) -> f64 {
    let t = clock_gettime(clock);
    let nanos = u32::try_from(t.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(t.tv_sec).unwrap_or_default(), nanos).as_secs_f64()
}

/// Resident memory of this process in bytes; `None` where the system does not tell.
pub(crate) fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? * 1024.0)
}

/// Keeps this thread, and all it starts from now on, on the last core it may use: the first one
/// has most of the system's interrupts. Returns which, or `None` if that cannot be had.
#[cfg(target_os = "linux")]
pub(crate) fn keep_to_one_core() -> Option<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let allowed = sched_getaffinity(None).ok()?;
    let core = (0..CpuSet::MAX_CPU).rev().find(|core| allowed.is_set(*core))?;
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).ok()?;
    Some(core)
}

/// Cores cannot be chosen on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) const fn keep_to_one_core() -> Option<usize> {
    None
}
