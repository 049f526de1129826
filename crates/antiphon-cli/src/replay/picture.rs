//! A picture of a call as its journal tells it: who sounded when, what was asked of whom, and what
//! was decided.
//!
//! It deliberately knows no audio: a journal has none.

mod draw;

use std::{collections::BTreeMap, fs, path::Path};

use antiphon::{
    Code, Error, OpId, Result, Timestamp,
    conversation::{Action, Effect, Event, Notice, OpEvent, OpInput, PlayoutEvent, UserEvent},
};

/// A row of the picture, from top to bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    User,
    Agent,
    Transcription,
    Detectors,
    Model,
    Voice,
}

/// Something that lasted.
#[derive(Clone, Debug)]
struct Span {
    lane: Lane,
    from: Timestamp,
    to: Timestamp,
    /// The agent was held: it had more to say.
    held: bool,
}

/// What was said, from its first sound on.
#[derive(Clone, Debug)]
struct Line {
    lane: Lane,
    at: Timestamp,
    text: String,
}

/// A decision.
#[derive(Clone, Debug)]
struct Mark {
    at: Timestamp,
    what: String,
    /// It stopped the agent.
    stops: bool,
}

/// What is drawn, collected step by step.
#[derive(Clone, Debug, Default)]
pub(crate) struct Picture {
    spans: Vec<Span>,
    lines: Vec<Line>,
    marks: Vec<Mark>,
    open: BTreeMap<OpId, (Lane, Timestamp)>,
    user: Option<Timestamp>,
    /// Since when the agent sounds, or is held.
    agent: Option<(Timestamp, bool)>,
    /// When the user's turn, and the agent's speech, were first heard.
    first: (Option<Timestamp>, Option<Timestamp>),
    end: Timestamp,
}

impl Picture {
    /// Takes note of an event and what was decided on it.
    pub(crate) fn step(&mut self, t: Timestamp, event: &Event, actions: &[Action]) {
        self.end = t;
        match event {
            Event::User(event) => self.user(t, event),
            Event::Playout(event) => self.playout(t, event),
            Event::Op(op, OpEvent::Ended | OpEvent::Failed { .. }) => self.close(t, *op),
            Event::Op(..) | Event::App(_) | Event::Tick => {}
        }
        for action in actions {
            match action {
                Action::Start { op, effect } => {
                    self.open.insert(*op, (lane(effect), t));
                }
                Action::Cancel { op } | Action::Feed { op, input: OpInput::End } => {
                    self.close(t, *op);
                }
                Action::Emit(notice) => self.notice(t, notice),
                Action::Feed { .. } | Action::Playout(_) => {}
            }
        }
    }

    fn user(&mut self, t: Timestamp, event: &UserEvent) {
        match event {
            UserEvent::SpeechStarted { at, .. } => {
                self.user = Some(*at);
                self.first.0.get_or_insert(*at);
            }
            UserEvent::SpeechStopped { at } => self.silent(*at),
            UserEvent::Left => self.silent(t),
        }
    }

    fn silent(&mut self, to: Timestamp) {
        if let Some(from) = self.user.take() {
            self.spans.push(Span { lane: Lane::User, from, to, held: false });
        }
    }

    fn playout(&mut self, t: Timestamp, event: &PlayoutEvent) {
        let (sounds, held) = match event {
            PlayoutEvent::Started(_) | PlayoutEvent::Resumed(_) => (true, false),
            PlayoutEvent::Paused(..) => (true, true),
            PlayoutEvent::Flushed(..) | PlayoutEvent::Drained(..) => (false, false),
            PlayoutEvent::Progress(..) | PlayoutEvent::Starved(..) => return,
        };
        if let Some((from, held)) = self.agent.take() {
            self.spans.push(Span { lane: Lane::Agent, from, to: t, held });
        }
        if sounds {
            self.agent = Some((t, held));
            self.first.1.get_or_insert(t);
        }
    }

    fn close(&mut self, to: Timestamp, op: OpId) {
        if let Some((lane, from)) = self.open.remove(&op) {
            self.spans.push(Span { lane, from, to, held: false });
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is nothing to see")]
    fn notice(&mut self, t: Timestamp, notice: &Notice) {
        match notice {
            Notice::UserTurn { text, late: false, .. } => {
                self.said(t, text);
                self.mark(t, "turn over".to_owned(), false);
            }
            Notice::TurnDiscarded { text, .. } => self.said(t, text),
            Notice::SpeechEnded { heard, .. } => {
                if let Some(at) = self.first.1.take() {
                    let text = heard.trim().to_owned();
                    self.lines.push(Line { lane: Lane::Agent, at, text });
                }
            }
            Notice::OverlapStarted(_) => self.mark(t, "held".to_owned(), true),
            Notice::Interrupted { why, .. } => {
                self.mark(t, format!("interrupted ({})", why.as_str()), true);
            }
            Notice::Resumed { why, .. } => {
                self.mark(t, format!("goes on ({})", why.as_str()), false);
            }
            _ => {}
        }
    }

    fn said(&mut self, t: Timestamp, text: &str) {
        let at = self.first.0.take().unwrap_or(t);
        self.lines.push(Line { lane: Lane::User, at, text: text.trim().to_owned() });
    }

    fn mark(&mut self, at: Timestamp, what: String, stops: bool) {
        self.marks.push(Mark { at, what, stops });
    }

    /// Ends what still lasts, and writes what happened between two times as SVG.
    ///
    /// # Errors
    /// `storage` if the file cannot be written.
    pub(crate) fn write(mut self, file: &Path, from: Timestamp, to: Timestamp) -> Result<()> {
        self.silent(self.end);
        if let Some((began, held)) = self.agent.take() {
            self.spans.push(Span { lane: Lane::Agent, from: began, to: self.end, held });
        }
        for op in self.open.keys().copied().collect::<Vec<_>>() {
            self.close(self.end, op);
        }
        let svg = draw::svg(&self, from, to);
        fs::write(file, svg).map_err(|e| {
            let what = format!("{}: the picture cannot be written", file.display());
            Error::new("replay", Code::Storage, what).with_source(e)
        })
    }
}

const fn lane(effect: &Effect) -> Lane {
    match effect {
        Effect::Transcribe { .. } => Lane::Transcription,
        Effect::PredictTurnEnd { .. } | Effect::PredictBackchannel { .. } => Lane::Detectors,
        Effect::Generate(_) | Effect::CallTool { .. } => Lane::Model,
        Effect::Speak { .. } | Effect::Play { .. } => Lane::Voice,
    }
}
