//! The machine: routes events to the sub-machines, then settles what follows from their states.
//!
//! Settling derives everything from state and time. No event handler starts a chain of its own,
//! so any order of events ends in the same place.

mod calls;
mod floor;
mod inputs;
mod replies;
mod settle;

use antiphon_core::{Code, OpId, Result, Timestamp};
use antiphon_llm::LlmRequest;
use antiphon_state::History;

use crate::{
    Action, Actions, AgentState, Config, Deadline, Event, Notice, UserState, attention::Attention,
    messages, ops::Ops, overlap::Overlap, plans::Plans, playout::Playout, speech::Speech,
    tools::RunningTools, turn::UserTurn,
};

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
    waiting: Plans,
    playout: Playout,
    tools: RunningTools,
    attention: Attention,
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

impl Conversation {
    /// A conversation that waits for [`Command::Start`](crate::Command::Start).
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid; see [`Config::validate`].
    pub fn new(config: Config) -> Result<Self> {
        config.validate()?;
        Ok(Self {
            now: Timestamp::ZERO,
            phase: Phase::New,
            ops: Ops::new(&config),
            turn: UserTurn::new(),
            overlap: None,
            speech: None,
            next_speech: 0,
            waiting: Plans::default(),
            playout: Playout::new(),
            tools: RunningTools::default(),
            attention: Attention::default(),
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
        let at = |at: Option<Timestamp>, why| at.map(|at| Deadline { at, why });
        let all = [
            at(self.turn_due(), "end of turn"),
            at(self.turn.limit(&self.config), "turn limit"),
            at(self.turn.flush_due(&self.config), "the provider's end of turn"),
            at(self.speculation_due(), "stable transcript"),
            at(self.overlap.as_ref().and_then(Overlap::due), "overlap verdict"),
            at(self.ops.next_expiry().map(|(at, _)| at), "effect timeout"),
            at(self.playout.flush_due(), "flush answer"),
            at(self.playout.expiry(self.speech.as_ref(), &self.config), "playout timeout"),
            at(self.filler_due(), "tool filler"),
            at(self.attention.due(&self.config), "user away"),
        ];
        all.into_iter().flatten().min()
    }

    /// The conversation so far.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The request of the next reply as far as it is known: all but what the user says next.
    #[must_use]
    pub fn next_request(&self) -> LlmRequest {
        messages::request(&self.config, &self.history, None)
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
}

fn report(out: &mut Actions, op: &str, code: Code, detail: impl Into<String>) {
    let (op, detail) = (op.to_owned(), detail.into());
    out.push(Action::Emit(Notice::Error { op, code, detail }));
}
