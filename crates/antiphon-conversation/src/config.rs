//! The machine's configuration: what the journal's header holds.

use std::time::Duration;

use antiphon_core::{Code, Error, Result, ToolDefinitions};
use antiphon_turn::{EndpointingConfig, FloorConfig, InterruptionConfig};
use serde::{Deserialize, Serialize};

/// How one conversation is conducted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// The agent's instructions: the system message of every generation.
    pub instructions: String,
    /// Said at the start; empty for none.
    pub greeting: String,
    /// Expected language of the user, BCP 47; `None` leaves it to the engine.
    pub language: Option<String>,
    /// Voice of the agent; `None` is the engine's default.
    pub voice: Option<String>,
    /// Speaking rate, 0.5 to 2.0.
    pub speaking_rate: f32,
    /// Samples per second of playout, in which heard text is counted.
    pub playout_rate_hz: u32,
    /// Whether a turn detector can be asked.
    pub turn_detector: bool,
    /// Whether a backchannel detector can be asked.
    pub backchannel_detector: bool,
    /// Whether a reply is begun before the turn is committed.
    pub preemptive: bool,
    /// How long an interim transcript stands still in silence before a reply is begun on it; a
    /// final one counts at once. Default 200 ms.
    pub preemptive_after: Duration,
    /// Whether the first segment of such a reply is synthesised too. It is held until the turn is
    /// committed; a voice that is paid by the character may not be worth that.
    pub preemptive_speech: bool,
    /// Said when the user is away, to ask them back; empty for nothing.
    pub reprompt: String,
    /// How often, until the user speaks again. Default 2.
    pub max_reprompts: u32,
    /// Said when a reply fails before a word of it was composed; empty for nothing.
    pub apology: String,
    /// When a turn is over.
    pub endpointing: EndpointingConfig,
    /// When speech over the agent interrupts.
    pub interruption: InterruptionConfig,
    /// How long one side may hold the floor, or leave it empty.
    pub floor: FloorConfig,
    /// Syntheses started beyond the segment that is being played. Default 2.
    pub segments_ahead: usize,
    /// What the agent may call.
    pub tools: ToolDefinitions,
    /// Rounds of tool calls in one reply; after them the model answers without tools. Default 5.
    pub max_tool_steps: u32,
    /// A tool that reports nothing for so long is given up. Its own limit comes first. Default
    /// 120 s.
    pub tool_timeout: Duration,
    /// Said when tools take longer than `filler_after` and nothing was said before; empty for
    /// nothing.
    pub filler: String,
    /// Default 800 ms.
    pub filler_after: Duration,
    /// Tells tools what the user said, so that arguments a small model made up are refused.
    pub ground_tool_calls: bool,
    /// Whether replies are spoken. Without, text counts as heard as it comes: for chats.
    pub speak: bool,
    /// Most tokens of one reply; `None` leaves it to the model.
    pub max_reply_tokens: Option<u32>,
    /// Most history items kept.
    pub max_history_items: usize,
    /// An effect that reports nothing for so long is given up. Default 15 s.
    pub effect_timeout: Duration,
    /// Playout that reports nothing for so long, while it should play, is given up. Default 5 s.
    pub playout_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            instructions: "You are a friendly voice assistant. Answer in one or two short spoken \
                           sentences."
                .to_owned(),
            greeting: String::new(),
            language: None,
            voice: None,
            speaking_rate: 1.0,
            playout_rate_hz: 24_000,
            turn_detector: true,
            backchannel_detector: false,
            preemptive: true,
            preemptive_after: Duration::from_millis(200),
            preemptive_speech: true,
            reprompt: String::new(),
            max_reprompts: 2,
            apology: String::new(),
            endpointing: EndpointingConfig::default(),
            interruption: InterruptionConfig::default(),
            floor: FloorConfig::default(),
            segments_ahead: 2,
            tools: ToolDefinitions::default(),
            max_tool_steps: 5,
            tool_timeout: Duration::from_secs(120),
            filler: String::new(),
            filler_after: Duration::from_millis(800),
            ground_tool_calls: false,
            speak: true,
            max_reply_tokens: None,
            max_history_items: 200,
            effect_timeout: Duration::from_secs(15),
            playout_timeout: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// `invalid_input` naming the field.
    pub fn validate(&self) -> Result<()> {
        let bad = |what: &'static str| Err(Error::new("config", Code::InvalidInput, what));
        if !(0.5..=2.0).contains(&self.speaking_rate) {
            return bad("speaking_rate must be between 0.5 and 2.0");
        }
        if !(8_000..=192_000).contains(&self.playout_rate_hz) {
            return bad("playout_rate_hz must be between 8000 and 192000");
        }
        if !(1..=8).contains(&self.segments_ahead) {
            return bad("segments_ahead must be between 1 and 8");
        }
        let timeouts = [self.effect_timeout, self.playout_timeout, self.tool_timeout];
        if timeouts.iter().any(Duration::is_zero) {
            return bad("effect_timeout, playout_timeout and tool_timeout must not be zero");
        }
        self.endpointing.validate()?;
        self.interruption.validate()?;
        self.floor.validate()
    }
}
