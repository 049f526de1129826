//! The runtime of one conversation: the session driver, the media plane and the session handle.
//!
//! It deliberately knows no provider: it takes trait objects. What is decided is decided in
//! `antiphon-conversation`.

mod agent;
mod clock;
mod counters;
mod detecting;
mod driver;
mod effects;
mod events;
pub mod executor;
mod handle;
mod journal;
mod lifecycle;
mod line;
mod media;
mod session;
mod speech;
mod streams;
mod tools;
mod user_audio;
mod voice;
mod warming;

pub use agent::{Agent, AgentProfile, CallbackAgent, LlmAgent};
pub use clock::{Pace, SessionClock, Working};
pub use effects::Engines;
pub use events::{Events, SessionEvent};
pub use handle::{Clip, SayOptions, SessionHandle};
pub use journal::JournalOut;
pub use media::MediaPool;
pub use session::{Session, SessionParts};
pub use speech::{SpeechHandle, SpeechOutcome, SpeechState};

#[cfg(test)]
mod tests;
