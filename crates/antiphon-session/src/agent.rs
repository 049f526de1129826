//! The agent port: who answers. An agent is given to a session before it starts and lives with
//! it: validated, entered, asked for replies, left.
//!
//! It deliberately knows no audio: an agent reads a conversation and streams text.

use std::sync::Arc;

use antiphon_core::{BoxFuture, BoxStream, Code, Error, Result};
use antiphon_llm::{FinishReason, Llm, LlmEvent, LlmRequest, Role, Usage};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::SessionHandle;

/// What an agent brings along. `None` leaves the session's configuration as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentProfile {
    /// Its name, for logs.
    pub name: String,
    /// Its instructions: the system message of every reply.
    pub instructions: Option<String>,
    /// What it says first.
    pub greeting: Option<String>,
    /// Its voice.
    pub voice: Option<String>,
}

/// Who answers.
///
/// Errors and panics of an agent never end the session: they are reported, and the next turn
/// works.
#[async_trait]
pub trait Agent: Send + Sync {
    /// Who it is. Asked once, when the agent takes over.
    fn profile(&self) -> AgentProfile;

    /// Whether it can work. Asked before the session starts.
    ///
    /// # Errors
    /// Anything; the session reports it as `agent_invalid`.
    fn validate(&self) -> Result<()>;

    /// The agent takes over: at the start of the session, or by
    /// [`SessionHandle::update_agent`]. The conversation goes on meanwhile.
    ///
    /// # Errors
    /// Anything; it is reported, and the agent stays.
    async fn on_enter(&self, session: SessionHandle) -> Result<()>;

    /// Streams the reply to a conversation that ends with what the user said. Dropping the
    /// stream cancels it. The messages hold of the agent's own words only what was heard.
    ///
    /// # Errors
    /// Anything, now or in the stream; it is reported, and the next turn works.
    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>>;

    /// The conversation stands still, and the next reply will most likely begin with these
    /// messages: what can be prepared for it, may be. A hint: it fails silently, and is dropped
    /// as soon as a reply is wanted, at the latest at its next await.
    ///
    /// # Errors
    /// Anything; nobody is told.
    async fn warm(&self, request: LlmRequest) -> Result<()>;

    /// The agent is left. It has two seconds.
    async fn on_exit(&self);
}

/// The standard agent: a language model with instructions.
#[derive(Clone)]
pub struct LlmAgent {
    llm: Arc<dyn Llm>,
    profile: AgentProfile,
}

impl LlmAgent {
    /// An agent that keeps to the session's instructions.
    #[must_use]
    pub fn new(llm: Arc<dyn Llm>) -> Self {
        let name = llm.capabilities().model;
        Self { llm, profile: AgentProfile { name, ..AgentProfile::default() } }
    }

    /// With instructions of its own.
    #[must_use]
    pub fn with_instructions(mut self, instructions: impl Into<String>) -> Self {
        self.profile.instructions = Some(instructions.into());
        self
    }

    /// With something it says first.
    #[must_use]
    pub fn with_greeting(mut self, greeting: impl Into<String>) -> Self {
        self.profile.greeting = Some(greeting.into());
        self
    }
}

impl std::fmt::Debug for LlmAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LlmAgent").field("profile", &self.profile).finish_non_exhaustive()
    }
}

#[async_trait]
impl Agent for LlmAgent {
    fn profile(&self) -> AgentProfile {
        self.profile.clone()
    }

    fn validate(&self) -> Result<()> {
        match &self.profile.instructions {
            Some(text) if text.trim().is_empty() => {
                let what = "the instructions are empty";
                Err(Error::new("agent.validate", Code::AgentInvalid, what)
                    .with_help("say in a sentence who the agent is and how it answers"))
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn on_enter(&self, _: SessionHandle) -> Result<()> {
        Ok(())
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        self.llm.generate(request).await
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        self.llm.warm(request).await
    }

    async fn on_exit(&self) {}
}

type Reply = BoxStream<Result<String>>;

/// A function as an agent: transcript in, text out. For sessions that bring no agent of their
/// own.
pub struct CallbackAgent {
    answer: Box<dyn Fn(String) -> BoxFuture<'static, Result<Reply>> + Send + Sync>,
}

impl CallbackAgent {
    /// Answers with what `answer` makes of the user's words.
    pub fn new<F, Fut>(answer: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String>> + Send + 'static,
    {
        let answer = move |said| -> BoxFuture<'static, Result<Reply>> {
            let text = answer(said);
            Box::pin(async move {
                let text = text.await?;
                Ok(stream::iter([Ok(text)]).boxed())
            })
        };
        Self { answer: Box::new(answer) }
    }

    /// Answers with the pieces of text that `answer` streams.
    pub fn streaming<F, S>(answer: F) -> Self
    where
        F: Fn(String) -> S + Send + Sync + 'static,
        S: futures_core::Stream<Item = Result<String>> + Send + 'static,
    {
        let answer = move |said| -> BoxFuture<'static, Result<Reply>> {
            let pieces = answer(said).boxed();
            Box::pin(async move { Ok(pieces) })
        };
        Self { answer: Box::new(answer) }
    }
}

impl std::fmt::Debug for CallbackAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CallbackAgent")
    }
}

#[async_trait]
impl Agent for CallbackAgent {
    fn profile(&self) -> AgentProfile {
        AgentProfile { name: "callback".to_owned(), ..AgentProfile::default() }
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn on_enter(&self, _: SessionHandle) -> Result<()> {
        Ok(())
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let said = request.messages.iter().rev().find(|m| m.role == Role::User);
        let said = said.map(|m| m.content.clone()).unwrap_or_default();
        let pieces = (self.answer)(said).await?;
        let deltas = pieces
            .filter(|piece| std::future::ready(!matches!(piece, Ok(text) if text.is_empty())))
            .map(|piece| piece.map(|text| LlmEvent::Delta { text }));
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(deltas.chain(stream::iter([Ok(done)])).boxed())
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }

    async fn on_exit(&self) {}
}
