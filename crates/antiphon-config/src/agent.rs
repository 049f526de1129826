//! The agent file as a type: its fields, their meaning and their defaults. Knows neither YAML nor
//! where a value came from.
//!
//! The comments of the fields are the descriptions of the published schema.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use antiphon_conversation::Config;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::{
    mirror::Mirror as _,
    secret::Secret,
    setting::{Setting, settings},
    tools::Tool,
    turn_taking::TurnTaking,
};

/// The provider of what is not there.
const NO_PROVIDER: &str = "none";

/// An agent: how it speaks, what it runs on, what it may do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AgentFile {
    /// Name in logs and metrics, 1 to 64 characters.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Language of the conversation as a BCP 47 tag such as `en-US`; without it the models decide.
    pub language: Option<String>,
    /// What the agent is told: who it is, what it does, how it speaks.
    pub instructions: Instructions,
    /// Said at the start; empty for nothing.
    pub greeting: String,
    /// Said when the user is away, to ask them back; empty for nothing.
    pub reprompt: String,
    /// Said when a reply fails before it has begun; empty for nothing.
    pub apology: String,
    /// Said when tools take their time and nothing was said before; empty for nothing.
    pub filler: String,
    /// The models it runs on.
    pub models: Models,
    /// How it sounds.
    pub voice: Voice,
    /// When it speaks and when it listens.
    pub turn_taking: TurnTaking,
    /// What it can do besides talking.
    pub tools: Vec<Tool>,
    /// What it may use up.
    pub limits: Limits,
    /// How much conversation it takes on.
    pub context: Context,
}

impl Default for AgentFile {
    fn default() -> Self {
        let config = Config::default();
        Self {
            name: "agent".to_owned(),
            language: config.language.clone(),
            instructions: Instructions::Text(config.instructions.clone()),
            greeting: config.greeting.clone(),
            reprompt: config.reprompt.clone(),
            apology: config.apology.clone(),
            filler: config.filler.clone(),
            models: Models::default(),
            voice: Voice { name: config.voice.clone(), rate: config.speaking_rate },
            turn_taking: TurnTaking::default(),
            tools: Vec::new(),
            limits: Limits::default(),
            context: Context::default(),
        }
    }
}

/// Text, or a file that holds it.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Instructions {
    /// The instructions themselves.
    Text(String),
    /// A text file beside the agent file.
    File(InstructionsFile),
}

/// A file that holds the instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstructionsFile {
    /// Path of a UTF-8 text file, relative to the agent file.
    pub file: PathBuf,
    /// What it holds, once loaded.
    #[serde(skip)]
    pub text: String,
}

impl Instructions {
    /// The instructions, wherever they were written.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::File(InstructionsFile { text, .. }) => text,
        }
    }
}

impl<'de> Deserialize<'de> for Instructions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_string(InstructionsVisitor)
    }
}

struct InstructionsVisitor;

impl<'de> Visitor<'de> for InstructionsVisitor {
    type Value = Instructions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, or `file:` and a path")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Instructions, E> {
        Ok(Instructions::Text(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Instructions, A::Error> {
        InstructionsFile::deserialize(MapAccessDeserializer::new(entries)).map(Instructions::File)
    }
}

/// Which model does what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Models {
    /// Speech to text.
    pub stt: Model,
    /// The language model.
    pub llm: Model,
    /// Text to speech.
    pub tts: Model,
    /// Judges whether the user has finished; the provider `none` goes by silence alone.
    pub turn_detector: Model,
    /// Voice activity detection.
    pub vad: Model,
}

/// A model and who provides it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Name of the provider; `local` runs on this machine without a key.
    #[schemars(length(min = 1))]
    pub provider: String,
    /// Name of the model; without it the provider's default.
    pub model: Option<String>,
    /// Settings that the provider knows. Text may refer to the environment as `${NAME}`; such a
    /// value is never printed, nor is one under a name like `api_key`.
    #[serde(deserialize_with = "settings")]
    pub options: BTreeMap<String, Setting>,
}

impl Default for Model {
    fn default() -> Self {
        Self { provider: "local".to_owned(), model: None, options: BTreeMap::new() }
    }
}

/// How the agent sounds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Voice {
    /// Name of the voice; without it the provider's default.
    pub name: Option<String>,
    /// Speaking rate: 1 is normal, 2 twice as fast.
    #[schemars(range(min = 0.5, max = 2.0))]
    pub rate: f32,
}

