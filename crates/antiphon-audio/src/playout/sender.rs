//! The end of the playout queue that takes audio. It does not know when it is played.

use std::sync::{Arc, atomic::Ordering};

use antiphon_core::Generation;
use ringbuf::{
    HeapCons, HeapProd,
    traits::{Consumer as _, Observer as _, Producer as _},
};

use super::Shared;

/// Playout has no room; try again after a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// What travels to the tick. A chunk is never empty.
pub(super) enum Entry {
    Chunk(Generation, Vec<i16>),
    Finish(Generation),
}

impl Entry {
    pub(super) const fn generation(&self) -> Generation {
        match self {
            Self::Chunk(generation, _) | Self::Finish(generation) => *generation,
        }
    }
}

/// The end that queues audio.
pub struct PlayoutSender {
    entries: HeapProd<Entry>,
    returned: HeapCons<Vec<i16>>,
    shared: Arc<Shared>,
    max_samples: u64,
    /// Generations below this one were finished, or are older than what was queued.
    oldest: u64,
}

impl std::fmt::Debug for PlayoutSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayoutSender").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl PlayoutSender {
    pub(super) const fn new(
        entries: HeapProd<Entry>,
        returned: HeapCons<Vec<i16>>,
        shared: Arc<Shared>,
        max_samples: u64,
    ) -> Self {
        Self { entries, returned, shared, max_samples, oldest: 0 }
    }

    /// Queues samples of a generation. Those of a generation that was flushed or finished, or that
    /// is older than what was queued before, are swallowed.
    ///
    /// # Errors
    /// Gives the samples back if there is no room for them now. A chunk longer than the whole
    /// queue is taken when the queue is empty.
    pub fn try_push(&mut self, generation: Generation, samples: Vec<i16>) -> Result<(), Vec<i16>> {
        self.free_spent();
        if samples.is_empty() || !self.is_open(generation) {
            return Ok(());
        }
        let n = samples.len() as u64;
        let queued = self.shared.queued.load(Ordering::Acquire);
        if (queued > 0 && queued + n > self.max_samples) || self.entries.vacant_len() < 2 {
            return Err(samples);
        }
        // Counted before it is queued: the tick may play it at once and must not count below 0.
        self.shared.queued.fetch_add(n, Ordering::AcqRel);
        // Only this end takes up room, and there were two slots.
        let _ = self.entries.try_push(Entry::Chunk(generation, samples));
        self.oldest = u64::from(generation.0);
        Ok(())
    }

    /// Everything of the generation was queued; after it there is only a newer one. Swallowed as
    /// audio is.
    ///
    /// # Errors
    /// If there is no room for the mark now.
    pub fn finish(&mut self, generation: Generation) -> Result<(), Full> {
        self.free_spent();
        if !self.is_open(generation) {
            return Ok(());
        }
        self.entries.try_push(Entry::Finish(generation)).map_err(|_| Full)?;
        self.oldest = u64::from(generation.0) + 1;
        Ok(())
    }

    fn is_open(&self, generation: Generation) -> bool {
        u64::from(generation.0) >= self.oldest && !self.shared.is_flushed(generation)
    }

    fn free_spent(&mut self) {
        self.returned.clear();
    }
}
