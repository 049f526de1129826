//! The virtual world: a caller, providers, playout and a clock, in which the same conversation
//! machine that runs in production runs without tokio, without audio and without waiting.
//!
//! It deliberately is ruder than a real world: events may come late, twice, and after their
//! operation was cancelled.

mod agenda;
mod caller;
mod campaign;
mod ears;
mod faults;
mod invariants;
mod model;
mod noise;
mod playout;
mod providers;
mod rng;
pub mod scenario;
mod script;
mod story;
mod sweep;
mod truth;
mod world;

pub use caller::{Caller, Line, When};
pub use campaign::{Campaign, Fallen, Tally};
pub use faults::{Faults, Profile};
pub use invariants::Invariants;
pub use model::Model;
pub use noise::storm;
pub use providers::{Providers, Replies, Tools, Wish};
pub use rng::Rng;
pub use scenario::{Expect, Moment, Scenario};
pub use script::run_script;
pub use story::{Failure, Story};
pub use sweep::{Landing, Phase, sweep};
pub use world::{Broken, Report, Step, World};

#[cfg(test)]
mod tests;