impl Default for Voice {
    fn default() -> Self {
        AgentFile::default().voice
    }
}

/// What the agent may use up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most tokens of one reply; without it the model decides.
    #[schemars(range(min = 1))]
    pub max_reply_tokens: Option<u32>,
    /// Most items of history that are kept.
    #[schemars(range(min = 2))]
    pub max_history_items: usize,
    /// How often the user is asked back while away.
    #[schemars(range(max = 100))]
    pub max_reprompts: u32,
    /// Most rounds of tool calls in one reply.
    #[schemars(range(min = 0, max = 100))]
    pub max_tool_steps: u32,
    /// A model that reports nothing for so many milliseconds is given up.
    #[schemars(range(min = 1, max = 600_000))]
    pub model_timeout_ms: u64,
    /// Playout that reports nothing for so many milliseconds is given up.
    #[schemars(range(min = 1, max = 600_000))]
    pub playout_timeout_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let config = Config::default();
        Self {
            max_reply_tokens: config.max_reply_tokens,
            max_history_items: config.max_history_items,
            max_reprompts: config.max_reprompts,
            max_tool_steps: config.max_tool_steps,
            model_timeout_ms: u64::of(&config.effect_timeout),
            playout_timeout_ms: u64::of(&config.playout_timeout),
        }
    }
}

/// How much conversation the agent takes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// Most messages of one conversation, the user's and the agent's.
    #[schemars(range(min = 2, max = 100_000))]
    pub max_messages: u32,
    /// Part of `max_messages`, in percent, from which on the user is warned.
    #[schemars(range(min = 1, max = 100))]
    pub warn_at_percent: u32,
}

impl Default for Context {
    fn default() -> Self {
        Self { max_messages: 50, warn_at_percent: 80 }
    }
}

impl Context {
    /// Whether a conversation of `messages` messages comes close to its end.
    #[must_use]
    pub fn is_nearly_full(&self, messages: usize) -> bool {
        let part = u64::from(self.max_messages) * u64::from(self.warn_at_percent);
        (messages as u64).saturating_mul(100) >= part
    }
}

impl AgentFile {
    /// How a conversation with this agent is conducted; what the file does not speak of is as in
    /// [`Config::default`].
    #[must_use]
    pub fn to_conversation_config(&self) -> Config {
        let mut config = Config::default();
        self.apply(&mut config);
        config
    }

    /// Writes what the file speaks of into `config`.
    pub fn apply(&self, config: &mut Config) {
        self.instructions.text().clone_into(&mut config.instructions);
        config.greeting.clone_from(&self.greeting);
        config.reprompt.clone_from(&self.reprompt);
        config.apology.clone_from(&self.apology);
        config.filler.clone_from(&self.filler);
        config.language.clone_from(&self.language);
        config.voice.clone_from(&self.voice.name);
        config.speaking_rate = self.voice.rate;
        config.turn_detector = self.models.turn_detector.provider != NO_PROVIDER;
        config.max_reply_tokens = self.limits.max_reply_tokens;
        config.max_history_items = self.limits.max_history_items;
        config.max_reprompts = self.limits.max_reprompts;
        config.max_tool_steps = self.limits.max_tool_steps;
        self.limits.model_timeout_ms.put(&mut config.effect_timeout);
        self.limits.playout_timeout_ms.put(&mut config.playout_timeout);
        self.turn_taking.put(config);
    }

    /// Calls `visit` with every secret and the path to it.
    pub(crate) fn secrets_mut(&mut self, visit: &mut dyn FnMut(Vec<String>, &mut Secret)) {
        let Models { stt, llm, tts, turn_detector, vad } = &mut self.models;
        let models = [
            ("stt", stt),
            ("llm", llm),
            ("tts", tts),
            ("turn_detector", turn_detector),
            ("vad", vad),
        ];
        for (name, model) in models {
            for (key, setting) in &mut model.options {
                let path = ["models", name, "options", key].map(str::to_owned);
                setting.secrets_mut(&path, visit);
            }
        }
        for (i, tool) in self.tools.iter_mut().enumerate() {
            tool.secrets_mut(&["tools".to_owned(), i.to_string()], visit);
        }
    }
}
