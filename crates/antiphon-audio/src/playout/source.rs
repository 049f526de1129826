//! The end of the playout queue that is played. It does not know who queues, nor where the frames
//! go.

use std::sync::{Arc, atomic::Ordering};

use antiphon_core::Generation;
use ringbuf::{
    HeapCons, HeapProd,
    traits::{Consumer as _, Producer as _},
};

use super::{PlayoutEvent, Shared, fade::Fade, pack, sender::Entry};

/// The end that is played. Every method is safe to call from a media tick.
///
/// Dropping it frees what was queued: drop it elsewhere.
pub struct PlayoutSource {
    queue: HeapCons<Entry>,
    spent: HeapProd<Vec<i16>>,
    events: HeapProd<PlayoutEvent>,
    shared: Arc<Shared>,
    current: Option<Chunk>,
    track: Option<Track>,
    ended: Ended,
    was_paused: bool,
    fade: Fade,
    /// Number of the last flush that was answered.
    answered: u32,
}

/// The chunk being played.
struct Chunk {
    generation: Generation,
    samples: Vec<i16>,
    at: usize,
}

/// The generation being played.
#[derive(Clone, Copy)]
struct Track {
    generation: Generation,
    played: u64,
    starved: bool,
}

/// Generations that ended last, and how much of them was played.
#[derive(Default)]
struct Ended {
    played: [Option<(Generation, u64)>; PlayoutEvent::HISTORY],
    next: usize,
}

impl std::fmt::Debug for PlayoutSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlayoutSource").field("shared", &self.shared).finish_non_exhaustive()
    }
}

impl PlayoutSource {
    pub(super) fn new(
        queue: HeapCons<Entry>,
        spent: HeapProd<Vec<i16>>,
        events: HeapProd<PlayoutEvent>,
        shared: Arc<Shared>,
        fade: u32,
    ) -> Self {
        let (current, track, ended) = (None, None, Ended::default());
        let (was_paused, answered, fade) = (false, 0, Fade::new(fade));
        Self { queue, spent, events, shared, current, track, ended, was_paused, fade, answered }
    }

