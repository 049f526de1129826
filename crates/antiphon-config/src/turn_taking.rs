//! When the agent speaks and when it listens: the policies of the conversation, in milliseconds.
//! Has no defaults of its own; they are read from the policies.

use std::time::Duration;

use antiphon_conversation::Config;
use antiphon_turn::{EndpointingConfig, InterruptionConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the agent speaks and when it listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TurnTaking {
    /// Begin a reply while it is still open whether the user has finished. Nothing of it is heard
    /// before that is decided.
    pub preemptive: bool,
    /// When the user's turn is over.
    pub endpointing: Endpointing,
    /// When speech over the agent takes the turn.
    pub interruption: Interruption,
}

/// When the user's turn is over. Times are counted from the end of speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Endpointing {
    /// Wait at least so many milliseconds, however finished the turn sounds.
    #[schemars(range(max = 60_000))]
    pub floor_ms: u64,
    /// Wait at most so many milliseconds, however unfinished it sounds.
    #[schemars(range(max = 60_000))]
    pub ceiling_ms: u64,
    /// Wait so many milliseconds if no turn detector can be asked.
    #[schemars(range(max = 60_000))]
    pub without_detector_ms: u64,
    /// Probability from which on the turn detector's answer counts as finished.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f32,
    /// Wait so many milliseconds longer for the final transcript.
    #[schemars(range(max = 60_000))]
    pub transcript_grace_ms: u64,
}

/// When speech over the agent takes the turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Interruption {
    /// Whether the agent can be interrupted at all.
    pub enabled: bool,
    /// So many words interrupt; backchannels such as "okay" do not count.
    #[schemars(range(min = 1, max = 100))]
    pub min_words: usize,
    /// Speech of so many milliseconds interrupts even while no words are known.
    #[schemars(range(max = 60_000))]
    pub min_speech_ms: u64,
    /// After short speech: wait so many milliseconds for its transcript.
    #[schemars(range(max = 60_000))]
    pub transcript_grace_ms: u64,
    /// Words that signal listening: lower case, letters only.
    pub backchannels: Vec<String>,
}

impl TurnTaking {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            preemptive: config.preemptive,
            endpointing: Endpointing::of(&config.endpointing),
            interruption: Interruption::of(&config.interruption),
        }
    }

    /// Writes these settings into `config`; what they do not speak of stays.
    pub(crate) fn apply(&self, config: &mut Config) {
        let (from, to) = (&self.endpointing, &mut config.endpointing);
        to.floor = Duration::from_millis(from.floor_ms);
        to.ceiling = Duration::from_millis(from.ceiling_ms);
        to.without_detector = Duration::from_millis(from.without_detector_ms);
        to.threshold = from.threshold;
        to.transcript_grace = Duration::from_millis(from.transcript_grace_ms);
        let (from, to) = (&self.interruption, &mut config.interruption);
        to.enabled = from.enabled;
        to.min_words = from.min_words;
        to.min_speech = Duration::from_millis(from.min_speech_ms);
        to.transcript_grace = Duration::from_millis(from.transcript_grace_ms);
        to.backchannels.clone_from(&from.backchannels);
        config.preemptive = self.preemptive;
    }
}

impl Default for TurnTaking {
    fn default() -> Self {
        Self::of(&Config::default())
    }
}

impl Endpointing {
    fn of(config: &EndpointingConfig) -> Self {
        Self {
            floor_ms: millis(config.floor),
            ceiling_ms: millis(config.ceiling),
            without_detector_ms: millis(config.without_detector),
            threshold: config.threshold,
            transcript_grace_ms: millis(config.transcript_grace),
        }
    }
}

impl Default for Endpointing {
    fn default() -> Self {
        TurnTaking::default().endpointing
    }
}

impl Interruption {
    fn of(config: &InterruptionConfig) -> Self {
        Self {
            enabled: config.enabled,
            min_words: config.min_words,
            min_speech_ms: millis(config.min_speech),
            transcript_grace_ms: millis(config.transcript_grace),
            backchannels: config.backchannels.clone(),
        }
    }
}

impl Default for Interruption {
    fn default() -> Self {
        TurnTaking::default().interruption
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
