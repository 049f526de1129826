//! The playout queue between the effects that make speech and the tick that plays it.
//!
//! Four ends: [`PlayoutSender`] queues chunks, [`PlayoutControl`] steers, [`PlayoutSource`] is
//! called by the tick and neither allocates, frees, locks nor waits, [`PlayoutEvents`] tells what
//! happened. Chunks travel through a ring and come back through another to be freed by the sender.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
};

use antiphon_core::Generation;
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer as _, Observer as _, Producer as _, Split as _},
};

/// Reports that may wait to be polled. More than a tick can cause in a second.
const EVENTS: usize = 64;

/// How much may be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutConfig {
    /// Samples per second, one channel.
    pub rate_hz: u32,
    /// Audio that may be queued, in milliseconds.
    pub max_queued_ms: u32,
    /// Chunks that may be queued.
    pub max_chunks: usize,
}

impl Default for PlayoutConfig {
    fn default() -> Self {
        Self { rate_hz: 24_000, max_queued_ms: 2_000, max_chunks: 64 }
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
    /// Playout holds.
    Paused {
        /// The generation.
        generation: Generation,
        /// Where.
        played: u64,
    },
    /// Playout goes on.
    Resumed {
        /// The generation.
        generation: Generation,
    },
    /// The generation, and all older ones, were dropped.
    Flushed {
        /// The generation.
        generation: Generation,
        /// Where; 0 if none of it was handed out.
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

/// Where playout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutPosition {
    /// The generation that was played last.
    pub generation: Generation,
    /// Samples of it that were handed out.
    pub played: u64,
    /// Whether playout holds.
    pub paused: bool,
}

/// Playout has no room; try again after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

enum Entry {
    Chunk(Generation, Vec<i16>),
    Finish(Generation),
}

#[derive(Debug, Default)]
struct Shared {
    paused: AtomicBool,
    /// One more than the newest flushed generation; 0 if none.
    flushed: AtomicU32,
    /// Samples that wait to be played.
    queued: AtomicU64,
    generation: AtomicU32,
    played: AtomicU64,
    lost_events: AtomicU64,
}

/// Opens a playout queue.
#[must_use]
pub fn playout(
    config: PlayoutConfig,
) -> (PlayoutSender, PlayoutControl, PlayoutSource, PlayoutEvents) {
    let shared = Arc::new(Shared::default());
    let slots = config.max_chunks.max(1) + 1;
    let (entries, queue) = HeapRb::new(slots).split();
    let (spent, returned) = HeapRb::new(2 * slots).split();
    let (events_in, events) = HeapRb::new(EVENTS).split();
    let max_samples = u64::from(config.rate_hz) * u64::from(config.max_queued_ms) / 1000;
    let sender = PlayoutSender { entries, returned, shared: shared.clone(), max_samples };
    let source = PlayoutSource {
        queue,
        spent,
        events: events_in,
        shared: shared.clone(),
        current: None,
        track: None,
        was_paused: false,
        answered: 0,
    };
    (sender, PlayoutControl(shared.clone()), source, PlayoutEvents { events, shared })
}

/// The end that queues audio.
pub struct PlayoutSender {
    entries: HeapProd<Entry>,
    returned: HeapCons<Vec<i16>>,
    shared: Arc<Shared>,
    max_samples: u64,
}

impl std::fmt::Debug for PlayoutSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayoutSender").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl PlayoutSender {
    /// Queues samples of a generation. Those of a flushed generation are swallowed.
    ///
    /// # Errors
    /// Gives the samples back if there is no room for them now. A chunk longer than the whole
    /// queue is taken when the queue is empty.
    pub fn try_push(&mut self, generation: Generation, samples: Vec<i16>) -> Result<(), Vec<i16>> {
        self.free_spent();
        if samples.is_empty() || self.shared.is_flushed(generation) {
            return Ok(());
        }
        let n = samples.len() as u64;
        let queued = self.shared.queued.load(Ordering::Acquire);
        if (queued > 0 && queued + n > self.max_samples) || self.entries.vacant_len() < 2 {
            return Err(samples);
        }
        self.shared.queued.fetch_add(n, Ordering::AcqRel);
        match self.entries.try_push(Entry::Chunk(generation, samples)) {
            Ok(()) => Ok(()),
            Err(Entry::Chunk(_, samples)) => {
                self.shared.queued.fetch_sub(n, Ordering::AcqRel);
                Err(samples)
            }
            Err(Entry::Finish(_)) => Ok(()),
        }
    }

    /// Everything of the generation was queued.
    ///
    /// # Errors
    /// If there is no room for the mark now.
    pub fn finish(&mut self, generation: Generation) -> Result<(), Full> {
        self.free_spent();
        if self.shared.is_flushed(generation) {
            return Ok(());
        }
        self.entries.try_push(Entry::Finish(generation)).map_err(|_| Full)
    }

    fn free_spent(&mut self) {
        self.returned.clear();
    }
}

/// The end that steers. Wait-free.
#[derive(Clone, Debug)]
pub struct PlayoutControl(Arc<Shared>);

impl PlayoutControl {
    /// Holds from the next frame on; nothing is lost.
    pub fn pause(&self) {
        self.0.paused.store(true, Ordering::Release);
    }

    /// Goes on with the next sample.
    pub fn resume(&self) {
        self.0.paused.store(false, Ordering::Release);
    }

    /// Drops this and all older generations: no frame filled from now on holds a sample of them.
    pub fn flush(&self, generation: Generation) {
        self.0.flushed.fetch_max(generation.0.saturating_add(1), Ordering::AcqRel);
    }

