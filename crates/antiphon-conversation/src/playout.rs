//! What the media plane does with the agent's audio: whether it holds, what was dropped and has
//! not been accounted for, and whether it still shows life.

use std::time::Duration;

use antiphon_core::{Generation, Timestamp};

use crate::{Action, Actions, Config, Event, PlayoutCommand, PlayoutEvent, speech::Speech};

/// A flush is answered by the next media tick. If the answer takes longer than this, the last
/// known position counts.
const FLUSH_ANSWER: Duration = Duration::from_millis(250);

#[derive(Clone, Debug)]
pub(crate) struct Playout {
    holding: bool,
    /// The generation that is held, once playout says that it is. Its position is exact.
    held: Option<Generation>,
    last_report: Timestamp,
    flushing: Option<Flushing>,
}

/// An interrupted speech whose final position is not known yet.
#[derive(Clone, Debug)]
pub(crate) struct Flushing {
    pub(crate) speech: Speech,
    since: Timestamp,
    /// The position is what the media plane said, not the last one known.
    pub(crate) exact: bool,
}

impl Playout {
    pub(crate) const fn new() -> Self {
        Self { holding: false, held: None, last_report: Timestamp::ZERO, flushing: None }
    }

    pub(crate) fn hold(&mut self, out: &mut Actions) {
        if !self.holding {
            self.holding = true;
            out.push(Action::Playout(PlayoutCommand::Pause));
        }
    }

    pub(crate) fn release(&mut self, now: Timestamp, out: &mut Actions) {
        if self.holding {
            self.holding = false;
            self.held = None;
            self.last_report = now;
            out.push(Action::Playout(PlayoutCommand::Resume));
        }
    }

    /// Drops a speech. It stays here until its position is known.
    pub(crate) fn flush(&mut self, now: Timestamp, speech: Speech, out: &mut Actions) {
        out.push(Action::Playout(PlayoutCommand::Flush(speech.generation)));
        let held = self.held == Some(speech.generation);
        let exact = held || speech.ledger.queued_samples() == 0;
        self.flushing = Some(Flushing { speech, since: now, exact });
    }

    /// The dropped speech, once its position is known, overdue, or wanted `at_once`.
    pub(crate) fn flushed(&mut self, now: Timestamp, at_once: bool) -> Option<Flushing> {
        self.flushing.take_if(|f| at_once || f.exact || now >= f.since + FLUSH_ANSWER)
    }

    /// A report, of which the speech that is held or was dropped may be the subject.
    pub(crate) fn reported(&mut self, event: &PlayoutEvent) {
        if self.holding && matches!(event, PlayoutEvent::Paused(..)) {
            self.held = Some(event.generation());
        }
        let Some(f) = &mut self.flushing else { return };
        if f.speech.generation != event.generation() {
            return;
        }
        if let Some(n) = event.played() {
            f.speech.ledger.played(n);
        }
        f.exact |= matches!(event, PlayoutEvent::Flushed(..) | PlayoutEvent::Drained(..));
    }

    /// Something was reported or queued: playout is alive.
    pub(crate) const fn touch(&mut self, now: Timestamp) {
        self.last_report = now;
    }

    /// When silence of the media plane becomes a failure for `speech`.
    pub(crate) fn expiry(&self, speech: Option<&Speech>, config: &Config) -> Option<Timestamp> {
        let waits = !self.holding && speech.is_some_and(Speech::awaits_playout);
        waits.then(|| self.last_report + config.playout_timeout)
    }

    /// When the last known position of a dropped speech has to do.
    pub(crate) fn flush_due(&self) -> Option<Timestamp> {
        self.flushing.as_ref().map(|f| f.since + FLUSH_ANSWER)
    }

    pub(crate) const fn is_settled(&self) -> bool {
        self.flushing.is_none()
    }
}

impl From<PlayoutEvent> for Event {
    fn from(event: PlayoutEvent) -> Self {
        Self::Playout(event)
    }
}
