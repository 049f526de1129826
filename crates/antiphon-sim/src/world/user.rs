//! The caller in the world: one mouth, and what voice activity notices of it.

use std::{collections::VecDeque, time::Duration};

use antiphon_conversation::{Event, UserEvent};
use antiphon_core::{SPEECH_RATE_HZ, Timestamp};
use antiphon_turn::InterruptionConfig;

use super::{Due, World};
use crate::{Caller, Faults, Line, When, ears::Ears};

/// How often a transcription guesses while the user speaks.
const INTERIM: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(super) struct User {
    lines: VecDeque<Line>,
    patience: Option<Duration>,
    leaves: Option<Duration>,
    pub(super) ears: Ears,
    /// When the line that is being said ends.
    pub(super) quiet_at: Timestamp,
    /// Whether voice activity counts the user as speaking.
    detected: bool,
    /// Whether the last line sounded finished.
    pub(super) finished: bool,
    /// Whether it was nothing but a backchannel, or a cough.
    pub(super) hums: bool,
    /// A line is on the agenda.
    planned: bool,
    /// Lines said and speeches heard: whoever waits sees whether anything has happened since.
    events: u64,
}

impl User {
    pub(super) fn new(caller: Caller) -> Self {
        Self {
            lines: caller.lines.into(),
            patience: caller.patience,
            leaves: caller.leaves,
            ears: Ears::default(),
            quiet_at: Timestamp::ZERO,
            detected: false,
            finished: true,
            hums: false,
            planned: false,
            events: 0,
        }
    }
}

impl World {
    /// Plans the next line if its condition is met: the time has come to know it (`None`), or
    /// the agent begins (`true`) or has ended (`false`) a speech.
    pub(super) fn next_line(&mut self, speech: Option<bool>) {
        self.user.events += 1;
        if self.user.planned {
            return;
        }
        let Some(line) = self.user.lines.front() else { return };
        let at = match (line.when, speech) {
            (When::At(at), _) => at.max(self.now),
            (When::AfterSelf(d), _) => self.user.quiet_at.max(self.now) + d,
            (When::AfterAgent(d), Some(false)) | (When::IntoSpeech(d), Some(true)) => self.now + d,
            (When::AfterAgent(_) | When::IntoSpeech(_), _) => return self.wait(),
        };
        self.plan_line(at);
    }

    fn plan_line(&mut self, at: Timestamp) {
        if let Some(line) = self.user.lines.pop_front() {
            self.user.planned = true;
            self.agenda.plan(at, Due::Line(line));
        }
    }

    fn wait(&mut self) {
        if let Some(patience) = self.user.patience {
            let at = self.now.max(self.user.quiet_at) + patience;
            self.agenda.plan(at, Due::Impatient { events: self.user.events });
        }
    }

    pub(super) fn lose_patience(&mut self, events: u64) {
        if events != self.user.events || self.user.planned {
            return;
        }
        match self.playout.sounds() {
            Some(_) => self.wait(),
            None => self.plan_line(self.now),
        }
    }

    pub(super) fn say(&mut self, line: Line) {
        if self.user.quiet_at > self.now {
            return self.agenda.plan(self.user.quiet_at, Due::Line(line));
        }
        let (from, end) = (self.now, self.now + line.takes);
        self.user.planned = false;
        self.user.quiet_at = end;
        self.user.finished = line.finished;
        self.user.hums = InterruptionConfig::default().words(&line.text, None) == 0;
        let (rng, faults) = (&mut self.rng, &self.providers.faults);
        self.user.ears.say(from, &line, || Faults::strikes(rng, faults.lost_words));
        let vad = self.providers.vad;
        let onset = self.jittered(vad / 3);
        self.agenda.plan(from + onset, Due::Onset { at: from });
        let silence = self.jittered(vad);
        self.agenda.plan(end + silence, Due::Silence { at: end });
        if self.ends_turns {
            let hesitates = Duration::from_secs(if line.finished { 0 } else { 2 });
            let delay = self.jittered(self.providers.end_of_turn + hesitates);
            self.agenda.plan(end + delay, Due::EndOfTurn { at: end });
        }
        for op in self.user.ears.listening() {
            self.plan_guess(op);
        }
        match (self.user.lines.is_empty(), self.user.leaves) {
            (true, Some(leaves)) => self.agenda.plan(end + leaves, Due::Leave),
            _ => self.next_line(None),
        }
    }

    pub(super) fn onset(&mut self, at: Timestamp) -> Result<(), String> {
        if self.user.detected {
            return Ok(());
        }
        self.user.detected = true;
        let sample = at.as_micros() * u64::from(SPEECH_RATE_HZ) / 1_000_000;
        self.step(Event::User(UserEvent::SpeechStarted { at, sample }))
    }

    pub(super) fn silence(&mut self, at: Timestamp) -> Result<(), String> {
        if self.user.quiet_at != at || !self.user.detected {
            return Ok(());
        }
        self.user.detected = false;
        self.step(Event::User(UserEvent::SpeechStopped { at }))
    }

    pub(super) fn leave(&mut self) -> Result<(), String> {
        self.user.detected = false;
        self.step(Event::User(UserEvent::Left))
    }

    /// Whether there will be more for a transcription to guess, and when to guess next.
    pub(super) fn guess_again_at(&self) -> Option<Timestamp> {
        Some(self.now + INTERIM).filter(|at| *at <= self.user.quiet_at)
    }
}
