//! Session time, and the port through which the runtime reads it.
//!
//! Three clocks stay apart: session time (here), media time (samples), wall time (labels only).

use std::{fmt, ops, time::Duration};

use serde::{Deserialize, Serialize};

use crate::BoxFuture;

/// Microseconds since the session started.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The start of the session.
    pub const ZERO: Self = Self(0);

    /// `us` microseconds after the start.
    #[must_use]
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// `ms` milliseconds after the start.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms.saturating_mul(1000))
    }

    /// Microseconds since the start.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Seconds since the start.
    #[must_use]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Time since `earlier`; zero if `earlier` is later, so latencies are never negative.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(d.as_micros()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1_000_000, self.0 / 1000 % 1000)
    }
}

/// Session time for code that must wait or measure: real in production, virtual in simulation.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since the session started. Never runs backwards.
    fn now(&self) -> Timestamp;

    /// Completes at `at` or as soon after it as the clock allows. Cancel safe: dropping it
    /// forgets the wait.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}
