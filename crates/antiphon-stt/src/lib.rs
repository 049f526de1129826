//! Speech to text: the [`Stt`] port, and what callers and providers of it share.
//!
//! It deliberately knows no engine and no turn-taking: when the user is done is not its business.

mod port;
mod transcript;

pub use port::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest};
pub use transcript::Transcript;

#[cfg(test)]
mod tests;
