//! What a turn came to: the text, the tools, the tokens, the time.

use std::time::Duration;

use antiphon_core::{Timestamp, ToolCall, ToolEvent, ToolFailure, ToolResult};
use antiphon_llm::Usage;
use serde::{Deserialize, Serialize};

/// What an agent answered in one turn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentResponse {
    /// What it said, without white space around it.
    pub content: String,
    /// The tools it called, in the order of the calls.
    pub tool_executions: Vec<ToolExecution>,
    /// Tokens of all generations of the turn; `None` if the model does not say.
    pub tokens_used: Option<Usage>,
    /// How long the turn took.
    pub execution_time: Duration,
    /// How long it took to the first text; `None` if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_text: Option<Duration>,
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolExecution {
    /// The call as the model made it.
    pub call: ToolCall,
    /// What has become of it.
    pub outcome: ToolOutcome,
    /// From the call to its end, or to where it was deferred.
    pub execution_time: Duration,
}

/// What has become of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ToolOutcome {
    /// The turn ended before the call did.
    Running,
    /// It takes long; a later turn tells how it ended.
    Deferred {
        /// What the model was told for now.
        result: ToolResult,
    },
    /// It succeeded.
    Completed {
        /// What the model was told.
        result: ToolResult,
    },
    /// It failed or was refused; the model was told and answered all the same.
    Failed {
        /// Why.
        why: ToolFailure,
        /// What the model was told.
        result: ToolResult,
    },
}

impl ToolOutcome {
    /// The stable name: `running`, `deferred`, `completed` or `failed`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Deferred { .. } => "deferred",
            Self::Completed { .. } => "completed",
            Self::Failed { .. } => "failed",
        }
    }
}

/// What a turn has come to so far.
#[derive(Debug)]
pub(super) struct Tally {
    pub(super) response: AgentResponse,
    started: Timestamp,
    called: Vec<Timestamp>,
}

impl Tally {
    pub(super) fn new(started: Timestamp) -> Self {
        Self { response: AgentResponse::default(), started, called: Vec::new() }
    }

    pub(super) fn said(&mut self, text: &str) {
        let (content, text) = (&mut self.response.content, text.trim());
        if !content.is_empty() && !text.is_empty() {
            content.push('\n');
        }
        content.push_str(text);
    }

    /// Text has come.
    pub(super) fn wrote(&mut self, now: Timestamp) {
        let since = now.since(self.started);
        self.response.first_text.get_or_insert(since);
    }

    pub(super) fn used(&mut self, usage: Usage) {
        if usage != Usage::default() {
            add(self.response.tokens_used.get_or_insert_default(), usage);
        }
    }

    pub(super) fn called(&mut self, now: Timestamp, call: ToolCall) {
        let (outcome, execution_time) = (ToolOutcome::Running, Duration::ZERO);
        self.response.tool_executions.push(ToolExecution { call, outcome, execution_time });
        self.called.push(now);
    }

    /// Something happened to a call of this turn, or of an earlier one.
    pub(super) fn tool(&mut self, id: &str, event: &ToolEvent) {
        let calls = self.response.tool_executions.iter_mut().zip(&self.called);
        let Some((execution, called)) = calls.rev().find(|(e, _)| e.call.id == id) else { return };
        execution.execution_time = event.at().since(*called);
        execution.outcome = match event.clone() {
            ToolEvent::Started { .. } | ToolEvent::Progress { .. } => return,
            ToolEvent::Deferred { result, .. } => ToolOutcome::Deferred { result },
            ToolEvent::Completed { result, .. } => ToolOutcome::Completed { result },
            ToolEvent::Failed { why, result, .. } => ToolOutcome::Failed { why, result },
        };
    }

    pub(super) fn finish(self, now: Timestamp) -> AgentResponse {
        AgentResponse { execution_time: now.since(self.started), ..self.response }
    }
}

/// Adds what a generation used to what others did.
pub(super) const fn add(sum: &mut Usage, usage: Usage) {
    sum.input_tokens = sum.input_tokens.saturating_add(usage.input_tokens);
    sum.cached_tokens = sum.cached_tokens.saturating_add(usage.cached_tokens);
    sum.output_tokens = sum.output_tokens.saturating_add(usage.output_tokens);
}
