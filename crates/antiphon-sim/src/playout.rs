//! Playout without sound: how much of each generation would have left by now.

use antiphon_conversation::{PlayoutCommand, PlayoutEvent};
use antiphon_core::{Generation, Timestamp};

/// A playout queue in virtual time. It computes positions instead of counting ticks.
#[derive(Clone, Debug)]
pub(crate) struct Playout {
    rate_hz: u64,
    current: Option<Track>,
    holding: bool,
    flushed: Option<Generation>,
}

#[derive(Clone, Copy, Debug)]
struct Track {
    generation: Generation,
    queued: u64,
    finished: bool,
    played: u64,
    /// Since when it has been running from `played`; `None` while it holds or has run dry.
    running: Option<Timestamp>,
}

impl Track {
    fn position(&self, now: Timestamp, rate_hz: u64) -> u64 {
        let ran = self.running.map_or(0, |t| now.since(t).as_micros() as u64 * rate_hz / 1_000_000);
        (self.played + ran).min(self.queued)
    }

    fn settle(&mut self, now: Timestamp, rate_hz: u64) {
        self.played = self.position(now, rate_hz);
        self.running = self.running.map(|_| now);
    }
}

impl Playout {
    pub(crate) const fn new(rate_hz: u32) -> Self {
        Self { rate_hz: rate_hz as u64, current: None, holding: false, flushed: None }
    }

    /// Audio of a generation arrives.
    pub(crate) fn queue(
        &mut self,
        now: Timestamp,
        generation: Generation,
        samples: u32,
        out: &mut Vec<PlayoutEvent>,
    ) {
        if self.flushed >= Some(generation) {
            return;
        }
        let fresh = Track { generation, queued: 0, finished: false, played: 0, running: None };
        let rate_hz = self.rate_hz;
        let track = self.current.get_or_insert(fresh);
        if track.generation != generation {
            *track = fresh;
        }
        track.settle(now, rate_hz);
        let started = track.played > 0 || track.running.is_some();
        track.queued += u64::from(samples);
        if !self.holding {
            track.running = Some(now);
            if !started {
                out.push(PlayoutEvent::Started(generation));
            }
        }
    }

    pub(crate) fn command(
        &mut self,
        now: Timestamp,
        command: PlayoutCommand,
        out: &mut Vec<PlayoutEvent>,
    ) {
        let rate_hz = self.rate_hz;
        match (command, &mut self.current) {
            (PlayoutCommand::Pause, track) => {
                self.holding = true;
                if let Some(track) = track {
                    track.settle(now, rate_hz);
                    track.running = None;
                    out.push(PlayoutEvent::Paused(track.generation, track.played));
                }
            }
            (PlayoutCommand::Resume, track) => {
                self.holding = false;
                if let Some(track) = track.as_mut().filter(|t| t.played < t.queued) {
                    track.running = Some(now);
                    let (g, fresh) = (track.generation, track.played == 0);
                    out.push(match fresh {
                        true => PlayoutEvent::Started(g),
                        false => PlayoutEvent::Resumed(g),
                    });
                }
            }
            (PlayoutCommand::Flush(g), track) => {
                self.flushed = self.flushed.max(Some(g));
                let played = track.as_ref().filter(|t| t.generation == g);
                let played = played.map_or(0, |t| t.position(now, rate_hz));
                if track.as_ref().is_some_and(|t| t.generation <= g) {
                    self.current = None;
                }
                out.push(PlayoutEvent::Flushed(g, played));
            }
            (PlayoutCommand::Finish(g), Some(track)) if track.generation == g => {
                track.finished = true;
            }
            (PlayoutCommand::Finish(_), _) => {}
        }
    }

    /// When the generation will have been played to its end, if nothing changes.
    pub(crate) fn drains_at(&self) -> Option<Timestamp> {
        let track = self.current.as_ref().filter(|t| t.finished)?;
        let since = track.running?;
        let left = (track.queued - track.played) * 1_000_000;
        Some(since + std::time::Duration::from_micros(left.div_ceil(self.rate_hz)))
    }

    /// Reports the end of the generation, if it has come.
    pub(crate) fn drain(&mut self, now: Timestamp) -> Option<PlayoutEvent> {
        let at = self.drains_at()?;
        let track = self.current.take_if(|_| at <= now)?;
        Some(PlayoutEvent::Drained(track.generation, track.queued))
    }
}
