//! The playout queue between the effects that make speech and the tick that plays it.
//!
//! Four ends: [`PlayoutSender`] queues chunks, [`PlayoutControl`] steers, [`PlayoutSource`] is
//! called by the tick and neither allocates, frees, locks nor waits, [`PlayoutEvents`] tells what
//! happened. Chunks travel through a ring and come back through another to be freed by the sender.
//!
//! Generations only grow. The end of a generation is told exactly once: as `Drained` when it was
//! played to its end, or as `Flushed`, once for every call of [`PlayoutControl::flush`]. Queueing
//! a newer generation finishes the older one.
//!
//! It deliberately does not know what the samples say, nor when the far end plays them.

mod fade;
mod sender;
mod source;

use std::{
    cmp::Ordering as Order,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};

use antiphon_core::Generation;
use ringbuf::{
    HeapCons, HeapRb,
    traits::{Consumer as _, Split as _},
};

pub use sender::{Full, PlayoutSender};
pub use source::PlayoutSource;

/// Reports that may wait to be polled: those of a second, a handful a tick being rare.
const EVENTS: usize = 32;

/// Flushes that may wait for the next frame.
const FLUSHES: usize = 16;

/// How much may be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutConfig {
    /// Samples per second, one channel.
    pub rate_hz: u32,
    /// Audio that may be queued, in milliseconds.
    pub max_queued_ms: u32,
    /// Chunks that may be queued.
    pub max_chunks: usize,
    /// Samples over which a pause falls silent and the sound comes back, both counted as played;
    /// 0 for at once. A flush is never faded.
    pub fade: u32,
}

impl Default for PlayoutConfig {
    fn default() -> Self {
        Self { rate_hz: 24_000, max_queued_ms: 2_000, max_chunks: 64, fade: 0 }
    }
}

/// What playout did. `played` counts samples of the generation that were handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlayoutEvent {
    /// The first sample of a generation was handed out.
    Started {
        /// The generation.
        generation: Generation,
    },
    /// Playout holds in the middle of a generation.
    Paused {
        /// The generation.
        generation: Generation,
        /// Where.
        played: u64,
    },
    /// Playout of the generation goes on.
    Resumed {
        /// The generation.
        generation: Generation,
    },
    /// The generation, and all older ones, were dropped.
    Flushed {
        /// The generation that [`PlayoutControl::flush`] was called for.
        generation: Generation,
        /// Where it stopped, or its length if it had been drained; 0 if none of it was handed
        /// out, or if it ended more than [`HISTORY`](Self::HISTORY) generations ago.
        played: u64,
    },
    /// The generation was played to its end.
    Drained {
        /// The generation.
        generation: Generation,
        /// Its length.
        played: u64,
    },
    /// The queue ran dry before the end of the generation.
    Starved {
        /// The generation.
        generation: Generation,
        /// Where.
        played: u64,
    },
}

impl PlayoutEvent {
    /// Ended generations whose length a late flush is still told.
    pub const HISTORY: usize = 8;
}

/// Where playout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutPosition {
    /// The generation that was played last.
    pub generation: Generation,
    /// Samples of it that were handed out, up to 2³²-1 (a day at 48 kHz).
    pub played: u64,
    /// Whether playout holds.
    pub paused: bool,
}

/// Opens a playout queue.
#[must_use]
pub fn playout(
    config: PlayoutConfig,
) -> (PlayoutSender, PlayoutControl, PlayoutSource, PlayoutEvents) {
    let shared = Arc::new(Shared::default());
    // One slot more than chunks, so that a finish finds room behind them.
    let slots = config.max_chunks.max(1) + 1;
    let (entries, queue) = HeapRb::new(slots).split();
    // Between two visits of the sender, at most what was queued at the first and the chunk being
    // played can come back.
    let (spent, returned) = HeapRb::new(slots + 2).split();
    let (events_in, events) = HeapRb::new(EVENTS).split();
    let max_samples = u64::from(config.rate_hz) * u64::from(config.max_queued_ms) / 1000;
    (
        PlayoutSender::new(entries, returned, shared.clone(), max_samples),
        PlayoutControl(shared.clone()),
        PlayoutSource::new(queue, spent, events_in, shared.clone(), config.fade),
        PlayoutEvents { events, shared },
    )
}

