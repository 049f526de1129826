//! What the machine wants done: imperative, closed, comparable.

use antiphon_core::{
    Code, Generation, OpId, RequestId, SegmentId, SpeechId, ToolCall, ToolEvent, ToolResult, TurnId,
};
use antiphon_llm::LlmRequest;
use antiphon_tts::{TtsRequest, WordTiming};
use antiphon_turn::Why;
use serde::{Deserialize, Serialize};

use crate::Waterfall;

/// The actions of one event, in order.
pub type Actions = Vec<Action>;

/// Something to do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Start an effect under a new id.
    Start {
        /// Never used before.
        op: OpId,
        /// What to run.
        effect: Effect,
    },
    /// Hand input to a running effect.
    Feed {
        /// The effect.
        op: OpId,
        /// What to hand over.
        input: OpInput,
    },
    /// Drop an effect. Nothing of it counts from now on.
    Cancel {
        /// The effect.
        op: OpId,
    },
    /// Steer playout.
    Playout(PlayoutCommand),
    /// Tell whoever watches.
    Emit(Notice),
}

/// A cancellable stream run outside the machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Transcribe the user's audio from a sample position on, pre-roll included.
    Transcribe {
        /// Position at [`SPEECH_RATE_HZ`](antiphon_core::SPEECH_RATE_HZ).
        from_sample: u64,
        /// Expected language, BCP 47.
        language: Option<String>,
        /// An earlier transcription of the same audio broke off: it is to be heard again. Without,
        /// nothing that another transcription has heard is heard twice. Drivers keep the last 8 s
        /// of a turn for this.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        again: bool,
    },
    /// Ask the turn detector about the audio up to now.
    PredictTurnEnd {
        /// What the turn says so far.
        transcript: String,
    },
    /// Ask the backchannel detector about sound over the agent. What it says is awaited for
    /// [`detector_timeout`](antiphon_turn::InterruptionConfig::detector_timeout).
    PredictBackchannel {
        /// Where it begins, with some audio from before: a position at
        /// [`SPEECH_RATE_HZ`](antiphon_core::SPEECH_RATE_HZ).
        from_sample: u64,
        /// Whether the sound is over.
        is_over: bool,
        /// What the turn says so far.
        transcript: String,
    },
    /// Compose a reply.
    Generate(LlmRequest),
    /// Run a tool.
    CallTool {
        /// The model's call.
        call: ToolCall,
        /// The turn whose reply makes it.
        turn: TurnId,
        /// What was said, if calls are to be checked against it.
        said: Option<UserWords>,
    },
    /// Synthesise a segment and queue it for playout after the segments started before it.
    Speak {
        /// The playout generation it belongs to.
        generation: Generation,
        /// The segment.
        segment: SegmentId,
        /// What to say.
        request: TtsRequest,
    },
    /// Queue the recording that the application keeps under `clip`, as a segment.
    Play {
        /// The playout generation it belongs to.
        generation: Generation,
        /// The segment.
        segment: SegmentId,
        /// The recording.
        clip: RequestId,
    },
}

/// What the user said, for tools whose arguments must not be made up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserWords {
    /// In the latest turn.
    pub last: String,
    /// In the whole conversation, as far as it is kept.
    pub all: String,
}

/// Input for a running transcription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpInput {
    /// All audio up to now, then a flush with this marker.
    Flush(u32),
    /// No more audio.
    End,
}

/// Steers the media plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayoutCommand {
    /// Hold after the current frame, losing nothing.
    Pause,
    /// Go on.
    Resume,
    /// Drop this and all older generations, at once; answered by `Flushed`.
    Flush(Generation),
    /// Everything of this generation was queued; answered by `Drained` when it has been played.
    Finish(Generation),
}

/// What the agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Not started yet.
    Initializing,
    /// The user is gone and nothing is left to say.
    Idle,
    /// Waiting for the user, or hearing them.
    Listening,
    /// A reply is under way and not audible yet.
    Thinking,
    /// The agent is audible, or paused in the middle of speech.
    Speaking,
    /// The session is over.
    Closed,
}

/// What the user is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserState {
    /// Speaking.
    Speaking,
    /// Silent.
    Listening,
    /// Gone.
    Away,
}

