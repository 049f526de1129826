//! Facts the machine is told: past tense, closed, serialisable. The journal is made of these.

use antiphon_core::{Code, Generation, OpId, RequestId, Timestamp, ToolDefinitions, ToolEvent};
use antiphon_llm::LlmEvent;
use antiphon_stt::SttEvent;
use antiphon_tts::WordTiming;
use serde::{Deserialize, Deserializer, Serialize};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The media plane heard the user.
    User(UserEvent),
    /// An operation reported.
    Op(OpId, OpEvent),
    /// The media plane reported on what is played.
    Playout(PlayoutEvent),
    /// The application asked for something.
    App(Command),
    /// Time passed: the machine's deadline was reached.
    Tick,
}

/// What the user's side of the media plane reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserEvent {
    /// Speech began.
    SpeechStarted {
        /// When it began; a little before now, since detection takes time.
        at: Timestamp,
        /// The same as a sample position of the user's stream at
        /// [`SPEECH_RATE_HZ`](antiphon_core::SPEECH_RATE_HZ).
        sample: u64,
    },
    /// Speech gave way to silence.
    SpeechStopped {
        /// When it ended.
        at: Timestamp,
    },
    /// The far end is gone.
    Left,
}

/// What an operation reports. Nothing follows `Ended` or `Failed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpEvent {
    /// A transcription.
    Stt(SttEvent),
    /// A turn detector's answer: probability that the turn is finished, 0.0 to 1.0.
    TurnEnd(#[serde(deserialize_with = "or_nan")] f32),
    /// A backchannel detector's answer: probability that the agent is not meant to stop, 0.0 to
    /// 1.0.
    Backchannel(#[serde(deserialize_with = "or_nan")] f32),
    /// A generation.
    Llm(LlmEvent),
    /// A synthesis.
    Speech(SynthesisEvent),
    /// A tool.
    Tool(ToolEvent),
    /// The operation came to its end.
    Ended,
    /// The operation broke off.
    Failed {
        /// Class of failure.
        code: Code,
        /// For a developer.
        detail: String,
    },
}

/// A detector may give what is no number; JSON has `null` for that.
fn or_nan<'de, D: Deserializer<'de>>(d: D) -> Result<f32, D::Error> {
    Ok(Option::deserialize(d)?.unwrap_or(f32::NAN))
}

/// What a synthesis reports. Samples are counted at the playout rate, from the start of the
/// segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SynthesisEvent {
    /// Timings of words, before their audio.
    Words(Vec<WordTiming>),
    /// This many more samples were queued for playout.
    Queued(u32),
}

/// What playout reports. `played` counts samples of the generation that left us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayoutEvent {
    /// The first sample of a generation left.
    Started(Generation),
    /// So much has been played.
    Progress(Generation, u64),
    /// Playout holds at this position.
    Paused(Generation, u64),
    /// Playout goes on.
    Resumed(Generation),
    /// The generation was dropped at this position.
    Flushed(Generation, u64),
    /// The generation was played to its end.
    Drained(Generation, u64),
    /// The queue ran dry in the middle of a generation.
    Starved(Generation, u64),
}

impl PlayoutEvent {
    /// The generation reported on.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        match *self {
            Self::Started(g)
            | Self::Resumed(g)
            | Self::Progress(g, _)
            | Self::Paused(g, _)
            | Self::Flushed(g, _)
            | Self::Drained(g, _)
            | Self::Starved(g, _) => g,
        }
    }

    /// Samples of the generation played so far, if the report says.
    #[must_use]
    pub const fn played(&self) -> Option<u64> {
        match *self {
            Self::Started(_) | Self::Resumed(_) => None,
            Self::Progress(_, n)
            | Self::Paused(_, n)
            | Self::Flushed(_, n)
            | Self::Drained(_, n)
            | Self::Starved(_, n) => Some(n),
        }
    }
}

/// What the application asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Begin: greet if so configured, and listen.
    Start,
    /// Say something given.
    Say(Say),
    /// Have the agent say something by itself.
    Prompt {
        /// Who asks, for the notices about it.
        request: RequestId,
        /// What to speak about, in a system message after the history.
        instructions: String,
        /// Its place among the speeches that wait.
        priority: Priority,
    },
    /// The user typed this: a turn of its own, committed at once.
    UserText {
        /// The words.
        text: String,
    },
    /// Stop speaking now, as if the user had interrupted. Protected speech goes on.
    Interrupt,
    /// Stop this speech, or forget it if it has not begun. Protected speech goes on.
    Withdraw(RequestId),
    /// The user's turn is over, whatever the endpointing says.
    CommitTurn,
    /// Forget what the user has said in the turn that is not committed yet.
    ClearTurn,
    /// Another agent takes over, or the same one changes. Counts from the next reply on.
    Update(AgentUpdate),
    /// End the session.
    Close,
}

/// A speech whose words are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Say {
    /// Who asks, for the notices about it.
    pub request: RequestId,
    /// The words.
    pub text: String,
    /// Play the recording that the application keeps under `request`, instead of synthesising.
    #[serde(default)]
    pub clip: bool,
    /// Whether the user's speech may not interrupt it.
    pub protected: bool,
    /// Its place among the speeches that wait.
    #[serde(default)]
    pub priority: Priority,
}

/// The place of a speech among those that wait. What is being said is never displaced.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// After everything else.
    Low,
    /// In the order in which it was asked for.
    #[default]
    Normal,
    /// Before everything else.
    High,
}

/// What changes when another agent takes over; `None` leaves things as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AgentUpdate {
    /// The agent's instructions.
    pub instructions: Option<String>,
    /// The agent's voice.
    pub voice: Option<String>,
    /// What the agent may call.
    pub tools: Option<ToolDefinitions>,
}
