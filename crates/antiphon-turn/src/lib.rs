//! Turn-taking: the [`TurnDetector`] port, and the pure policies for endpointing, interruption,
//! muting and the floor.
//!
//! It deliberately knows no session and no clock: policies take times as arguments.

pub mod conformance;
mod echo;
mod endpointing;
mod floor;
mod interruption;
mod languages;
mod mute;
mod pauses;
mod port;
mod settings;
mod words;

pub use echo::EchoGuard;
pub use endpointing::{DynamicConfig, EndpointingConfig, EndpointingMode, Pause, Prediction};
pub use floor::FloorConfig;
pub use interruption::{InterruptionConfig, Overlap, Verdict, Why};
pub use mute::{MuteConfig, MuteFacts};
pub use pauses::{Delays, PauseModel};
pub use port::{TurnContext, TurnDetector};

#[cfg(test)]
mod tests;