/// Why a user turn came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Discard {
    /// Nothing was said: noise, a cough.
    Empty,
    /// Words over the agent that did not interrupt.
    Backchannel,
    /// The application cleared it, or the session closed.
    Cleared,
}

/// What happened, for user interfaces, logs and metrics. Carries no instruction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// The agent's state changed.
    AgentState(AgentState),
    /// The user's state changed.
    UserState(UserState),
    /// The turn's transcript so far.
    Interim {
        /// The turn.
        turn: TurnId,
        /// What is understood so far.
        text: String,
    },
    /// The user's turn was committed, or amended by a late transcript.
    UserTurn {
        /// The turn.
        turn: TurnId,
        /// What was said.
        text: String,
        /// Whether this replaces a text committed before.
        late: bool,
    },
    /// The user's turn came to nothing.
    TurnDiscarded {
        /// The turn.
        turn: TurnId,
        /// Why.
        why: Discard,
        /// What was understood.
        text: String,
    },
    /// Speech over the agent began; playout holds.
    OverlapStarted(TurnId),
    /// The overlap was an interruption.
    Interrupted {
        /// The user's turn.
        turn: TurnId,
        /// What the verdict rests on.
        why: Why,
    },
    /// The overlap was a false interruption; playout goes on.
    Resumed {
        /// The user's turn, which came to nothing unless it was an answer.
        turn: TurnId,
        /// What the verdict rests on.
        why: Why,
    },
    /// A speech was begun; it is not audible yet. One end follows.
    SpeechCreated {
        /// The speech.
        speech: SpeechId,
        /// The turn it answers, or its own.
        turn: TurnId,
        /// Who asked for it; `None` for answers and what the conversation says by itself.
        request: Option<RequestId>,
    },
    /// A speech that was asked for will never be heard: it was withdrawn, interrupted while it
    /// waited, refused for want of room, or the session closed.
    RequestDropped(RequestId),
    /// The first sample of a speech left.
    SpeechStarted {
        /// The speech.
        speech: SpeechId,
        /// The turn it answers.
        turn: TurnId,
    },
    /// A segment was handed to synthesis.
    Segment {
        /// The speech.
        speech: SpeechId,
        /// The segment.
        segment: SegmentId,
        /// Its text.
        text: String,
    },
    /// Words of a segment, in samples of the speech at the playout rate.
    Words {
        /// The speech.
        speech: SpeechId,
        /// The segment their text ranges refer to.
        segment: SegmentId,
        /// Their timings.
        words: Vec<WordTiming>,
    },
    /// A speech came to its end; this is what history holds of it.
    SpeechEnded {
        /// The speech.
        speech: SpeechId,
        /// The turn it answers.
        turn: TurnId,
        /// What was heard.
        heard: String,
        /// What was composed and not heard.
        unheard: String,
        /// Whether it was interrupted.
        interrupted: bool,
        /// Whether the boundary is an estimate.
        estimated: bool,
    },
    /// A call and its result entered history.
    ToolResult {
        /// The turn.
        turn: TurnId,
        /// The call.
        call: ToolCall,
        /// What the model is told.
        result: ToolResult,
    },
    /// More text of a reply that is not spoken.
    ReplyText {
        /// The speech.
        speech: SpeechId,
        /// The text.
        text: String,
    },
    /// The agent calls a tool.
    ToolCalled {
        /// The turn.
        turn: TurnId,
        /// The call.
        call: ToolCall,
    },
    /// Something happened to a call.
    Tool {
        /// The call's id.
        call: String,
        /// The tool.
        name: String,
        /// What happened.
        event: ToolEvent,
    },
    /// A preemptive reply was dropped before it was committed.
    PreemptiveDropped {
        /// The turn.
        turn: TurnId,
        /// Characters of text that were generated for nothing.
        chars: usize,
        /// Characters of it that went to synthesis.
        #[serde(default)]
        spoken: usize,
    },
    /// When the steps of a turn happened.
    Latency(Waterfall),
    /// Something failed; the session goes on.
    Error {
        /// What was being done.
        op: String,
        /// Class of failure.
        code: Code,
        /// For a developer.
        detail: String,
    },
    /// The conversation is over: the driver may stop.
    Ended,
}
