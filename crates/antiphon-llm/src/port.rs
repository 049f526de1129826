//! The streaming language-model port.

use antiphon_core::{BoxStream, Result, ToolCall, ToolDefinitions};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What a model can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlmCapabilities {
    /// Name to show, such as `"SmolLM2-135M-Instruct Q4_1"`.
    pub model: String,
    /// Context window in tokens.
    pub context_tokens: usize,
    /// Whether it was trained to call tools.
    pub tools: bool,
}

/// Who speaks in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The user.
    User,
    /// The agent.
    Assistant,
    /// The result of a tool the agent called.
    Tool,
}

/// One message of the context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
    /// Tools the agent called after saying it; a result for each follows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call a result belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
}

impl Message {
    /// Something said.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into(), tool_calls: Vec::new(), tool_call_id: None }
    }
}

/// Whether the model may call the tools on offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it sees fit.
    #[default]
    Auto,
    /// It has to speak. The tools stay in its context, so that what is cached of it still counts;
    /// calls that a model writes all the same are neither made nor spoken.
    None,
}

impl ToolChoice {
    const fn is_auto(&self) -> bool {
        matches!(self, Self::Auto)
    }
}

/// What one generation asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LlmRequest {
    /// The context, oldest first, ending with the message to answer.
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub tools: ToolDefinitions,
    /// Whether it may.
    #[serde(default, skip_serializing_if = "ToolChoice::is_auto")]
    pub tool_choice: ToolChoice,
    /// Most tokens to generate; `None` leaves it to the provider.
    pub max_tokens: Option<u32>,
    /// Sampling temperature, 0.0 (greedy) to 2.0; `None` is the provider's default.
    pub temperature: Option<f32>,
}

/// Why a generation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// `max_tokens` or the context window was reached.
    Length,
    /// It waits for the results of its calls.
    ToolCalls,
}

/// Tokens used by a generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the context.
    pub input_tokens: u32,
    /// Of those, taken from a cached prefix.
    pub cached_tokens: u32,
    /// Tokens generated.
    pub output_tokens: u32,
}

/// What flows out of a generation: deltas and calls, then exactly one `Done`, then the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmEvent {
    /// The next piece of text: never empty, never splitting a character.
    Delta {
        /// The piece.
        text: String,
    },
    /// The model wants a tool called. The arguments are complete, and not yet checked.
    ToolCall(ToolCall),
    /// The generation is complete.
    Done {
        /// Why it stopped.
        finish: FinishReason,
        /// What it used.
        usage: Usage,
    },
}

/// A language model.
#[async_trait]
pub trait Llm: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> LlmCapabilities;

    /// Starts a generation. Dropping the stream cancels it; the model stops within one token.
    ///
    /// After an `Err` item the stream ends.
    ///
    /// # Errors
    /// `invalid_input` if the request has no message, an impossible parameter, or does not fit
    /// the context window; `unavailable` if the model cannot take more work; in the stream also
    /// `internal`.
    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>>;

    /// Prepares `request`'s messages so that a later generation that starts with them begins
    /// faster. Providers without a prefix cache return at once.
    ///
    /// # Errors
    /// As [`generate`](Self::generate).
    async fn warm(&self, request: LlmRequest) -> Result<()>;
}
