//! Tuning of endpointing on recorded callers: what a policy would have cut off, and how long it
//! would have let the caller wait.
//!
//! A recording is listened to once ([`listen`]): voice activity and the turn detector leave a
//! [`Trace`], and on that any number of settings are tried for next to nothing ([`score`],
//! [`curve`]). It deliberately knows no session: transcripts, replies and synthesis come on top
//! and are the same for all settings.
//!
//! What a trace leaves out: in a call, a turn that was cut off begins anew, and the detector then
//! hears less of it. Here it always hears the turn from its start.

mod curve;
mod score;
mod trace;

pub use curve::{Budget, Curve, Point, Policy, curve, curve_on};
pub use score::{Score, score};
pub use trace::{Listening, Recording, Trace, TracedPause, listen};

#[cfg(test)]
mod tests;
