//! Session time from the machine's monotonic clock, and the same clock with waiting left out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use antiphon_core::{BoxFuture, Clock, Timestamp};
use tokio::sync::Notify;

/// The clock of one or more sessions that started together.
///
/// In [`Pace::RealTime`] it is the monotonic clock. In the others the media plane skips time in
/// which nobody works: waiting costs nothing. Work takes as long as it takes in [`Pace::Fast`],
/// so that latencies stay what they would have been, and no time in [`Pace::Virtual`].
#[derive(Clone, Debug)]
pub struct SessionClock(Arc<Shared>);

/// How fast session time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As on the wall.
    RealTime,
    /// Idle time is skipped; work takes as long as it takes.
    Fast,
    /// Only idle time passes, and it is skipped: work costs nothing, so that runs with scripted
    /// providers do not depend on the machine. A provider that never answers stops the clock.
    Virtual,
}

#[derive(Debug)]
struct Shared {
    started: Instant,
    pace: Pace,
    skipped_us: AtomicU64,
    working: AtomicUsize,
    moved: Notify,
}

impl SessionClock {
    /// A clock that starts now.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self(Arc::new(Shared {
            started: Instant::now(),
            pace,
            skipped_us: AtomicU64::new(0),
            working: AtomicUsize::new(0),
            moved: Notify::new(),
        }))
    }

    /// How fast it runs.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.0.pace
    }

    /// Marks that somebody works until the mark is dropped. Time is not skipped meanwhile.
    pub fn working(&self) -> Working {
        if self.0.pace != Pace::RealTime {
            self.0.working.fetch_add(1, Ordering::AcqRel);
        }
        Working(self.clone())
    }

    /// Skips to `at` if nobody works. Returns whether `at` has been reached.
    pub(crate) fn skip_to(&self, at: Timestamp) -> bool {
        let now = self.now();
        if now >= at {
            return true;
        }
        let idle = self.0.working.load(Ordering::Acquire) == 0;
        if self.0.pace == Pace::RealTime || !idle {
            return false;
        }
        let left = u64::try_from(at.since(now).as_micros()).unwrap_or_default();
        self.0.skipped_us.fetch_add(left, Ordering::AcqRel);
        self.0.moved.notify_waiters();
        true
    }
}

impl Clock for SessionClock {
    fn now(&self) -> Timestamp {
        let real = match self.0.pace {
            Pace::RealTime | Pace::Fast => self.0.started.elapsed().as_micros(),
            Pace::Virtual => 0,
        };
        let real = u64::try_from(real).unwrap_or(u64::MAX);
        Timestamp::from_micros(real.saturating_add(self.0.skipped_us.load(Ordering::Acquire)))
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            loop {
                let moved = clock.0.moved.notified();
                let left = at.since(clock.now());
                if left == Duration::ZERO {
                    return;
                }
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    () = moved => {}
                }
            }
        })
    }
}

/// Somebody works. See [`SessionClock::working`].
#[derive(Debug)]
#[must_use]
pub struct Working(SessionClock);

impl Drop for Working {
    fn drop(&mut self) {
        if self.0.0.pace != Pace::RealTime {
            self.0.0.working.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
