//! Speech to text: the [`Stt`] port and its conformance kit, the transcript its events add up to,
//! and the word error rate.
//!
//! It deliberately knows no engine and no turn-taking: when the user is done is not its business.

pub mod conformance;
mod port;
mod transcript;
pub mod wer;

pub use port::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest};
pub use transcript::Transcript;

#[cfg(test)]
mod tests;
