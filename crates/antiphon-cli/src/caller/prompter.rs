//! Knows which line of the caller is next and when it is due. Knows no audio.

use std::time::Duration;

use antiphon::{Notice, SessionEvent, Timestamp, conversation::AgentState, sim::When};

use super::{Cues, Line};

/// A caller whose turn it is waits so long for the agent, and then goes on: to the next line, or
/// to hang up.
const PATIENCE: Duration = Duration::from_secs(12);

/// An agent that has finished before it could be spoken over is answered so long after.
const TOO_LATE: Duration = Duration::from_millis(500);

/// Starts the lines on cue.
pub(crate) struct Prompter {
    cues: Cues,
    lines: Vec<Line>,
    rate_hz: u32,
    next: usize,
    due: Option<Timestamp>,
    /// What is due is the end of patience.
    patient: bool,
    /// Until when the caller is speaking.
    speaking: Timestamp,
    /// So long after the last line the caller hangs up, whatever the agent says.
    leaves: Option<Duration>,
}

impl Prompter {
    /// A caller on a line of `rate_hz` samples a second.
    pub(crate) fn new(cues: Cues, lines: Vec<Line>, rate_hz: u32) -> Self {
        let speaking = Timestamp::ZERO;
        let (due, patient, leaves) = (None, false, None);
        let mut this = Self { cues, lines, rate_hz, next: 0, due, patient, speaking, leaves };
        this.plan(Timestamp::ZERO);
        this
    }

    /// The caller hangs up so long after the last line.
    pub(crate) const fn leaving(mut self, leaves: Option<Duration>) -> Self {
        self.leaves = leaves;
        self
    }

    /// When [`speak`](Self::speak) has to be called.
    pub(crate) const fn due(&self) -> Option<Timestamp> {
        self.due
    }

    /// The caller hears what happens.
    pub(crate) fn hear(&mut self, event: &SessionEvent) {
        let Some(line) = self.lines.get(self.next) else {
            // The last answer was given, or interrupted by nobody: goodbye.
            let over = matches!(event.notice, Notice::SpeechEnded { .. });
            if over && event.at > self.speaking && self.leaves.is_none() {
                self.cues.hang_up();
            }
            return;
        };
        if event.at < self.speaking {
            return;
        }
        match (line.when, &event.notice) {
            (When::AfterAgent(wait), Notice::SpeechEnded { interrupted: false, .. })
            | (When::IntoSpeech(wait), Notice::SpeechStarted { .. }) => {
                (self.due, self.patient) = (Some(event.at + wait), false);
            }
            (When::IntoSpeech(_), Notice::SpeechEnded { interrupted: false, .. }) => {
                (self.due, self.patient) = (Some(event.at + TOO_LATE), false);
            }
            // The agent speaks again: wait for its end.
            (When::AfterAgent(_), Notice::SpeechStarted { .. }) => self.due = None,
            (_, Notice::AgentState(AgentState::Thinking)) if self.patient => self.due = None,
            // It has nothing to say.
            (
                When::AfterAgent(_) | When::IntoSpeech(_),
                Notice::AgentState(AgentState::Listening),
            ) if self.due.is_none() => {
                (self.due, self.patient) = (Some(event.at + PATIENCE), true);
            }
            _ => {}
        }
    }

    /// Says the next line, or hangs up after the last one.
    pub(crate) fn speak(&mut self, now: Timestamp) {
        if self.next >= self.lines.len() {
            self.cues.hang_up();
            self.due = None;
            return;
        }
        self.cues.next();
        let length = Duration::from_millis(self.cues.length_ms(self.next, self.rate_hz));
        self.speaking = now + length;
        self.next += 1;
        self.plan(self.speaking);
    }

    /// What can be planned now that the line before ends at `from`: times of the session, pauses,
    /// and the end of the call.
    fn plan(&mut self, from: Timestamp) {
        (self.due, self.patient) = match self.lines.get(self.next).map(|line| line.when) {
            Some(When::At(at)) => (Some(at.max(from)), false),
            Some(When::AfterSelf(pause)) => (Some(from + pause), false),
            Some(When::AfterAgent(_) | When::IntoSpeech(_)) => (Some(from + PATIENCE), true),
            None => (Some(from + self.leaves.unwrap_or(PATIENCE)), false),
        };
    }
}

#[cfg(test)]
mod tests;
