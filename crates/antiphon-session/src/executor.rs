//! A conversation in text: the machine and the agent port of a voice session, without media.
//!
//! [`AgentExecutor`] runs one turn after the other where it is polled; only what prepares the next
//! reply is a task, cancelled when the reply is wanted. [`ChatSessionManager`] counts messages and checks what is typed
//! ([`MessageValidator`]).
//!
//! It deliberately knows no terminal, and decides nothing: who answers when, which tool runs and
//! what history says is decided in `antiphon-conversation`.
//!
//! # Errors
//! The specification of this interface names a tree of exceptions. Here it is operation and code:
//!
//! | specified | operation | code |
//! |---|---|---|
//! | `AgentInitializationError` | `agent.validate` | `agent_invalid` |
//! | `SessionInitializationError` | `config`, `chat.start` | `invalid_input` |
//! | `InvalidToolError` | `tools.register` | `invalid_input` |
//! | `LLMConnectionError` | `llm.generate` | `unavailable`, `unauthorized`, `timeout` |
//! | `LLMError` | `llm.generate` | every other |
//! | `ToolExecutionError` | none: the model is told, and [`ToolExecution::outcome`] holds it | the code of its [`ToolFailure`] |
//! | `MessageProcessingError` | `executor.turn`, `chat.message` | `cancelled`, `internal`, `context_error` |
//! | `ValidationError` | `message.validate` | `invalid_input` |
//!
//! [`ToolFailure`]: antiphon_core::ToolFailure

mod chat;
mod message;
mod operations;
mod response;
mod turn;

use std::sync::Arc;

use antiphon_conversation::{
    Action, AgentUpdate, Command, Config, Conversation, Effect, Event, Notice,
};
use antiphon_core::{BoxFuture, Clock, Code, Error, OpId, Result};
use antiphon_state::History;
use antiphon_tools::{Heard, Request, ToolSet};
use tokio::sync::{mpsc, watch};

pub use self::{
    chat::{ChatConfig, ChatSession, ChatSessionManager, ChatTurn},
    message::{Invalid, MAX_CHARACTERS, MessageValidator},
    response::{AgentResponse, ToolExecution, ToolOutcome},
    turn::{TurnEvent, TurnStream},
};
use crate::{
    Agent, SessionHandle,
    counters::Counters,
    events::{self, EventSender},
    executor::operations::Operations,
    handle::{Extra, Order},
    lifecycle,
    speech::Speeches,
    tools::{Tools, definitions},
    warming::Warming,
};

/// Orders of an agent or a tool that may wait for the next turn.
const ORDERS: usize = 32;

/// Notices a slow listener may be behind before it misses some.
const EVENTS: usize = 512;

/// What an executor is made of.
pub struct ExecutorParts {
    /// How the conversation is conducted. What concerns audio and waiting does not count;
    /// instructions and greeting are the agent's if it has them, the tools are those below.
    pub config: Config,
    /// Who answers.
    pub agent: Arc<dyn Agent>,
    /// What it may call.
    pub tools: ToolSet,
    /// Time for timeouts and measurements.
    pub clock: Arc<dyn Clock>,
    /// The session's id, for the tools.
    pub session: Arc<str>,
}

impl std::fmt::Debug for ExecutorParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ExecutorParts").field("session", &self.session).finish_non_exhaustive()
    }
}

/// One text conversation with an agent.
///
/// Not to be shared: one conversation is one executor. Several run side by side.
pub struct AgentExecutor {
    config: Config,
    agent: Arc<dyn Agent>,
    tools: Tools,
    clock: Arc<dyn Clock>,
    session: Arc<str>,
    machine: Conversation,
    operations: Operations,
    /// What prepares the next reply while nobody waits for one.
    warming: Warming,
    /// The agent that takes over now.
    entering: Option<BoxFuture<'static, Result<()>>>,
    orders: mpsc::Receiver<Box<Order>>,
    speeches: Speeches,
    counters: Arc<Counters>,
    events: EventSender,
    history: watch::Sender<Arc<History>>,
    handle: SessionHandle,
    over: bool,
}

