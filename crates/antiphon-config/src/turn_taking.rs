//! When the agent speaks and when it listens: the policies of the conversation, in milliseconds.
//! Knows no policy's reasons; they stand with the policies.

use antiphon_conversation::Config;
use antiphon_turn::{
    DynamicConfig, EchoGuard, EndpointingConfig, EndpointingMode, FloorConfig, InterruptionConfig,
    MuteConfig,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mirror::{Mirror, mirror};

mirror! {
    /// When the agent speaks and when it listens.
    pub struct TurnTaking of Config {
        /// Begin a reply while it is still open whether the user has finished. Nothing of it is
        /// heard before that is decided.
        pub preemptive: bool = preemptive,
        /// Begin it so many milliseconds after an interim transcript has last changed.
        #[schemars(range(max = 60_000))]
        pub preemptive_after_ms: u64 = preemptive_after,
        /// Synthesise its first segment too, and keep it until that is decided.
        pub preemptive_speech: bool = preemptive_speech,
        /// When the user's turn is over.
        pub endpointing: Endpointing = endpointing,
        /// When speech over the agent takes the turn.
        pub interruption: Interruption = interruption,
        /// How long one side may hold the floor, or leave it empty.
        pub floor: Floor = floor,
    }
}

mirror! {
    /// When the user's turn is over. Times are counted from the end of speech.
    pub struct Endpointing of EndpointingConfig {
        /// What decides.
        pub mode: Mode = mode,
        /// Wait at least so many milliseconds, however finished the turn sounds.
        #[schemars(range(max = 60_000))]
        pub floor_ms: u64 = floor,
        /// Wait so many milliseconds if the turn sounds finished, but not surely.
        #[schemars(range(max = 60_000))]
        pub middle_ms: u64 = middle,
        /// Wait at most so many milliseconds, however unfinished it sounds.
        #[schemars(range(max = 60_000))]
        pub ceiling_ms: u64 = ceiling,
        /// Wait so many milliseconds if no turn detector can be asked.
        #[schemars(range(max = 60_000))]
        pub without_detector_ms: u64 = without_detector,
        /// Wait at most so many milliseconds for what the turn detector says.
        #[schemars(range(min = 1, max = 60_000))]
        pub detector_timeout_ms: u64 = detector_timeout,
        /// Whether a turn whose last word leaves the sentence open counts as not finished.
        pub open_words: bool = open_words,
        /// Probability from which on the turn counts as finished.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub threshold: f32 = threshold,
        /// Probability from which on it counts as surely finished.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub sure: f32 = sure,
        /// Between what the delays of the mode `dynamic` stay.
        pub dynamic: Dynamic = dynamic,
        /// In the mode `provider`: wait at most so many milliseconds.
        #[schemars(range(max = 60_000))]
        pub provider_ceiling_ms: u64 = provider_ceiling,
        /// Wait so many milliseconds longer for the final transcript.
        #[schemars(range(max = 60_000))]
        pub transcript_grace_ms: u64 = transcript_grace,
    }
}

mirror! {
    /// Bounds of the delays that are learned from a caller.
    pub struct Dynamic of DynamicConfig {
        /// At least so many milliseconds.
        #[schemars(range(max = 60_000))]
        pub min_ms: u64 = min,
        /// At most so many milliseconds.
        #[schemars(range(max = 60_000))]
        pub max_ms: u64 = max,
    }
}

mirror! {
    /// When speech over the agent takes the turn.
    pub struct Interruption of InterruptionConfig {
        /// Whether the agent can be interrupted at all.
        pub enabled: bool = enabled,
        /// So many words interrupt; backchannels such as "okay" do not count.
        #[schemars(range(max = 100))]
        pub min_words: usize = min_words,
        /// Speech of so many milliseconds interrupts even while no words are known.
        #[schemars(range(max = 60_000))]
        pub min_speech_ms: u64 = min_speech,
        /// Speech shorter than so many milliseconds interrupts by phrases such as "stop" only.
        #[schemars(range(max = 60_000))]
        pub ignore_shorter_ms: u64 = ignore_shorter,
        /// After short speech: wait so many milliseconds for its transcript.
        #[schemars(range(max = 60_000))]
        pub transcript_grace_ms: u64 = transcript_grace,
        /// Further words and phrases that signal listening: lower case, letters only.
        pub backchannels: Vec<String> = backchannels,
        /// Probability from which on speech is a backchannel whatever its words.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub backchannel_from: f32 = backchannel_from,
        /// Probability of a backchannel up to which speech interrupts before a word is known.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub interruption_up_to: f32 = interruption_up_to,
        /// Probability from which on it is not the caller: nothing interrupts, not even "stop".
        #[schemars(range(min = 0.0, max = 1.0))]
        pub background_from: f32 = background_from,
        /// Ask the backchannel detector each time speech has lasted so many milliseconds more.
        #[schemars(range(min = 20, max = 60_000))]
        pub detector_after_ms: u64 = detector_after,
        /// Wait at most so many milliseconds for what it says.
        #[schemars(range(min = 1, max = 60_000))]
        pub detector_timeout_ms: u64 = detector_timeout,
        /// When what is transcribed is the agent's own voice.
        pub echo: Echo = echo,
        /// When the user is not heard at all.
        pub mute: Mute = mute,
        /// Playout falls silent and comes back over so many milliseconds.
        #[schemars(range(max = 500))]
        pub fade_ms: u64 = fade,
    }
}

mirror! {
    /// When a transcript counts as the agent's own words.
    pub struct Echo of EchoGuard {
        /// Whether it ever does.
        pub enabled: bool = enabled,
        /// What the agent said may come back for so many milliseconds.
        #[schemars(range(max = 60_000))]
        pub window_ms: u64 = window,
        /// So many long words must be found again, in order.
        #[schemars(range(max = 100))]
        pub min_words: usize = min_words,
        /// Speech longer than so many milliseconds is the user's.
        #[schemars(range(max = 60_000))]
        pub longest_ms: u64 = longest,
    }
}

mirror! {
    /// When the user is not heard at all.
    pub struct Mute of MuteConfig {
        /// During the agent's first speech.
        pub first_speech: bool = first_speech,
        /// While a tool with effects runs.
        pub while_tool_runs: bool = while_tool_runs,
        /// Whenever the agent speaks.
        pub always: bool = always,
    }
}

mirror! {
    /// How long one side may hold the floor, or leave it empty.
    pub struct Floor of FloorConfig {
        /// A turn ends after so many milliseconds, paused or not; null for no limit.
        #[schemars(range(min = 1000))]
        pub max_turn_ms: Option<u64> = max_turn,
        /// The user counts as away after so many silent milliseconds; null for never.
        #[schemars(range(min = 1000))]
        pub away_after_ms: Option<u64> = away_after,
    }
}

/// What decides that the user's turn is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The turn detector.
    Detector,
    /// Always `without_detector_ms`.
    Fixed,
    /// The turn detector, with delays in proportion to this caller's usual pause.
    Dynamic,
    /// The final transcript of the speech-to-text model.
    SttFinal,
    /// The application: push-to-talk.
    Manual,
    /// The provider: a realtime model, or speech to text with turn events.
    Provider,
}

impl Mirror<EndpointingMode> for Mode {
    fn of(real: &EndpointingMode) -> Self {
        match real {
            EndpointingMode::Detector => Self::Detector,
            EndpointingMode::Fixed => Self::Fixed,
            EndpointingMode::Dynamic => Self::Dynamic,
            EndpointingMode::SttFinal => Self::SttFinal,
            EndpointingMode::Manual => Self::Manual,
            EndpointingMode::Provider => Self::Provider,
        }
    }

    fn put(&self, real: &mut EndpointingMode) {
        *real = match self {
            Self::Detector => EndpointingMode::Detector,
            Self::Fixed => EndpointingMode::Fixed,
            Self::Dynamic => EndpointingMode::Dynamic,
            Self::SttFinal => EndpointingMode::SttFinal,
            Self::Manual => EndpointingMode::Manual,
            Self::Provider => EndpointingMode::Provider,
        };
    }
}
