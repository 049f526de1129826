//! Turn-taking: the [`TurnDetector`] port, and the pure policies for endpointing and
//! interruption.
//!
//! It deliberately knows no session and no clock: policies take times as arguments.

mod port;

pub use port::{TurnContext, TurnDetector};
