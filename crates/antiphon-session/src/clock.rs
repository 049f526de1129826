//! Session time from the machine's monotonic clock, and the same clock with waiting left out.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
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
    /// Who sleeps, and until when. Empty in [`Pace::RealTime`].
    sleepers: Mutex<BTreeSet<(Timestamp, u64)>>,
    /// Sleepers so far: the name of the next.
    slept: AtomicU64,
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
            sleepers: Mutex::default(),
            slept: AtomicU64::new(0),
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

    /// Skips to `at` if nobody works, but not past anybody's alarm: whoever slept until then has
    /// done their work when time goes on. Returns whether `at` has been reached, in
    /// [`Pace::Virtual`] with all work done that was due by then.
    pub(crate) fn skip_to(&self, at: Timestamp) -> bool {
        let now = self.now();
        if self.0.pace != Pace::Virtual && now >= at {
            return true;
        }
        let sleepers = self.sleepers();
        let alarm = sleepers.first().map(|(until, _)| *until);
        let busy = self.0.working.load(Ordering::Acquire) > 0 || alarm.is_some_and(|a| a <= now);
        if self.0.pace == Pace::RealTime || busy {
            return false;
        }
        let next = alarm.map_or(at, |a| a.min(at));
        let left = u64::try_from(next.since(now).as_micros()).unwrap_or_default();
        if left > 0 {
            self.0.skipped_us.fetch_add(left, Ordering::AcqRel);
            self.0.moved.notify_waiters();
        }
        alarm.is_none_or(|a| a > at)
    }

    /// Sleeps until `at`, and is at work from then on, without a moment between.
    pub(crate) async fn wake_at(&self, at: Timestamp) -> Working {
        let _asleep = self.asleep(at);
        loop {
            let moved = self.0.moved.notified();
            let left = at.since(self.now());
            if left == Duration::ZERO {
                return self.working();
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = moved => {}
            }
        }
    }

    fn asleep(&self, until: Timestamp) -> Option<Asleep> {
        if self.0.pace == Pace::RealTime {
            return None;
        }
        let alarm = (until, self.0.slept.fetch_add(1, Ordering::Relaxed));
        self.sleepers().insert(alarm);
        Some(Asleep { clock: self.clone(), alarm })
    }

    fn sleepers(&self) -> MutexGuard<'_, BTreeSet<(Timestamp, u64)>> {
        self.0.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody sleeps. Dropping it wakes or forgets them.
struct Asleep {
    clock: SessionClock,
    alarm: (Timestamp, u64),
}

impl Drop for Asleep {
    fn drop(&mut self) {
        self.clock.sleepers().remove(&self.alarm);
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

    /// Where waiting is left out, time stands still at `at` until the future has been polled again
    /// or is dropped: whoever sleeps is not late because the machine is busy.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = self.clone();
        Box::pin(async move {
            let _awake = clock.wake_at(at).await;
        })
    }
}

/// Somebody works. See [`SessionClock::working`].
#[derive(Debug)]
#[must_use]
pub struct Working(SessionClock);

impl Working {
    /// The clock that waits for it.
    pub(crate) const fn clock(&self) -> &SessionClock {
        &self.0
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.0.0.pace != Pace::RealTime {
            self.0.0.working.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
