//! What can be expected of a scenario.

use std::fmt;

use antiphon_conversation::AgentState;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

/// One expectation. Texts are compared without regard to case, punctuation and spacing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Expect {
    /// The user was understood to say this, as part of a turn.
    Said(String),
    /// The user heard the agent say this, as part of one speech.
    Heard(String),
    /// The user never heard this.
    NotHeard(String),
    /// A regular expression that one speech of the agent matches, as far as it was heard.
    #[serde(deserialize_with = "pattern")]
    Matches(String),
    /// A tool was called.
    Called {
        /// Its name.
        tool: String,
        /// Arguments that the call had, among others. Texts are compared as everywhere here.
        #[serde(default)]
        arguments: Map<String, Value>,
        /// What its result said, as a part of it; any if empty.
        #[serde(default)]
        result: String,
    },
    /// A tool was never called.
    NotCalled(String),
    /// What only reading can tell: a judge says whether the conversation meets it.
    Judge {
        /// What has to be so, as a sentence.
        rubric: String,
    },
    /// The agent's state at a time.
    State {
        /// Seconds since the start.
        at: f64,
        /// The state.
        agent: AgentState,
    },
    /// These moments happen in this order; others may lie between.
    Order(Vec<Moment>),
    /// This never happens.
    Never(Moment),
    /// Seconds from the end of each of the user's turns to the first sample of its answer.
    ResponseWithin(f64),
    /// The whole history, one line per item: `user: ..`, `agent: ..`, and a `|` after what was
    /// interrupted. Compared letter by letter.
    History(Vec<String>),
}

/// A kind of thing that happens in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Moment {
    /// A turn of the user was committed, or amended.
    UserTurn,
    /// What the user said came to nothing: a cough, a hum.
    TurnDiscarded,
    /// The user began to speak over the agent, which was held.
    Overlap,
    /// The user took the turn.
    Interrupted,
    /// It was no interruption: the agent went on.
    Resumed,
    /// The first sample of a speech left.
    SpeechStarted,
    /// A speech came to its end.
    SpeechEnded,
    /// The agent called a tool.
    ToolCalled,
    /// A tool's result entered the conversation.
    ToolResult,
    /// Something failed.
    Error,
    /// The conversation was over.
    Ended,
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserTurn => "the user said",
            Self::TurnDiscarded => "nothing came of",
            Self::Overlap => "the user spoke over the agent",
            Self::Interrupted => "the user interrupted",
            Self::Resumed => "the agent went on",
            Self::SpeechStarted => "the agent began to speak",
            Self::SpeechEnded => "the agent was heard",
            Self::ToolCalled => "the agent called",
            Self::ToolResult => "the agent was told by",
            Self::Error => "something failed",
            Self::Ended => "the conversation ended",
        })
    }
}

/// A pattern that cannot be read is refused with its place in the file.
fn pattern<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let pattern = String::deserialize(deserializer)?;
    regex::Regex::new(&pattern).map_err(D::Error::custom)?;
    Ok(pattern)
}
