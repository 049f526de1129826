//! The one error of the workspace: where it happened, what class it is, what was wrong.

use std::{borrow::Cow, error::Error as StdError, fmt};

use serde::{Deserialize, Serialize};

/// `Result` with the workspace's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of a component. One word wide; the detail is boxed.
pub struct Error(Box<Inner>);

struct Inner {
    op: &'static str,
    code: Code,
    detail: Cow<'static, str>,
    help: Option<Cow<'static, str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The closed vocabulary of failures. The string form is stable: it is the metric label and
/// the wire value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// A session was started without an agent. The caller must set one.
    AgentNotSet,
    /// The agent refused its validation. The agent's author acts.
    AgentInvalid,
    /// A provider's stream broke off or misbehaved. Retrying may help.
    StreamError,
    /// Conversation history could not be kept or used.
    ContextError,
    /// An interruption could not be carried out as decided.
    InterruptionError,
    /// Nothing came within the allowed time. Retrying may help.
    Timeout,
    /// The provider, file or service is not there now. Retrying may help.
    Unavailable,
    /// The provider asks to slow down. Retry later.
    RateLimited,
    /// Credentials are missing or refused. The operator acts.
    Unauthorized,
    /// The peer sent what its protocol does not allow.
    Protocol,
    /// An audio device or stream failed.
    AudioDevice,
    /// What the caller passed in cannot be used; the detail says what and how to mend it.
    InvalidInput,
    /// A file is not what its checksum or format says.
    Corrupt,
    /// A file or folder could not be read or written.
    Storage,
    /// The operation was cancelled by its owner.
    Cancelled,
    /// A defect of ours.
    Internal,
}

impl Code {
    /// The stable string form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AgentNotSet => "agent_not_set",
            Self::AgentInvalid => "agent_invalid",
            Self::StreamError => "stream_error",
            Self::ContextError => "context_error",
            Self::InterruptionError => "interruption_error",
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::RateLimited => "rate_limited",
            Self::Unauthorized => "unauthorized",
            Self::Protocol => "protocol",
            Self::AudioDevice => "audio_device",
            Self::InvalidInput => "invalid_input",
            Self::Corrupt => "corrupt",
            Self::Storage => "storage",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::StreamError | Self::Timeout | Self::Unavailable | Self::RateLimited)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error {
    /// A failure of `op` (`"tts.speak"`), with the detail a developer needs.
    pub fn new(op: &'static str, code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner { op, code, detail: detail.into(), help: None, source: None }))
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds the underlying error.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The operation that failed: component and verb, `"stt.transcribe"`.
    #[must_use]
    pub const fn op(&self) -> &'static str {
        self.0.op
    }

    /// The class of failure.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.0.code
    }

    /// What was wrong, for a developer.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// How to mend it, if known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("Error");
        s.field("op", &self.0.op).field("code", &self.0.code).field("detail", &self.0.detail);
        if let Some(source) = &self.0.source {
            s.field("source", source);
        }
        s.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed ({}): {}", self.0.op, self.0.code, self.0.detail)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|s| &**s as &(dyn StdError + 'static))
    }
}
