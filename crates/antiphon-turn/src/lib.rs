//! Turn-taking: the ports [`TurnDetector`] and [`BackchannelDetector`], and the pure policies for
//! endpointing, interruption, muting and the floor.
//!
//! It deliberately knows no session and no clock: policies take times as arguments.
//!
//! ```
//! use antiphon_core::Timestamp;
//! use antiphon_turn::{EndpointingConfig, InterruptionConfig, Overlap, Pause, Prediction, Verdict};
//!
//! let pause = Pause {
//!     speech_end: Timestamp::from_millis(5000),
//!     prediction: Prediction::Finished(0.97),
//!     ..Pause::default()
//! };
//! let due = EndpointingConfig::default().due(&pause);
//! assert_eq!(due, Some(Timestamp::from_millis(5300)));
//!
//! let listening = Overlap { transcript: "Mm-hmm, I see.", is_final: true, ..Overlap::default() };
//! assert!(matches!(InterruptionConfig::default().judge(listening), Verdict::Wait(_)));
//! ```
//!
//! What each policy does and why its defaults are as they are: `docs/turn-taking.md`.

pub mod conformance;
mod echo;
mod endpointing;
mod floor;
mod interruption;
mod languages;
mod level;
mod mute;
mod pauses;
mod port;
mod settings;
mod words;

pub use echo::EchoGuard;
pub use endpointing::{DynamicConfig, EndpointingConfig, EndpointingMode, Pause, Prediction};
pub use floor::FloorConfig;
pub use interruption::{InterruptionConfig, Overlap, Verdict, Why};
pub use level::LevelDetector;
pub use mute::{MuteConfig, MuteFacts};
pub use pauses::{Delays, PauseModel};
pub use port::{BackchannelDetector, OverlapContext, TurnContext, TurnDetector};

pub use words::trails_off;

#[cfg(test)]
mod tests;
