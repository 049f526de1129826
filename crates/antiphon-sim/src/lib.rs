//! The virtual world: a caller, providers, playout and a clock, in which the same conversation
//! machine that runs in production runs without tokio, without audio and without waiting.
//!
//! It deliberately is ruder than a real world: events may come late, twice, and after their
//! operation was cancelled.

mod caller;
mod invariants;
mod noise;
mod playout;
mod rng;
mod script;
mod world;

pub use caller::{Caller, Line, When};
pub use invariants::Invariants;
pub use noise::storm;
pub use rng::Rng;
pub use script::{describe, run_script};
pub use world::{Providers, Report, Step, World};

#[cfg(test)]
mod tests;