/// The end that steers. Wait-free; any thread may hold one.
#[derive(Clone, Debug)]
pub struct PlayoutControl(Arc<Shared>);

impl PlayoutControl {
    /// Holds from the next frame on, or once [`PlayoutConfig::fade`] is over; nothing is lost.
    pub fn pause(&self) {
        self.0.paused.store(true, Ordering::Release);
    }

    /// Goes on with the next sample.
    pub fn resume(&self) {
        self.0.paused.store(false, Ordering::Release);
    }

    /// Drops this and all older generations: no frame whose filling starts after this call holds a
    /// sample of them. Answered by one [`PlayoutEvent::Flushed`].
    pub fn flush(&self, generation: Generation) {
        self.0.flush(generation);
    }

    /// Where playout stands.
    #[must_use]
    pub fn position(&self) -> PlayoutPosition {
        let (generation, played) = unpack(self.0.position.load(Ordering::Acquire));
        let paused = self.0.paused.load(Ordering::Acquire);
        PlayoutPosition { generation, played, paused }
    }

    /// Samples that wait to be played. What a flush dropped counts until the next frame.
    #[must_use]
    pub fn queued_samples(&self) -> u64 {
        self.0.queued.load(Ordering::Acquire)
    }
}

/// The end that tells what happened.
pub struct PlayoutEvents {
    events: HeapCons<PlayoutEvent>,
    shared: Arc<Shared>,
}

impl std::fmt::Debug for PlayoutEvents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayoutEvents").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl PlayoutEvents {
    /// The next report.
    pub fn pop(&mut self) -> Option<PlayoutEvent> {
        self.events.try_pop()
    }

    /// Reports that found no room.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost_events.load(Ordering::Relaxed)
    }
}

/// What the ends know of each other.
#[derive(Debug, Default)]
struct Shared {
    paused: AtomicBool,
    /// One more than the newest flushed generation; 0 if none.
    flushed: AtomicU64,
    /// Flushes so far.
    flushes: AtomicU32,
    /// The newest flushes: number (from 1) in the upper half, generation in the lower.
    flush_calls: [AtomicU64; FLUSHES],
    /// Samples that wait to be played.
    queued: AtomicU64,
    /// Generation in the upper half, samples played in the lower, so that both are of one moment.
    position: AtomicU64,
    lost_events: AtomicU64,
}

/// A flush whose slot was taken by a newer one.
struct Hidden;

impl Shared {
    fn flush(&self, generation: Generation) {
        self.flushed.fetch_max(u64::from(generation.0) + 1, Ordering::AcqRel);
        let number = self.flushes.fetch_add(1, Ordering::AcqRel).wrapping_add(1);
        if let Some(slot) = self.flush_calls.get(number as usize % FLUSHES) {
            // The maximum, because a caller that was held up must not hide a newer call.
            slot.fetch_max(pack(number, generation.0), Ordering::AcqRel);
        }
    }

    /// The flush with this number; `None` if it was not made yet, or not completely.
    fn flush_call(&self, number: u32) -> Option<Result<Generation, Hidden>> {
        let slot = self.flush_calls.get(number as usize % FLUSHES)?.load(Ordering::Acquire);
        let (Generation(found), _) = unpack(slot);
        match found.cmp(&number) {
            Order::Less => None,
            Order::Equal => Some(Ok(Generation(slot as u32))),
            Order::Greater => Some(Err(Hidden)),
        }
    }

    fn is_flushed(&self, generation: Generation) -> bool {
        u64::from(generation.0) < self.flushed.load(Ordering::Acquire)
    }
}

const fn pack(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

const fn unpack(packed: u64) -> (Generation, u64) {
    (Generation((packed >> 32) as u32), packed & u32::MAX as u64)
}
