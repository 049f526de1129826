//! Speech to text: the [`Stt`] port.
//!
//! It deliberately knows no engine and no turn-taking: when the user is done is not its business.

mod port;

pub use port::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest};