    /// Fills `frame`, one channel, with speech and then silence. Returns the samples of speech.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        self.answer_flushes();
        self.drop_flushed();
        let n = match self.shared.paused.load(Ordering::Acquire) {
            true => self.pause(frame),
            false => {
                self.note_pause(false);
                let n = self.play(frame);
                self.fade.back(frame.get_mut(..n).unwrap_or_default());
                n
            }
        };
        if let Some(rest) = frame.get_mut(n..) {
            rest.fill(0);
        }
        n
    }

    fn answer_flushes(&mut self) {
        loop {
            let number = self.answered.wrapping_add(1);
            match self.shared.flush_call(number) {
                None => return,
                Some(Ok(generation)) => {
                    let played = self.played_of(generation);
                    self.tell(PlayoutEvent::Flushed { generation, played });
                }
                Some(Err(_)) => {
                    self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
                }
            }
            self.answered = number;
        }
    }

    /// Makes room for newer generations at once, even while playout holds.
    fn drop_flushed(&mut self) {
        let flushed = self.shared.flushed.load(Ordering::Acquire);
        let is_flushed = |generation: Generation| u64::from(generation.0) < flushed;
        if let Some(track) = self.track.take_if(|t| is_flushed(t.generation)) {
            self.ended.add(track);
        }
        if self.current.as_ref().is_some_and(|c| is_flushed(c.generation)) {
            self.retire();
        }
        while self.queue.try_peek().is_some_and(|e| is_flushed(e.generation()))
            && let Some(entry) = self.queue.try_pop()
        {
            self.discard(entry);
        }
    }

    /// Falls silent, and then holds.
    fn pause(&mut self, frame: &mut [i16]) -> usize {
        let fading = self.track.is_some() && !self.was_paused;
        let end = if fading { self.fade.left().min(frame.len()) } else { 0 };
        let room = frame.get_mut(..end).unwrap_or_default();
        let n = if room.is_empty() { 0 } else { self.play(room) };
        self.fade.out(room);
        if self.fade.left() == 0 || n < end || end == 0 {
            self.note_pause(true);
        }
        n
    }

    fn note_pause(&mut self, paused: bool) {
        if paused == self.was_paused {
            return;
        }
        self.was_paused = paused;
        if let Some(Track { generation, played, .. }) = self.track {
            self.tell(match paused {
                true => PlayoutEvent::Paused { generation, played },
                false => PlayoutEvent::Resumed { generation },
            });
        }
    }

    fn play(&mut self, frame: &mut [i16]) -> usize {
        let mut n = 0;
        loop {
            self.take_next();
            let Some(chunk) = &mut self.current else { break };
            let Some(room) = frame.get_mut(n..).filter(|room| !room.is_empty()) else { break };
            let generation = chunk.generation;
            let left = chunk.samples.get(chunk.at..).unwrap_or_default();
            let m = left.len().min(room.len());
            for (out, sample) in room.iter_mut().zip(left) {
                *out = *sample;
            }
            chunk.at += m;
            let is_spent = chunk.at >= chunk.samples.len();
            n += m;
            self.advance(generation, m as u64);
            if is_spent {
                self.retire();
            }
        }
        if n < frame.len() {
            self.note_starved();
        }
        n
    }

    /// Takes the next chunk if there is none, and the ends of generations before it.
    fn take_next(&mut self) {
        while self.current.is_none() {
            let Some(entry) = self.queue.try_pop() else { return };
            // The sender may have asked before a flush, and queued after it.
            if self.shared.is_flushed(entry.generation()) {
                self.discard(entry);
                continue;
            }
            match entry {
                Entry::Chunk(generation, samples) => {
                    self.current = Some(Chunk { generation, samples, at: 0 });
                }
                Entry::Finish(generation) => {
                    self.follow(generation);
                    self.drain();
                }
            }
        }
    }

    /// Counts samples of a generation as played.
    fn advance(&mut self, generation: Generation, samples: u64) {
        self.shared.queued.fetch_sub(samples, Ordering::AcqRel);
        let track = self.follow(generation);
        if track.played == 0 {
            self.tell(PlayoutEvent::Started { generation });
        }
        let played = track.played + samples;
        self.track = Some(Track { generation, played, starved: false });
        let position = pack(generation.0, u32::try_from(played).unwrap_or(u32::MAX));
        self.shared.position.store(position, Ordering::Release);
    }

    /// Makes `generation` the one being played; an older one has come to its end.
    fn follow(&mut self, generation: Generation) -> Track {
        if let Some(track) = self.track.filter(|t| t.generation == generation) {
            return track;
        }
        self.drain();
        self.fade.restart();
        let track = Track { generation, played: 0, starved: false };
        self.track = Some(track);
        track
    }

    fn drain(&mut self) {
        if let Some(track @ Track { generation, played, .. }) = self.track.take() {
            self.ended.add(track);
            self.tell(PlayoutEvent::Drained { generation, played });
        }
    }

    fn note_starved(&mut self) {
        if let Some(track) = self.track.as_mut().filter(|t| !t.starved) {
            track.starved = true;
            let Track { generation, played, .. } = *track;
            self.tell(PlayoutEvent::Starved { generation, played });
        }
    }

    /// Gives up the current chunk.
    fn retire(&mut self) {
        if let Some(Chunk { samples, at, .. }) = self.current.take() {
            self.give_back(samples, at);
        }
    }

    fn discard(&mut self, entry: Entry) {
        if let Entry::Chunk(_, samples) = entry {
            self.give_back(samples, 0);
        }
    }

    /// Returns a chunk to be freed where freeing is allowed. Samples from `at` on were not played
    /// and are no longer queued.
    fn give_back(&mut self, samples: Vec<i16>, at: usize) {
        let left = samples.len().saturating_sub(at) as u64;
        self.shared.queued.fetch_sub(left, Ordering::AcqRel);
        // The return ring is large enough for all that can come back before the sender empties it.
        let _ = self.spent.try_push(samples);
    }

    fn played_of(&self, generation: Generation) -> u64 {
        let current = self.track.filter(|t| t.generation == generation).map(|t| t.played);
        current.or_else(|| self.ended.played_of(generation)).unwrap_or(0)
    }

    fn tell(&mut self, event: PlayoutEvent) {
        if self.events.try_push(event).is_err() {
            self.shared.lost_events.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Ended {
    fn add(&mut self, track: Track) {
        if let Some(slot) = self.played.get_mut(self.next) {
            *slot = Some((track.generation, track.played));
        }
        self.next = (self.next + 1) % PlayoutEvent::HISTORY;
    }

    fn played_of(&self, generation: Generation) -> Option<u64> {
        self.played.iter().flatten().find(|(g, _)| *g == generation).map(|(_, played)| *played)
    }
}
