//! A chat: an executor with a count of messages, a limit, and checked input.

use antiphon_core::{Code, Error, Result, Timestamp};
use antiphon_llm::Usage;

use super::{
    AgentExecutor, AgentResponse, ExecutorParts, MessageValidator, TurnEvent, TurnStream,
    response::add, turn::response,
};

/// How much a chat takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatConfig {
    /// Most messages, those of the user and those of the agent, 2 or more.
    pub max_messages: u32,
    /// Part of `max_messages` in percent, 1 to 100, from which on the user is warned.
    pub warn_at_percent: u32,
    /// What may be typed.
    pub validator: MessageValidator,
}

impl Default for ChatConfig {
    /// 50 messages, warned at 80 %.
    fn default() -> Self {
        Self { max_messages: 50, warn_at_percent: 80, validator: MessageValidator::default() }
    }
}

/// Where a chat is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChatSession {
    /// Messages of the user and the agent since the start or since history was cleared.
    pub messages: u32,
    /// Turns that were answered.
    pub turns: u32,
    /// Calls of tools.
    pub tool_calls: u32,
    /// Tokens used, as far as the model says.
    pub tokens: Usage,
    /// When it was started, in the time of the executor's clock.
    pub started: Timestamp,
}

/// The life of one chat: started, used, terminated.
///
/// Not to be shared: one chat is one manager.
#[derive(Debug)]
pub struct ChatSessionManager {
    parts: Option<ExecutorParts>,
    config: ChatConfig,
    running: Option<(AgentExecutor, ChatSession)>,
}

impl ChatSessionManager {
    /// A chat that waits to be started.
    ///
    /// # Errors
    /// `invalid_input` if the limits are out of their ranges.
    pub fn new(parts: ExecutorParts, config: ChatConfig) -> Result<Self> {
        if config.max_messages < 2 || !(1..=100).contains(&config.warn_at_percent) {
            let ChatConfig { max_messages, warn_at_percent, .. } = config;
            let what = format!("{max_messages} messages with a warning at {warn_at_percent} %");
            return Err(Error::new("chat.start", Code::InvalidInput, what)
                .with_help("allow 2 messages or more, and warn at 1 to 100 %"));
        }
        Ok(Self { parts: Some(parts), config, running: None })
    }

    /// Starts the chat. What the agent says first is in the history.
    ///
    /// # Errors
    /// `invalid_input` if it was started before; see also [`AgentExecutor::new`].
    pub fn start(&mut self) -> Result<ChatSession> {
        let Some(parts) = self.parts.take() else {
            let what = "the chat was started before";
            return Err(Error::new("chat.start", Code::InvalidInput, what)
                .with_help("make another ChatSessionManager for another chat"));
        };
        let started = parts.clock.now();
        let executor = AgentExecutor::new(parts)?;
        let messages = u32::from(!executor.get_history().is_empty());
        let session = ChatSession { messages, started, ..ChatSession::default() };
        self.running = Some((executor, session));
        Ok(session)
    }

    /// Checks a message and has it answered. Cancel safe, as [`AgentExecutor::execute_turn`].
    ///
    /// # Errors
    /// `invalid_input` for a message that cannot be taken, `context_error` when the chat is full,
    /// `cancelled` unless it runs; see also [`AgentExecutor::execute_turn`].
    pub async fn process_message(&mut self, message: &str) -> Result<AgentResponse> {
        let mut turn = self.stream_message(message)?;
        response("chat.message", async || turn.next().await).await
    }

    /// As [`process_message`](Self::process_message), piece by piece as it happens.
    ///
    /// # Errors
    /// As [`process_message`](Self::process_message), apart from what the model fails with.
    pub fn stream_message(&mut self, message: &str) -> Result<ChatTurn<'_>> {
        let max_messages = self.config.max_messages;
        let (executor, session) = self.running.as_mut().ok_or_else(not_running)?;
        let message = self.config.validator.validate(message)?;
        if session.messages >= max_messages {
            let what = format!("the chat has its {max_messages} messages");
            return Err(Error::new("chat.message", Code::ContextError, what)
                .with_help("clear its history, or start another chat"));
        }
        let turn = executor.stream_turn(message)?;
        session.messages += 1;
        Ok(ChatTurn { turn, session })
    }

    /// Where the chat is.
    ///
    /// # Errors
    /// `cancelled` unless it runs.
    pub fn get_session(&self) -> Result<ChatSession> {
        self.running.as_ref().map(|(_, session)| *session).ok_or_else(not_running)
    }

    /// Whether the chat comes close to its limit: at 80 % of it, unless configured otherwise.
    #[must_use]
    pub fn should_warn_context_limit(&self) -> bool {
        let ChatConfig { max_messages, warn_at_percent, .. } = self.config;
        let messages = self.running.as_ref().map_or(0, |(_, session)| session.messages);
        u64::from(messages) * 100 >= u64::from(max_messages) * u64::from(warn_at_percent)
    }

    /// The conversation behind the chat.
    ///
    /// # Errors
    /// `cancelled` unless it runs.
    pub fn executor(&self) -> Result<&AgentExecutor> {
        self.running.as_ref().map(|(executor, _)| executor).ok_or_else(not_running)
    }

    /// Forgets the conversation and counts from 0 again; the system message stays.
    ///
    /// # Errors
    /// `cancelled` unless it runs.
    pub fn clear_history(&mut self) -> Result<()> {
        let (executor, session) = self.running.as_mut().ok_or_else(not_running)?;
        executor.clear_history();
        session.messages = 0;
        Ok(())
    }

    /// Ends the chat within two seconds. Doing it again changes nothing.
    pub async fn terminate(&mut self) {
        self.parts = None;
        if let Some((mut executor, _)) = self.running.take() {
            executor.shutdown().await;
        }
    }
}

/// A turn of a chat that is under way. Dropping it before its end interrupts the reply.
#[derive(Debug)]
pub struct ChatTurn<'a> {
    turn: TurnStream<'a>,
    session: &'a mut ChatSession,
}

impl ChatTurn<'_> {
    /// As [`TurnStream::next`].
    ///
    /// # Errors
    /// As [`TurnStream::next`].
    pub async fn next(&mut self) -> Option<Result<TurnEvent>> {
        let event = self.turn.next().await;
        if let Some(Ok(TurnEvent::Done(response))) = &event {
            let calls = u32::try_from(response.tool_executions.len()).unwrap_or(u32::MAX);
            self.session.messages += 1;
            self.session.turns += 1;
            self.session.tool_calls = self.session.tool_calls.saturating_add(calls);
            add(&mut self.session.tokens, response.tokens_used.unwrap_or_default());
        }
        event
    }
}

fn not_running() -> Error {
    Error::new("chat.message", Code::Cancelled, "the chat does not run")
        .with_help("start it, once, and use it before it is terminated")
}