impl std::fmt::Debug for AgentExecutor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AgentExecutor").field("session", &self.session).finish_non_exhaustive()
    }
}

impl AgentExecutor {
    /// An executor at the start of its conversation: the agent has been validated, and its
    /// greeting, if it has one, is in the history. Must be called within a tokio runtime, on which
    /// the agent may prepare its reply ([`Agent::warm`]) while no turn runs.
    ///
    /// # Errors
    /// `agent_invalid` if the agent refuses its validation, `invalid_input` for a configuration
    /// that cannot be used.
    pub fn new(parts: ExecutorParts) -> Result<Self> {
        let ExecutorParts { mut config, agent, tools, clock, session } = parts;
        let profile = lifecycle::validated(&*agent)?;
        config.instructions = profile.instructions.unwrap_or(config.instructions);
        config.greeting = profile.greeting.unwrap_or(config.greeting);
        config.tools = definitions(&tools);
        without_voice(&mut config);
        let machine = Conversation::new(config.clone())?;
        let (orders_in, orders) = mpsc::channel(ORDERS);
        let (events, _) = events::channel(EVENTS);
        let (history, seen) = watch::channel(Arc::new(machine.history().clone()));
        let counters = Arc::<Counters>::default();
        let handle =
            SessionHandle::new(orders_in, events.clone(), seen, counters.clone(), tools.clone());
        let entering = lifecycle::change(None, agent.clone(), handle.clone());
        let mut executor = Self {
            config,
            agent,
            tools: Tools::new(&session, tools, clock.clone()),
            clock,
            session,
            machine,
            operations: Operations::default(),
            warming: Warming::default(),
            entering: Some(Box::pin(entering)),
            orders,
            speeches: Speeches::default(),
            counters,
            events,
            history,
            handle,
            over: false,
        };
        executor.handle(Event::App(Command::Start));
        executor.warm();
        Ok(executor)
    }

    /// One turn of the conversation: what the agent answers to `message`, with the tools it
    /// called on the way.
    ///
    /// Cancel safe: dropping it interrupts the reply. History then holds the sentences that
    /// were complete, marked as interrupted, and a tool that changes something runs on.
    ///
    /// # Errors
    /// `invalid_input` if the message is empty, `cancelled` after
    /// [`shutdown`](Self::shutdown), and what the language model failed with. The conversation
    /// goes on: the next turn works.
    pub async fn execute_turn(&mut self, message: &str) -> Result<AgentResponse> {
        let mut turn = self.stream_turn(message)?;
        turn::response("executor.turn", async || turn.next().await).await
    }

