//! The runtime of one conversation: the session driver, the media plane and the session handle.
//!
//! It deliberately knows no provider: it takes trait objects. What is decided is decided in
//! `antiphon-conversation`.

mod clock;
mod driver;
mod effects;
mod journal;
mod media;
mod session;
mod user_audio;
mod voice;

pub use clock::{Pace, SessionClock, Working};
pub use effects::Engines;
pub use media::MediaPool;
pub use session::{Session, SessionEvent, SessionParts};

#[cfg(test)]
mod tests;
