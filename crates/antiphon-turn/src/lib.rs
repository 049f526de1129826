//! Turn-taking: the [`TurnDetector`] port, and the pure policies for endpointing and
//! interruption.
//!
//! It deliberately knows no session and no clock: policies take times as arguments.

pub mod conformance;
mod endpointing;
mod interruption;
mod pauses;
mod port;
mod settings;

pub use endpointing::{DynamicConfig, EndpointingConfig, EndpointingMode, Pause, Prediction};
pub use interruption::{InterruptionConfig, Overlap, Verdict};
pub use pauses::{Delays, PauseModel};
pub use port::{TurnContext, TurnDetector};

#[cfg(test)]
mod tests;