    /// As [`execute_turn`](Self::execute_turn), piece by piece as it happens.
    ///
    /// What a tool has reported since the last turn ("your order is on its way") is told first.
    ///
    /// # Errors
    /// `invalid_input` if the message is empty, `cancelled` after [`shutdown`](Self::shutdown).
    pub fn stream_turn(&mut self, message: &str) -> Result<TurnStream<'_>> {
        let refuse = |code, what: &'static str| Err(Error::new("executor.turn", code, what));
        if self.over {
            return refuse(Code::Cancelled, "the executor was shut down");
        }
        if message.trim().is_empty() {
            return refuse(Code::InvalidInput, "the message is empty");
        }
        Ok(TurnStream::new(self, message.to_owned()))
    }

    /// The conversation so far. The system message is no part of it.
    #[must_use]
    pub const fn get_history(&self) -> &History {
        self.machine.history()
    }

    /// Forgets the conversation; the system message stays. Tools that still run are cancelled.
    pub fn clear_history(&mut self) {
        if self.over {
            return;
        }
        // The configuration was checked when the executor was made, so this cannot fail.
        let tools = definitions(self.handle.tools());
        let config = Config { greeting: String::new(), tools, ..self.config.clone() };
        let Ok(machine) = Conversation::new(config) else {
            return;
        };
        self.machine = machine;
        self.operations = Operations::default();
        self.speeches = Speeches::default();
        // The ids of calls begin anew.
        self.tools = Tools::new(&self.session, self.handle.tools().clone(), self.clock.clone());
        self.handle(Event::App(Command::Start));
        self.publish();
        self.warm();
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// What an agent can do with the conversation. What it asks for happens in the next turn.
    #[must_use]
    pub fn session_handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// Ends the conversation: whatever runs is cancelled, and the agent is left, within two
    /// seconds. The history can still be read. Doing it again changes nothing.
    pub async fn shutdown(&mut self) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        self.handle(Event::App(Command::Close));
        self.operations = Operations::default();
        self.warming.stop();
        self.entering = None;
        self.orders.close();
        lifecycle::leave(self.agent.clone()).await;
    }

    /// Tells the machine and does what it wants. Gives the notices, in order.
    fn handle(&mut self, event: Event) -> Vec<Notice> {
        let mut actions = Vec::new();
        self.machine.handle(self.clock.now(), event, &mut actions);
        let mut notices = Vec::new();
        for action in actions {
            match action {
                Action::Start { op, effect } => self.start(op, effect),
                Action::Cancel { op } => self.operations.remove(op),
                Action::Emit(notice) => {
                    self.emit(&notice);
                    notices.push(notice);
                }
                // There is neither playout nor a transcription.
                Action::Feed { .. } | Action::Playout(_) => {}
            }
        }
        notices
    }

    fn start(&mut self, op: OpId, effect: Effect) {
        match effect {
            Effect::Generate(request) => {
                self.tools.freeze();
                let stopped = self.warming.stop();
                self.operations.generate(op, self.agent.clone(), request, stopped);
            }
            Effect::CallTool { call, turn, said } => {
                let heard = said.map(|s| Heard { last: s.last, conversation: s.all });
                let request = Request { heard, ..Request::new(call, turn) };
                self.operations.call(op, self.tools.run(&request));
            }
            Effect::Transcribe { .. }
            | Effect::PredictTurnEnd { .. }
            | Effect::PredictBackchannel { .. }
            | Effect::Speak { .. }
            | Effect::Play { .. } => {
                let what = "a conversation in text has no audio";
                self.operations.fail(op, &Error::new("executor", Code::InvalidInput, what));
            }
        }
    }

    /// The user is expected to type: the agent may prepare what its reply will begin with.
    fn warm(&mut self) {
        if !self.over {
            self.warming.begin(self.agent.clone(), self.machine.next_request(), ());
        }
    }

    fn emit(&mut self, notice: &Notice) {
        if matches!(notice, Notice::UserTurn { .. } | Notice::SpeechEnded { .. }) {
            self.publish();
        }
        self.speeches.notice(notice);
        self.tools.notice(notice);
        if let Notice::Error { op, code, detail } = notice {
            self.counters.error(op, *code);
            tracing::warn!(op, %code, detail, "the conversation goes on");
        }
        // Without a listener there is nobody to tell.
        self.events.send(self.clock.now(), notice.clone());
    }

    fn publish(&self) {
        self.history.send_replace(Arc::new(self.machine.history().clone()));
    }

    fn order(&mut self, order: Order) -> Vec<Notice> {
        match order.extra {
            Extra::None => {}
            Extra::Speech { request, state, .. } => self.speeches.expect(request, state),
            Extra::Agent(agent) => {
                let old = std::mem::replace(&mut self.agent, agent.clone());
                let change = lifecycle::change(Some(old), agent, self.handle.clone());
                self.entering = Some(Box::pin(change));
            }
        }
        if let Command::Update(AgentUpdate { instructions: Some(text), .. }) = &order.command {
            self.config.instructions.clone_from(text);
        }
        self.handle(Event::App(order.command))
    }

    fn entered(&mut self, entered: Result<()>) {
        self.entering = None;
        if let Err(e) = entered {
            let (op, code, detail) = (e.op().to_owned(), e.code(), e.detail().to_owned());
            self.emit(&Notice::Error { op, code, detail });
        }
    }
}

/// What a conversation in text does not have: audio, and a user who is waited for.
fn without_voice(config: &mut Config) {
    config.speak = false;
    config.turn_detector = false;
    config.backchannel_detector = false;
    config.preemptive = false;
    // A failed reply is an error here, and a tool at work is shown.
    config.apology.clear();
    config.filler.clear();
    config.reprompt.clear();
}

#[cfg(test)]
mod tests;
