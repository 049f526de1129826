//! The virtual world: events wait on an agenda for their virtual time, providers are delays.
//!
//! It deliberately decides nothing about the conversation: it only carries out the machine's
//! actions, as a driver would, and keeps its own account of what was said and audible.

mod services;
mod user;

use std::{collections::BTreeMap, time::Duration};

use antiphon_conversation::{
    Action, Command, Config, Conversation, Event, Notice, OpEvent, OpInput, PlayoutEvent,
    SynthesisEvent, digest_actions,
};
use antiphon_core::{Generation, OpId, Timestamp};
use antiphon_state::Digest;
use antiphon_turn::EndpointingMode;

pub(crate) use self::services::spread;
use self::{services::Stream, user::User};
use crate::{
    Caller, Faults, Invariants, Line, Model, Providers, Rng, agenda::Agenda, playout::Playout,
    truth::Truth,
};

/// The furthest that a fault takes an event back in time.
const MOST_BACKWARDS_MS: u64 = 500;

/// One step of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The time it was given; a fault may take it back behind the step before.
    pub at: Timestamp,
    /// What it was told.
    pub event: Event,
    /// What it wanted.
    pub actions: Vec<Action>,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Report {
    /// The machine at the end.
    pub machine: Conversation,
    /// Virtual time at the end.
    pub ended_at: Timestamp,
    /// Number of events handled.
    pub events: u64,
    /// Digest of all actions; of nothing in a bare world.
    pub digest: Digest,
    /// The steps, if they were recorded.
    pub steps: Vec<Step>,
}

/// A run that broke a rule.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The rule, and how it was broken.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// The steps up to there, if they were recorded.
    pub steps: Vec<Step>,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.at, self.what)
    }
}

impl std::error::Error for Broken {}

/// The virtual world around one conversation machine.
#[derive(Debug)]
pub struct World {
    machine: Conversation,
    watch: Option<Watch>,
    record: bool,
    providers: Providers,
    /// How long an effect may be silent; the fake voice waits as long for one that hangs.
    effect_timeout: Duration,
    rng: Rng,
    now: Timestamp,
    /// The latest time the machine was given.
    told: Timestamp,
    agenda: Agenda<Due>,
    playout: Playout,
    playout_due: Option<Timestamp>,
    user: User,
    /// The transcription says when turns are over.
    ends_turns: bool,
    streams: BTreeMap<OpId, Stream>,
    /// Live syntheses, and when the voice is free again.
    voices: (BTreeMap<OpId, Generation>, Timestamp),
    replies: usize,
    events: u64,
    steps: Vec<Step>,
}

/// What is kept to find faults of the machine.
#[derive(Debug)]
struct Watch {
    invariants: Invariants,
    model: Model,
    truth: Truth,
    digest: Digest,
}

/// Something on the agenda.
#[derive(Clone, Debug)]
enum Due {
    Event(Event),
    Line(Line),
    Onset { at: Timestamp },
    Silence { at: Timestamp },
    EndOfTurn { at: Timestamp },
    Interim(OpId),
    Impatient { events: u64 },
    Leave,
    Playout,
}

impl World {
    /// A world with this machine, these providers and this caller; `seed` decides all chance.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid.
    pub fn new(
        config: Config,
        providers: Providers,
        caller: Caller,
        seed: u64,
    ) -> antiphon_core::Result<Self> {
        let watch = Watch {
            invariants: Invariants::default(),
            model: Model::new(config.max_history_items),
            truth: Truth::default(),
            digest: Digest::default(),
        };
        let mut this = Self {
            playout: Playout::new(config.playout_rate_hz),
            effect_timeout: config.effect_timeout,
            ends_turns: config.endpointing.mode == EndpointingMode::Provider,
            machine: Conversation::new(config)?,
            watch: Some(watch),
            record: true,
            providers,
            rng: Rng::new(seed),
            now: Timestamp::ZERO,
            told: Timestamp::ZERO,
            agenda: Agenda::new(),
            playout_due: None,
            user: User::new(caller),
            streams: BTreeMap::new(),
            voices: (BTreeMap::new(), Timestamp::ZERO),
            replies: 0,
            events: 0,
            steps: Vec::new(),
        };
        this.agenda.plan(Timestamp::ZERO, Due::Event(Event::App(Command::Start)));
        this.next_line(None);
        Ok(this)
    }

