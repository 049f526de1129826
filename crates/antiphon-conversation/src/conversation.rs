//! The machine: routes events to the sub-machines, then settles what follows from their states.
//!
//! Settling derives everything from state and time. No event handler starts a chain of its own,
//! so any order of events ends in the same place.

use std::collections::VecDeque;

use antiphon_core::{Code, OpId, Result, Timestamp, TurnId};
use antiphon_llm::LlmEvent;
use antiphon_state::{History, Item, Said};
use antiphon_turn::Verdict;

use crate::{
    Action, Actions, AgentState, Command, Config, Deadline, Discard, Effect, Event, Notice,
    OpEvent, PlayoutEvent, UserEvent, UserState, messages,
    ops::{Ops, Role},
    overlap::Overlap,
    playout::Playout,
    speech::Speech,
    turn::{Committed, UserTurn},
    waterfall::mark,
};

/// Speeches that may wait for the present one; a further `say` is refused.
const MAX_WAITING: usize = 16;

/// One conversation. See the crate documentation.
#[derive(Clone, Debug)]
pub struct Conversation {
    config: Config,
    now: Timestamp,
    phase: Phase,
    ops: Ops,
    turn: UserTurn,
    overlap: Option<Overlap>,
    speech: Option<Speech>,
    next_speech: u32,
    waiting: VecDeque<Plan>,
    playout: Playout,
    history: History,
    agent_state: AgentState,
    user_state: UserState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Running,
    /// The user is gone; what is under way is brought to its end.
    Leaving,
    Closed,
}

/// A speech that waits for its time.
#[derive(Clone, Debug)]
enum Plan {
    Say { text: String, protected: bool },
    Reply(Committed),
}

