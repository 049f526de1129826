//! The session from the inside and the outside: what anyone with a handle may ask of it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use antiphon_conversation::{AgentUpdate, Command, Priority, Say};
use antiphon_core::{Code, Error, RequestId, Result};
use antiphon_state::History;
use antiphon_tools::ToolSet;
use tokio::sync::{mpsc, watch};

use crate::{
    Agent, AgentProfile, Events, SpeechHandle, SpeechState, counters::Counters, events::EventSender,
};

/// A recording to be played instead of synthesised speech: one channel.
#[derive(Clone, Debug)]
pub struct Clip {
    /// Samples per second, 8000 to 192000.
    pub rate_hz: u32,
    /// The samples.
    pub samples: Arc<[i16]>,
}

/// How a speech is to be said.
#[derive(Clone, Debug, Default)]
pub struct SayOptions {
    /// The user's speech may not interrupt it.
    pub protected: bool,
    /// Its place among the speeches that wait.
    pub priority: Priority,
    /// Play this recording; the text is what it says.
    pub clip: Option<Clip>,
}

/// What the driver is handed besides a command.
pub(crate) enum Extra {
    None,
    Speech { request: RequestId, state: watch::Sender<SpeechState>, clip: Option<Clip> },
    Agent(Arc<dyn Agent>),
}

/// One order for the driver.
pub(crate) struct Order {
    pub(crate) command: Command,
    pub(crate) extra: Extra,
}

/// A handle on a running session. Clones are handles on the same session; none keeps it alive.
#[derive(Clone)]
pub struct SessionHandle {
    orders: mpsc::Sender<Box<Order>>,
    requests: Arc<AtomicU32>,
    events: EventSender,
    history: watch::Receiver<Arc<History>>,
    counters: Arc<Counters>,
    tools: ToolSet,
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").finish_non_exhaustive()
    }
}

impl SessionHandle {
    pub(crate) fn new(
        orders: mpsc::Sender<Box<Order>>,
        events: EventSender,
        history: watch::Receiver<Arc<History>>,
        counters: Arc<Counters>,
        tools: ToolSet,
    ) -> Self {
        Self { orders, requests: Arc::default(), events, history, counters, tools }
    }

    /// Says `text` after what is being said.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn say(&self, text: impl Into<String>) -> Result<SpeechHandle> {
        self.say_with(text, SayOptions::default()).await
    }

    /// Says `text`, or plays a recording of it.
    ///
    /// # Errors
    /// `cancelled` if the session is over, `invalid_input` for a recording that cannot be played.
    pub async fn say_with(
        &self,
        text: impl Into<String>,
        options: SayOptions,
    ) -> Result<SpeechHandle> {
        let SayOptions { protected, priority, clip } = options;
        if let Some(clip) = &clip
            && (clip.samples.is_empty() || !(8_000..=192_000).contains(&clip.rate_hz))
        {
            let what = format!("{} samples at {} Hz", clip.samples.len(), clip.rate_hz);
            return Err(Error::new("session.say", Code::InvalidInput, what)
                .with_help("give at least one sample, at 8000 to 192000 Hz"));
        }
        let request = self.next_request();
        let (text, recorded) = (text.into(), clip.is_some());
        let say = Say { request, text, clip: recorded, protected, priority };
        self.speech(request, Command::Say(say), clip).await
    }

    /// Has the agent say something by itself, by these instructions.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn generate_reply(&self, instructions: impl Into<String>) -> Result<SpeechHandle> {
        let request = self.next_request();
        let (instructions, priority) = (instructions.into(), Priority::Normal);
        self.speech(request, Command::Prompt { request, instructions, priority }, None).await
    }

    /// The user typed `text`: a turn of its own.
    ///
    /// # Errors
    /// `cancelled` if the session is over, `invalid_input` if the text is empty.
    pub async fn user_text(&self, text: impl Into<String>) -> Result<()> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err(Error::new("session.user_text", Code::InvalidInput, "the text is empty"));
        }
        self.command(Command::UserText { text }).await
    }

    /// Stops the present speech, unless it is protected.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn interrupt(&self) -> Result<()> {
        self.command(Command::Interrupt).await
    }

    /// Ends the user's turn now.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn commit_user_turn(&self) -> Result<()> {
        self.command(Command::CommitTurn).await
    }

    /// Forgets the user's turn.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn clear_user_turn(&self) -> Result<()> {
        self.command(Command::ClearTurn).await
    }

    /// Gives the conversation to another agent, from the next reply on. The old one is left, the
    /// new one entered.
    ///
    /// # Errors
    /// `agent_invalid` if the agent refuses its validation, `cancelled` if the session is over.
    pub async fn update_agent(&self, agent: Arc<dyn Agent>) -> Result<()> {
        let profile = crate::lifecycle::validated(&*agent)?;
        let AgentProfile { instructions, voice, .. } = profile;
        let update = AgentUpdate { instructions, voice, tools: None };
        self.order(Command::Update(update), Extra::Agent(agent)).await
    }

    /// The session's tools: register and unregister here, then [`refresh_tools`].
    ///
    /// [`refresh_tools`]: Self::refresh_tools
    #[must_use]
    pub const fn tools(&self) -> &ToolSet {
        &self.tools
    }

    /// Tells the model which tools there are now. Counts from the next reply on.
    ///
    /// # Errors
    /// `cancelled` if the session is over.
    pub async fn refresh_tools(&self) -> Result<()> {
        let tools = Some(crate::tools::definitions(&self.tools));
        self.command(Command::Update(AgentUpdate { tools, ..AgentUpdate::default() })).await
    }

    /// Ends the session; what is being said is cut off.
    ///
    /// # Errors
    /// `cancelled` if the session is over already.
    pub async fn end(&self) -> Result<()> {
        self.command(Command::Close).await
    }

    /// The conversation so far.
    #[must_use]
    pub fn history(&self) -> Arc<History> {
        self.history.borrow().clone()
    }

    /// Notices from now on. A listener that falls 128 behind misses the oldest and is told so.
    #[must_use]
    pub fn events(&self) -> Events {
        self.events.subscribe()
    }

    /// Errors so far: operation, code, how often. The labels are a closed set.
    #[must_use]
    pub fn errors(&self) -> Vec<(String, Code, u64)> {
        self.counters.errors()
    }

    fn next_request(&self) -> RequestId {
        RequestId(self.requests.fetch_add(1, Ordering::Relaxed))
    }

    async fn speech(
        &self,
        request: RequestId,
        command: Command,
        clip: Option<Clip>,
    ) -> Result<SpeechHandle> {
        let (state, seen) = watch::channel(SpeechState::Waiting);
        self.order(command, Extra::Speech { request, state, clip }).await?;
        Ok(SpeechHandle::new(request, seen, self.clone()))
    }

    pub(crate) async fn command(&self, command: Command) -> Result<()> {
        self.order(command, Extra::None).await
    }

    pub(crate) fn try_close(&self) {
        // A full inbox or a driver that is gone: whoever closes has a deadline of its own.
        let order = Order { command: Command::Close, extra: Extra::None };
        let _ = self.orders.try_send(Box::new(order));
    }

    async fn order(&self, command: Command, extra: Extra) -> Result<()> {
        let over = |_| Error::new("session.command", Code::Cancelled, "the session is over");
        self.orders.send(Box::new(Order { command, extra })).await.map_err(over)
    }
}
