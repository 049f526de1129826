//! Vocabulary of tools: what a model is offered, its call, and what it is told in the end.
//!
//! It deliberately holds data only: what may be kept in a journal and shown to a person.

use std::{fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::{Code, Timestamp};

/// What a call changes in the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Nothing: it may run before the turn is committed, and twice.
    Read,
    /// Something that can be undone. The default: what is not known to be harmless is not.
    #[default]
    Write,
    /// Something that cannot be undone. It is confirmed by the user first.
    Irreversible,
}

/// A tool as the model and the conversation see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolDefinition {
    /// 1 to 64 of `a-z A-Z 0-9 _ -`; unique among the tools of an agent.
    pub name: String,
    /// What it does and when to call it, for the model.
    pub description: String,
    /// JSON schema (draft 2020-12) of the arguments: an object.
    pub parameters: Value,
    /// What a call changes.
    pub effect: EffectClass,
}

/// The tools a model is offered. Clones share them: every request of a session carries them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Vec<ToolDefinition>")]
pub struct ToolDefinitions(Arc<[ToolDefinition]>);

impl Default for ToolDefinitions {
    /// No tools.
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl Deref for ToolDefinitions {
    type Target = [ToolDefinition];

    fn deref(&self) -> &[ToolDefinition] {
        &self.0
    }
}

impl From<Vec<ToolDefinition>> for ToolDefinitions {
    fn from(tools: Vec<ToolDefinition>) -> Self {
        Self(tools.into())
    }
}

impl FromIterator<ToolDefinition> for ToolDefinitions {
    fn from_iter<I: IntoIterator<Item = ToolDefinition>>(tools: I) -> Self {
        Self(tools.into_iter().collect())
    }
}

impl Serialize for ToolDefinitions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().serialize(serializer)
    }
}

/// A model's wish to call a tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's id, unique within the session.
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them: JSON text, not yet checked.
    pub arguments: String,
}

/// What the model is told about a call. Every call id gets exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// Text for the model, bounded by the runtime.
    pub text: String,
    /// Whether the call failed.
    pub is_error: bool,
    /// Whether `text` is the beginning of something longer. It then ends with a mark that says so.
    pub truncated: bool,
}

impl ToolResult {
    /// The result of a call that succeeded, cut to `max_bytes`.
    #[must_use]
    pub fn success(text: impl Into<String>, max_bytes: usize) -> Self {
        Self::cut(text.into(), false, max_bytes)
    }

    /// The result of a call that failed, cut to `max_bytes`.
    #[must_use]
    pub fn error(text: impl Into<String>, max_bytes: usize) -> Self {
        Self::cut(text.into(), true, max_bytes)
    }

    fn cut(text: String, is_error: bool, max_bytes: usize) -> Self {
        let total = text.len();
        if total <= max_bytes {
            return Self { text, is_error, truncated: false };
        }
        let kept = text.floor_char_boundary(max_bytes);
        let beginning = text.get(..kept).unwrap_or_default();
        let text = format!("{beginning}\n[cut: the first {kept} of {total} bytes]");
        Self { text, is_error, truncated: true }
    }
}

/// Why a call failed. The string form is stable: it is a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolFailure {
    /// No tool of this name is offered.
    UnknownTool,
    /// The arguments are no JSON, or do not fit the schema.
    InvalidArguments,
    /// The same call, or the same call id, has been made before.
    Duplicate,
    /// Called more often than its rate limit allows.
    RateLimited,
    /// The user has to confirm it first.
    Unconfirmed,
    /// The model made up what it should have asked for, or called where nobody wanted anything.
    Unsaid,
    /// It took longer than allowed, and was stopped.
    Timeout,
    /// It panicked.
    Panicked,
    /// It said itself that it failed.
    Failed,
}

impl ToolFailure {
    /// The stable string form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownTool => "unknown_tool",
            Self::InvalidArguments => "invalid_arguments",
            Self::Duplicate => "duplicate",
            Self::RateLimited => "rate_limited",
            Self::Unconfirmed => "unconfirmed",
            Self::Unsaid => "unsaid",
            Self::Timeout => "timeout",
            Self::Panicked => "panicked",
            Self::Failed => "failed",
        }
    }

    /// The code an error about it carries.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::UnknownTool
            | Self::InvalidArguments
            | Self::Duplicate
            | Self::Unconfirmed
            | Self::Unsaid => Code::InvalidInput,
            Self::RateLimited => Code::RateLimited,
            Self::Timeout => Code::Timeout,
            Self::Panicked => Code::Internal,
            Self::Failed => Code::Unavailable,
        }
    }

    /// Whether the tool itself never began, so that nothing can have changed.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::UnknownTool
                | Self::InvalidArguments
                | Self::Duplicate
                | Self::RateLimited
                | Self::Unconfirmed
                | Self::Unsaid
        )
    }
}

impl fmt::Display for ToolFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What happens to a call, in this order: `Started` unless it is refused, any number of
/// `Progress`, at most one `Deferred`, more `Progress`, then exactly one of `Completed` and
/// `Failed`, then the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum ToolEvent {
    /// The tool runs.
    Started {
        /// Session time.
        at: Timestamp,
    },
    /// It has something to tell on its way: for a person's eye, not for the model.
    Progress {
        /// Session time.
        at: Timestamp,
        /// What it has reached, at most 1 KiB.
        text: String,
    },
    /// It will take long. The model gets `result` as the result of this call; the end comes as
    /// news later and must not be waited for.
    Deferred {
        /// Session time.
        at: Timestamp,
        /// What to tell the model for now.
        result: ToolResult,
    },
    /// It succeeded.
    Completed {
        /// Session time.
        at: Timestamp,
        /// What to tell the model.
        result: ToolResult,
    },
    /// It failed, or was refused.
    Failed {
        /// Session time.
        at: Timestamp,
        /// Why.
        why: ToolFailure,
        /// What to tell the model; `is_error` is set.
        result: ToolResult,
    },
}

impl ToolEvent {
    /// When it happened, in session time.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Started { at }
            | Self::Progress { at, .. }
            | Self::Deferred { at, .. }
            | Self::Completed { at, .. }
            | Self::Failed { at, .. } => *at,
        }
    }

    /// The final result, if this is the last event of its call.
    #[must_use]
    pub const fn outcome(&self) -> Option<&ToolResult> {
        match self {
            Self::Completed { result, .. } | Self::Failed { result, .. } => Some(result),
            Self::Started { .. } | Self::Progress { .. } | Self::Deferred { .. } => None,
        }
    }
}
