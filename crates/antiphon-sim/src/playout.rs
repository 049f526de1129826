//! Playout without sound: how much of each generation would have left by now.

use std::time::Duration;

use antiphon_conversation::{PlayoutCommand, PlayoutEvent};
use antiphon_core::{Generation, Timestamp};

/// How often a position is reported.
const PROGRESS: Duration = Duration::from_millis(200);

/// A playout queue in virtual time. It computes positions instead of counting ticks.
#[derive(Clone, Debug)]
pub(crate) struct Playout {
    rate_hz: u64,
    current: Option<Track>,
    holding: bool,
    flushed: Option<Generation>,
    reported: Timestamp,
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

    /// When it runs out of samples.
    fn dry_at(&self, rate_hz: u64) -> Option<Timestamp> {
        let left = (self.queued - self.played) * 1_000_000;
        Some(self.running? + Duration::from_micros(left.div_ceil(rate_hz)))
    }
}

impl Playout {
    pub(crate) const fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz: rate_hz as u64,
            current: None,
            holding: false,
            flushed: None,
            reported: Timestamp::ZERO,
        }
    }

    /// Audio of a generation arrives. Returns whether it was taken.
    pub(crate) fn queue(
        &mut self,
        now: Timestamp,
        generation: Generation,
        samples: u32,
        out: &mut Vec<PlayoutEvent>,
    ) -> bool {
        if self.flushed >= Some(generation) {
            return false;
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
        if !self.holding && track.queued > track.played {
            if track.running.is_none() {
                self.reported = now;
            }
            track.running = Some(now);
            if !started {
                out.push(PlayoutEvent::Started(generation));
            }
        }
        true
    }

    /// The generation whose samples leave now, if any do.
    pub(crate) fn sounds(&self) -> Option<Generation> {
        self.current.as_ref().filter(|t| t.running.is_some()).map(|t| t.generation)
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
                let waits = |t: &&mut Track| t.played < t.queued || t.finished;
                if let Some(track) = track.as_mut().filter(waits) {
                    track.running = Some(now);
                    self.reported = now;
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
                if !self.holding && track.running.is_none() {
                    track.running = Some(now);
                }
            }
            (PlayoutCommand::Finish(_), _) => {}
        }
    }

    /// When there is something to report if nothing changes: progress, or the end of the audio.
    pub(crate) fn reports_at(&self) -> Option<Timestamp> {
        let dry = self.current.as_ref()?.dry_at(self.rate_hz)?;
        Some(dry.min(self.reported + PROGRESS))
    }

    /// What there is to report.
    pub(crate) fn report(&mut self, now: Timestamp) -> Option<PlayoutEvent> {
        self.reports_at().filter(|at| *at <= now)?;
        self.reported = now;
        let rate_hz = self.rate_hz;
        let track = self.current.as_mut()?;
        track.settle(now, rate_hz);
        let (g, played) = (track.generation, track.played);
        if played < track.queued {
            return Some(PlayoutEvent::Progress(g, played));
        }
        track.running = None;
        if track.finished {
            self.current = None;
            return Some(PlayoutEvent::Drained(g, played));
        }
        Some(PlayoutEvent::Starved(g, played))
    }
}