    /// Where playout stands.
    #[must_use]
    pub fn position(&self) -> PlayoutPosition {
        PlayoutPosition {
            generation: Generation(self.0.generation.load(Ordering::Acquire)),
            played: self.0.played.load(Ordering::Acquire),
            paused: self.0.paused.load(Ordering::Acquire),
        }
    }

    /// Samples that wait to be played.
    #[must_use]
    pub fn queued_samples(&self) -> u64 {
        self.0.queued.load(Ordering::Acquire)
    }
}

impl Shared {
    fn is_flushed(&self, generation: Generation) -> bool {
        generation.0 < self.flushed.load(Ordering::Acquire)
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

/// The end that is played. Every method is safe to call from a media tick.
pub struct PlayoutSource {
    queue: HeapCons<Entry>,
    spent: HeapProd<Vec<i16>>,
    events: HeapProd<PlayoutEvent>,
    shared: Arc<Shared>,
    current: Option<Current>,
    track: Option<Track>,
    was_paused: bool,
    answered: u32,
}

/// The chunk being played.
struct Current {
    generation: Generation,
    samples: Vec<i16>,
    at: usize,
}

/// The generation being played.
struct Track {
    generation: Generation,
    played: u64,
    starved: bool,
}

impl std::fmt::Debug for PlayoutSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayoutSource").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl PlayoutSource {
    /// Fills `frame`, one channel, with speech and then silence. Returns the samples of speech.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        self.answer_flush();
        let paused = self.shared.paused.load(Ordering::Acquire);
        self.note_pause(paused);
        let n = if paused { 0 } else { self.play(frame) };
        if let Some(rest) = frame.get_mut(n..) {
            rest.fill(0);
        }
        n
    }

    fn play(&mut self, frame: &mut [i16]) -> usize {
        let mut n = 0;
        while let Some(room) = frame.get_mut(n..).filter(|r| !r.is_empty()) {
            let Some(chunk) = &mut self.current else {
                if self.take_next() {
                    continue;
                }
                break;
            };
            let generation = chunk.generation;
            let left = chunk.samples.get(chunk.at..).unwrap_or_default();
            let m = left.len().min(room.len());
            for (out, sample) in room.iter_mut().zip(left) {
                *out = *sample;
            }
            chunk.at += m;
            n += m;
            if chunk.at >= chunk.samples.len() {
                self.retire();
            }
            self.advance(generation, m as u64);
        }
        if n < frame.len() {
            self.note_starved();
        }
        n
    }

    /// Takes the next entry of the queue. Returns whether there was one.
    fn take_next(&mut self) -> bool {
        match self.queue.try_pop() {
            None => false,
            Some(Entry::Chunk(generation, samples)) => {
                self.current = Some(Current { generation, samples, at: 0 });
                if self.shared.is_flushed(generation) {
                    self.retire();
                }
                true
            }
            Some(Entry::Finish(generation)) => {
                let track = self.track.take_if(|t| t.generation == generation);
                if let Some(Track { played, .. }) = track {
                    self.tell(PlayoutEvent::Drained { generation, played });
                }
                true
            }
        }
    }

    /// Gives the chunk back to be freed where freeing is allowed. What is left of it is no longer
    /// queued.
    fn retire(&mut self) {
        let Some(Current { samples, at, .. }) = self.current.take() else { return };
        let left = samples.len().saturating_sub(at) as u64;
        self.shared.queued.fetch_sub(left, Ordering::AcqRel);
        // The return ring has twice the slots of the queue, and the sender empties it before it
        // pushes: there is room.
        let _ = self.spent.try_push(samples);
    }

    fn advance(&mut self, generation: Generation, samples: u64) {
        self.shared.queued.fetch_sub(samples, Ordering::AcqRel);
        let fresh = self.track.as_ref().is_none_or(|t| t.generation != generation);
        if fresh {
            self.track = Some(Track { generation, played: 0, starved: false });
            self.shared.generation.store(generation.0, Ordering::Release);
            self.tell(PlayoutEvent::Started { generation });
        }
        if let Some(track) = &mut self.track {
            track.played += samples;
            track.starved = false;
            self.shared.played.store(track.played, Ordering::Release);
        }
    }

    fn note_starved(&mut self) {
        if let Some(track) = self.track.as_mut().filter(|t| !t.starved) {
            track.starved = true;
            let (generation, played) = (track.generation, track.played);
            self.tell(PlayoutEvent::Starved { generation, played });
        }
    }

    fn note_pause(&mut self, paused: bool) {
        if paused == self.was_paused {
            return;
        }
        self.was_paused = paused;
        if let Some(&Track { generation, played, .. }) = self.track.as_ref() {
            self.tell(match paused {
                true => PlayoutEvent::Paused { generation, played },
                false => PlayoutEvent::Resumed { generation },
            });
        }
    }

    fn answer_flush(&mut self) {
        let flushed = self.shared.flushed.load(Ordering::Acquire);
        if flushed == self.answered {
            return;
        }
        self.answered = flushed;
        if self.current.as_ref().is_some_and(|c| c.generation.0 < flushed) {
            self.retire();
        }
        let newest = Generation(flushed.saturating_sub(1));
        let track = self.track.take_if(|t| t.generation.0 < flushed);
        let (generation, played) = track.map_or((newest, 0), |t| (t.generation, t.played));
        self.tell(PlayoutEvent::Flushed { generation, played });
        if generation != newest {
            self.tell(PlayoutEvent::Flushed { generation: newest, played: 0 });
        }
    }

    fn tell(&mut self, event: PlayoutEvent) {
        if self.events.try_push(event).is_err() {
            self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
        }
    }
}