impl Conversation {
    /// A conversation that waits for [`Command::Start`].
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid; see [`Config::validate`].
    pub fn new(config: Config) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            now: Timestamp::ZERO,
            phase: Phase::New,
            ops: Ops::new(config.effect_timeout),
            turn: UserTurn::new(),
            overlap: None,
            speech: None,
            next_speech: 0,
            waiting: VecDeque::new(),
            playout: Playout::new(),
            history: History::new(config.max_history_items),
            agent_state: AgentState::Initializing,
            user_state: UserState::Listening,
            config,
        })
    }

    /// Takes note of `event` and appends what is to be done, in order.
    ///
    /// Total: any event in any state. Time that runs backwards is held; events of dead operations
    /// and events after the end change nothing.
    pub fn handle(&mut self, now: Timestamp, event: Event, out: &mut Actions) {
        self.now = self.now.max(now);
        if self.phase == Phase::Closed {
            return;
        }
        match event {
            Event::App(command) => self.command(command, out),
            Event::User(event) => self.user(event, out),
            Event::Op(op, event) => self.op(op, event, out),
            Event::Playout(event) => self.played(&event, out),
            Event::Tick => {}
        }
        self.settle(out);
    }

    /// When the machine wants an [`Event::Tick`] if nothing else happens before.
    #[must_use]
    pub fn deadline(&self) -> Option<Deadline> {
        if self.phase == Phase::Closed {
            return None;
        }
        let turn = self.turn.open().filter(|_| self.overlap.is_none());
        let due = turn.and_then(|o| o.due(&self.config.endpointing));
        let expiry = self.playout.expiry(self.speech.as_ref(), &self.config);
        let all = [
            due.map(|at| Deadline { at, why: "end of turn" }),
            self.overlap.as_ref().map(|o| Deadline { at: o.recheck, why: "overlap verdict" }),
            self.ops.next_expiry().map(|(at, _)| Deadline { at, why: "effect timeout" }),
            self.playout.deadline(),
            expiry.map(|at| Deadline { at, why: "playout timeout" }),
        ];
        all.into_iter().flatten().min()
    }

    /// The conversation so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// What the agent is doing.
    #[must_use]
    pub const fn agent_state(&self) -> AgentState {
        self.agent_state
    }

    /// What the user is doing.
    #[must_use]
    pub const fn user_state(&self) -> UserState {
        self.user_state
    }

    /// Operations that were started and have neither ended nor been cancelled.
    pub fn live_ops(&self) -> impl Iterator<Item = OpId> {
        self.ops.ids()
    }

    /// Whether nothing is under way: no turn, no speech, no effect, nothing to account for.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.turn.open().is_none()
            && self.speech.is_none()
            && self.waiting.is_empty()
            && self.ops.is_empty()
            && self.playout.is_settled()
    }

    // ---- events -------------------------------------------------------------------------

    fn command(&mut self, command: Command, out: &mut Actions) {
        match command {
            Command::Start if self.phase == Phase::New => {
                self.phase = Phase::Running;
                if !self.config.greeting.is_empty() {
                    let text = self.config.greeting.clone();
                    self.waiting.push_back(Plan::Say { text, protected: false });
                }
            }
            Command::Start => {}
            Command::Say { text, protected } if self.waiting.len() < MAX_WAITING => {
                self.waiting.push_back(Plan::Say { text, protected });
            }
            Command::Say { .. } => {
                let detail = format!("{MAX_WAITING} speeches are waiting already");
                report(out, "session.say", Code::RateLimited, detail);
            }
            Command::Interrupt => self.interrupt(out),
            Command::CommitTurn => {
                self.turn.ask_commit(self.now, &self.config, &mut self.ops, out);
                if let Some(overlap) = self.overlap.take() {
                    self.confirm(overlap.turn, out);
                }
            }
            Command::ClearTurn => {
                self.turn.discard(Discard::Cleared, &mut self.ops, out);
                self.drop_speculation(out);
            }
            Command::Close => self.close(out),
        }
    }

    fn user(&mut self, event: UserEvent, out: &mut Actions) {
        if self.phase != Phase::Running {
            return;
        }
        match event {
            UserEvent::SpeechStarted { at, sample } => {
                self.drop_speculation(out);
                let ops = &mut self.ops;
                self.turn.speech_started(self.now, (at, sample), &self.config, ops, out);
                self.begin_overlap(out);
            }
            UserEvent::SpeechStopped { at } => {
                self.turn.speech_stopped(self.now, at, &self.config, &mut self.ops, out);
            }
            UserEvent::Left => {
                self.phase = Phase::Leaving;
                self.turn.speech_stopped(self.now, self.now, &self.config, &mut self.ops, out);
            }
        }
    }

    fn op(&mut self, op: OpId, event: OpEvent, out: &mut Actions) {
        let Some(live) = self.ops.get(op).cloned() else { return };
        self.ops.touch(self.now, op);
        if live.role == Role::Speak {
            self.playout.touch(self.now);
        }
        match (live.role, event) {
            (_, OpEvent::Ended) => self.op_ended(op, live.role),
            (_, OpEvent::Failed { code, detail }) => {
                report(out, live.role.name(), code, detail);
                self.op_ended(op, live.role);
            }
            (Role::Transcribe, OpEvent::Stt(event)) => {
                if let Some((turn, text)) = self.turn.transcribed(self.now, op, &event, out) {
                    self.history.amend_user(turn, &text);
                    out.push(Action::Emit(Notice::UserTurn { turn, text, late: true }));
                }
            }
            (Role::Predict, OpEvent::TurnEnd(p)) => self.turn.predicted(self.now, op, p),
            (Role::Generate, OpEvent::Llm(event)) => self.generated(op, &event, out),
            (Role::Speak, OpEvent::Speech(event)) => {
                if let Some(speech) = &mut self.speech {
                    speech.synthesised(self.now, op, event, out);
                }
            }
            (
                role,
                OpEvent::Stt(_) | OpEvent::TurnEnd(_) | OpEvent::Llm(_) | OpEvent::Speech(_),
            ) => {
                let detail = format!("{op} reported what a {} cannot", role.name());
                report(out, role.name(), Code::Protocol, detail);
            }
        }
    }

    fn generated(&mut self, op: OpId, event: &LlmEvent, out: &mut Actions) {
        let Some(speech) = &mut self.speech else { return };
        if let LlmEvent::Delta { text } = event
            && speech.generated(self.now, text)
        {
            let detail = "the reply is too long; the rest is left out".to_owned();
            report(out, "llm.generate", Code::StreamError, detail);
            speech.generation_ended(self.now, op);
            self.ops.cancel(op, out);
        }
    }

    fn op_ended(&mut self, op: OpId, role: Role) {
        self.ops.end(op);
        match role {
            Role::Transcribe | Role::Predict => self.turn.op_ended(op),
            Role::Generate => {
                if let Some(speech) = &mut self.speech {
                    speech.generation_ended(self.now, op);
                }
            }
            Role::Speak => {
                self.playout.touch(self.now);
                if let Some(speech) = &mut self.speech {
                    speech.synthesis_ended(op);
                }
            }
        }
    }

    fn played(&mut self, event: &PlayoutEvent, out: &mut Actions) {
        self.playout.report_flushing(event);
        let Some(speech) = self.speech.as_mut().filter(|s| s.generation == event.generation())
        else {
            return;
        };
        self.playout.touch(self.now);
        if let Some(n) = event.played() {
            speech.ledger.played(n);
        }
        if !speech.audible && !matches!(event, PlayoutEvent::Flushed(..)) {
            speech.audible = true;
            let notice = Notice::SpeechStarted { speech: speech.id, turn: speech.turn };
            out.push(Action::Emit(notice));
            if let Some(mut waterfall) = speech.waterfall.take() {
                mark(&mut waterfall.playout_started, self.now);
                out.push(Action::Emit(Notice::Latency(waterfall)));
            }
        }
        if matches!(event, PlayoutEvent::Drained(..) | PlayoutEvent::Flushed(..))
            && let Some(mut speech) = self.speech.take()
        {
            speech.cancel(&mut self.ops, out);
            self.end_speech(&speech, false, false, out);
        }
    }

    // ---- what follows -------------------------------------------------------------------

    fn settle(&mut self, out: &mut Actions) {
        if self.phase == Phase::Closed {
            return;
        }
        self.expire(out);
        self.settle_flush(false, out);
        self.settle_overlap(out);
        self.settle_turn(out);
        self.settle_speech(out);
        if self.phase == Phase::Leaving
            && self.turn.open().is_none()
            && self.speech.is_none()
            && self.waiting.is_empty()
        {
            self.close(out);
        }
        self.settle_states(out);
    }

    /// Gives up what has been silent for too long.
    fn expire(&mut self, out: &mut Actions) {
        while let Some((at, op)) = self.ops.next_expiry()
            && at <= self.now
            && let Some(role) = self.ops.get(op).map(|l| l.role)
        {
            let detail = format!("nothing came for {:?}", self.config.effect_timeout);
            report(out, role.name(), Code::Timeout, detail);
            self.ops.cancel(op, out);
            self.op_ended(op, role);
        }
        let expiry = self.playout.expiry(self.speech.as_ref(), &self.config);
        if expiry.is_some_and(|at| at <= self.now)
            && let Some(speech) = self.speech.take()
        {
            let detail = format!("playout reported nothing for {:?}", self.config.playout_timeout);
            report(out, "playout", Code::Timeout, detail);
            self.flush(speech, out);
        }
    }

    fn settle_flush(&mut self, at_once: bool, out: &mut Actions) {
        if let Some(flushed) = self.playout.flushed(self.now, at_once) {
            self.end_speech(&flushed.speech, true, !flushed.exact, out);
        }
    }

    fn settle_overlap(&mut self, out: &mut Actions) {
        let Some(overlap) = &mut self.overlap else { return };
        let turn = overlap.turn;
        let Some(speech) = &self.speech else {
            // The agent had finished before it could be held: an ordinary turn.
            self.overlap = None;
            self.playout.release(self.now, out);
            return;
        };
        let Some(open) = self.turn.open().filter(|o| o.id == turn) else {
            self.refuse(turn, out);
            return;
        };
        match overlap.judge(self.now, open, &self.config.interruption) {
            Verdict::Wait(_) => {}
            Verdict::Confirm => {
                self.overlap = None;
                self.confirm(turn, out);
            }
            Verdict::Refuse => {
                let empty = open.text().is_empty();
                let why = if empty { Discard::Empty } else { Discard::Backchannel };
                // "Okay" over the last syllables is an answer, not a backchannel.
                if empty || !speech.is_nearly_over(self.config.playout_rate_hz) {
                    self.turn.discard(why, &mut self.ops, out);
                }
                self.refuse(turn, out);
            }
        }
    }

    fn settle_turn(&mut self, out: &mut Actions) {
        if self.overlap.is_some() {
            return;
        }
        let Some(open) = self.turn.open() else { return };
        let Some(due) = open.due(&self.config.endpointing) else { return };
        let text = open.text();
        if due <= self.now {
            if text.is_empty() {
                self.drop_speculation(out);
                self.turn.discard(Discard::Empty, &mut self.ops, out);
            } else if let Some(committed) = self.turn.commit(self.now, &mut self.ops, out) {
                self.commit(committed, out);
            }
            return;
        }
        let ready = open.silence().filter(|s| s.flushed).map(|s| s.waterfall.clone());
        let free = self.speech.is_none() && self.waiting.is_empty() && !text.is_empty();
        if let Some(waterfall) = ready
            && self.config.preemptive
            && free
        {
            self.reply(open.id, waterfall, Some(text), out);
        }
    }

    fn settle_speech(&mut self, out: &mut Actions) {
        loop {
            if let Some(speech) = &mut self.speech {
                speech.pump(self.now, &self.config, &mut self.ops, out);
            }
            if let Some(speech) = self.speech.take_if(|s| s.is_mute()) {
                self.end_speech(&speech, false, false, out);
            } else if !self.start_waiting(out) {
                break;
            }
        }
    }

    /// Starts what waits, once the floor is free. Returns whether it did.
    fn start_waiting(&mut self, out: &mut Actions) -> bool {
        let free = self.speech.is_none() && self.phase != Phase::New;
        let Some(plan) = self.waiting.front().filter(|_| free) else { return false };
        let protected = matches!(plan, Plan::Say { protected: true, .. });
        if self.turn.open().is_some() && !protected {
            return false;
        }
        match self.waiting.pop_front() {
            Some(Plan::Say { text, protected }) => {
                self.settle_flush(true, out);
                let turn = self.turn.next_id();
                let speech = Speech::new(self.new_speech(), turn, None);
                self.speech = Some(speech.with_text(&text, protected));
            }
            Some(Plan::Reply(committed)) => {
                self.reply(committed.id, committed.waterfall, None, out);
            }
            None => {}
        }
        self.playout.release(self.now, out);
        self.playout.touch(self.now);
        true
    }

    fn settle_states(&mut self, out: &mut Actions) {
        let agent = match (self.phase, &self.speech) {
            (Phase::New, _) => AgentState::Initializing,
            (Phase::Closed, _) => AgentState::Closed,
            (_, Some(s)) if s.audible => AgentState::Speaking,
            (_, Some(s)) if s.speculates_on().is_none() => AgentState::Thinking,
            (Phase::Leaving, None) => AgentState::Idle,
            (Phase::Running | Phase::Leaving, _) => AgentState::Listening,
        };
        if agent != self.agent_state {
            self.agent_state = agent;
            out.push(Action::Emit(Notice::AgentState(agent)));
        }
        let user = match self.phase {
            Phase::New | Phase::Running if self.turn.is_speaking() => UserState::Speaking,
            Phase::New | Phase::Running => UserState::Listening,
            Phase::Leaving | Phase::Closed => UserState::Away,
        };
        if user != self.user_state {
            self.user_state = user;
            out.push(Action::Emit(Notice::UserState(user)));
        }
    }

    // ---- decisions ----------------------------------------------------------------------

    /// The user speaks while the agent has something to say: hold it until that is understood.
    fn begin_overlap(&mut self, out: &mut Actions) {
        let Some(turn) = self.turn.open().map(|o| o.id) else { return };
        let interruptible = self.speech.as_ref().is_some_and(|s| !s.protected);
        if !interruptible || !self.config.interruption.enabled {
            return;
        }
        self.playout.hold(out);
        if self.overlap.is_none() {
            self.overlap = Some(Overlap::new(turn, self.now));
            out.push(Action::Emit(Notice::OverlapStarted(turn)));
        }
    }

    fn confirm(&mut self, turn: TurnId, out: &mut Actions) {
        out.push(Action::Emit(Notice::Interrupted(turn)));
        self.waiting.retain(|p| matches!(p, Plan::Say { protected: true, .. }));
        self.interrupt(out);
    }

    fn refuse(&mut self, turn: TurnId, out: &mut Actions) {
        self.overlap = None;
        out.push(Action::Emit(Notice::Resumed(turn)));
        self.playout.release(self.now, out);
    }

    /// Stops the present speech, unless it is protected.
    fn interrupt(&mut self, out: &mut Actions) {
        if let Some(speech) = self.speech.take_if(|s| !s.protected) {
            self.overlap = None;
            self.flush(speech, out);
        }
        self.playout.release(self.now, out);
    }

    fn flush(&mut self, mut speech: Speech, out: &mut Actions) {
        speech.cancel(&mut self.ops, out);
        self.settle_flush(true, out);
        self.playout.flush(self.now, speech, out);
        self.settle_flush(false, out);
    }

    /// A preemptive reply whose turn goes on is worth nothing any more.
    fn drop_speculation(&mut self, out: &mut Actions) {
        if let Some(mut speech) = self.speech.take_if(|s| s.speculates_on().is_some()) {
            speech.cancel(&mut self.ops, out);
            out.push(Action::Emit(Notice::PreemptiveDropped(speech.turn)));
        }
    }

    /// The user's turn is over: it enters history, and is answered.
    fn commit(&mut self, committed: Committed, out: &mut Actions) {
        self.settle_flush(true, out);
        let Committed { id, text, waterfall } = &committed;
        let said = Said::User { text: text.clone() };
        self.history.push(Item { turn: *id, said });
        out.push(Action::Emit(Notice::UserTurn { turn: *id, text: text.clone(), late: false }));
        match &mut self.speech {
            Some(s) if s.speculates_on() == Some(text) => s.commit(waterfall),
            _ => {
                self.drop_speculation(out);
                self.waiting.retain(|p| matches!(p, Plan::Say { .. }));
                self.waiting.push_back(Plan::Reply(committed));
            }
        }
    }

    /// Begins a reply: to history, or before the commit to history and `speculative`.
    fn reply(
        &mut self,
        turn: TurnId,
        mut waterfall: crate::Waterfall,
        speculative: Option<String>,
        out: &mut Actions,
    ) {
        self.settle_flush(true, out);
        mark(&mut waterfall.llm_started, self.now);
        let request = messages::request(&self.config, &self.history, speculative.as_deref());
        let op = self.ops.start(self.now, Effect::Generate(request), out);
        let speech = Speech::new(self.new_speech(), turn, Some(waterfall));
        self.speech = Some(speech.with_generation(op, speculative));
    }

    const fn new_speech(&mut self) -> u32 {
        let id = self.next_speech;
        self.next_speech += 1;
        id
    }

    /// A speech is over: what was heard of it enters history.
    fn end_speech(&mut self, s: &Speech, interrupted: bool, overdue: bool, out: &mut Actions) {
        let cut = s.cut();
        let estimated = interrupted && (cut.estimated || overdue);
        let (heard, unheard) = (cut.heard, cut.unheard);
        out.push(Action::Emit(Notice::SpeechEnded {
            speech: s.id,
            turn: s.turn,
            heard: heard.clone(),
            unheard: unheard.clone(),
            interrupted,
            estimated,
        }));
        if !heard.trim().is_empty() {
            let said = Said::Agent { heard, unheard, interrupted, estimated };
            self.history.push(Item { turn: s.turn, said });
        }
    }

    fn close(&mut self, out: &mut Actions) {
        self.drop_speculation(out);
        self.turn.discard(Discard::Cleared, &mut self.ops, out);
        self.overlap = None;
        if let Some(speech) = self.speech.take() {
            self.flush(speech, out);
        }
        self.settle_flush(true, out);
        self.waiting.clear();
        self.ops.cancel_all(out);
        self.playout.release(self.now, out);
        self.phase = Phase::Closed;
        self.settle_states(out);
        out.push(Action::Emit(Notice::Ended));
    }
}

fn report(out: &mut Actions, op: &str, code: Code, detail: String) {
    out.push(Action::Emit(Notice::Error { op: op.to_owned(), code, detail }));
}