    /// Records no steps: they take most of the memory of a long run.
    #[must_use]
    pub const fn unrecorded(mut self) -> Self {
        self.record = false;
        self
    }

    /// Neither checks nor records nor digests: for measuring the machine alone.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.watch = None;
        self.unrecorded()
    }

    /// The application asks for something at a time of the session.
    pub fn command(&mut self, at: Timestamp, command: Command) {
        self.agenda.plan(at, Due::Event(Event::App(command)));
    }

    /// Runs until nothing is left to happen or `until` is reached. If nothing is left, what the
    /// machine believes is compared with what happened.
    ///
    /// # Errors
    /// A broken invariant, or a difference at the end.
    pub fn run(mut self, until: Timestamp) -> Result<Report, Broken> {
        match self.run_on(until) {
            Ok(()) => {}
            Err(what) => return Err(Broken { what, at: self.now, steps: self.steps }),
        }
        Ok(Report {
            digest: self.watch.map_or_else(Digest::default, |w| w.digest),
            machine: self.machine,
            ended_at: self.now,
            events: self.events,
            steps: self.steps,
        })
    }

    fn run_on(&mut self, until: Timestamp) -> Result<(), String> {
        while let Some((at, due)) = self.next(until) {
            self.now = self.now.max(at);
            if Faults::strikes(&mut self.rng, self.providers.faults.jumps) {
                self.jump();
            }
            self.happen(due)?;
        }
        let over = self.agenda.next_at().is_none() && self.machine.deadline().is_none();
        if let Some(watch) = &self.watch
            && over
        {
            self.user.ears.close_all(self.now);
            watch.truth.verify(&self.machine, &self.user.ears.words)?;
        }
        Ok(())
    }

    fn happen(&mut self, due: Due) -> Result<(), String> {
        match due {
            Due::Event(event) => return self.step(event),
            Due::Line(line) => self.say(line),
            Due::Onset { at } => return self.onset(at),
            Due::Silence { at } => return self.silence(at),
            Due::EndOfTurn { at } => self.end_turn(at),
            Due::Interim(op) => self.interim(op),
            Due::Impatient { events } => self.lose_patience(events),
            Due::Leave => return self.leave(),
            Due::Playout => {
                self.playout_due = None;
                if let Some(report) = self.playout.report(self.now) {
                    self.tell_playout(vec![report]);
                }
            }
        }
        self.plan_playout();
        Ok(())
    }

    /// The next thing to happen: something on the agenda, or the machine's deadline.
    fn next(&mut self, until: Timestamp) -> Option<(Timestamp, Due)> {
        let waiting = self.agenda.next_at();
        let deadline = self.machine.deadline().map(|d| d.at);
        let at = [waiting, deadline].into_iter().flatten().min()?;
        if at > until {
            return None;
        }
        if waiting != Some(at) {
            return Some((at, Due::Event(Event::Tick)));
        }
        self.agenda.take()
    }

    /// The machine stood still; what was due in the meantime comes late.
    fn jump(&mut self) {
        let from = self.now;
        self.now = self.now + Duration::from_millis(self.rng.below(5000));
        let (before, after) = (Duration::from_secs(2), Duration::from_secs(2));
        let from = Timestamp::ZERO + from.since(Timestamp::ZERO).saturating_sub(before);
        self.user.ears.jumped(from, self.now + after);
        if let (Some(watch), Some(sounding)) = (&mut self.watch, self.playout.sounds()) {
            watch.truth.doubt(sounding, usize::from(u8::MAX));
        }
    }

    fn step(&mut self, event: Event) -> Result<(), String> {
        let mut reports = Vec::new();
        self.before(&event, &mut reports);
        let mut at = self.now;
        if Faults::strikes(&mut self.rng, self.providers.faults.backwards) {
            let back = Duration::from_millis(self.rng.below(MOST_BACKWARDS_MS));
            at = Timestamp::ZERO + at.since(Timestamp::ZERO).saturating_sub(back);
        }
        self.told = self.told.max(at);
        let mut actions = Vec::new();
        let kept = (self.watch.is_some() || self.record).then(|| event.clone());
        self.machine.handle(at, event, &mut actions);
        self.events += 1;
        for action in &actions {
            self.act(action, &mut reports);
        }
        if let Some(event) = kept {
            let checked = self.check(&event, &actions);
            if self.record {
                self.steps.push(Step { at, event, actions });
            }
            checked?;
        }
        self.tell_playout(reports);
        self.plan_playout();
        Ok(())
    }

    /// What the media plane and the driver do with a fact before the machine hears of it.
    fn before(&mut self, event: &Event, reports: &mut Vec<PlayoutEvent>) {
        match event {
            Event::Op(op, OpEvent::Speech(SynthesisEvent::Queued(n))) => {
                let Some(generation) = self.voices.0.get(op).copied() else { return };
                let taken = self.playout.queue(self.now, generation, *n, reports);
                if let Some(watch) = self.watch.as_mut().filter(|_| taken) {
                    watch.truth.queued(generation, *op, *n);
                }
            }
            Event::Op(op, OpEvent::Ended | OpEvent::Failed { .. }) => self.close(*op, false),
            Event::Op(..) | Event::User(_) | Event::Playout(_) | Event::App(_) | Event::Tick => {}
        }
    }

    fn check(&mut self, event: &Event, actions: &[Action]) -> Result<(), String> {
        let Some(watch) = &mut self.watch else { return Ok(()) };
        digest_actions(&mut watch.digest, self.now, actions);
        watch
            .invariants
            .check(self.told, event, actions, &self.machine)
            .map_err(|e| format!("invariant: {e}; at {event:?}"))?;
        let checked = watch.model.check(event, actions, &self.machine);
        checked.map_err(|e| format!("model: {e}; at {event:?}"))?;
        let interrupted = |a: &Action| matches!(a, Action::Emit(Notice::Interrupted { .. }));
        if let Some(sounding) = self.playout.sounds()
            && actions.iter().any(interrupted)
        {
            return Err(format!("audible: {sounding} is played after the interruption"));
        }
        Ok(())
    }

    fn act(&mut self, action: &Action, reports: &mut Vec<PlayoutEvent>) {
        if let Some(watch) = &mut self.watch {
            watch.truth.note(action);
        }
        match action {
            Action::Start { op, effect } => self.start(*op, effect),
            Action::Feed { op, input: OpInput::Flush(marker) } => self.flush(*op, *marker),
            Action::Feed { op, input: OpInput::End } => {
                if self.ends_turns {
                    self.finish(*op);
                }
                self.tell(*op, Duration::from_millis(5), OpEvent::Ended);
            }
            Action::Cancel { op } => self.close(*op, true),
            Action::Playout(command) => self.playout.command(self.now, *command, reports),
            Action::Emit(Notice::SpeechStarted { .. }) => self.next_line(Some(true)),
            Action::Emit(Notice::SpeechEnded { .. }) => self.next_line(Some(false)),
            Action::Emit(_) => {}
        }
    }

    /// Playout tells the machine, unless the report is lost.
    fn tell_playout(&mut self, reports: Vec<PlayoutEvent>) {
        for report in reports {
            let lost = Faults::strikes(&mut self.rng, self.providers.faults.lost_reports);
            if let Some(watch) = &mut self.watch {
                watch.truth.played(&report);
                if lost {
                    watch.truth.doubt(report.generation(), 2);
                }
            }
            if !lost {
                self.agenda.plan(self.now, Due::Event(report.into()));
            }
        }
    }

    fn plan_playout(&mut self) {
        let due = self.playout.reports_at();
        if let Some(at) = due
            && due != self.playout_due
        {
            self.agenda.plan(at.max(self.now), Due::Playout);
        }
        self.playout_due = due;
    }
}
