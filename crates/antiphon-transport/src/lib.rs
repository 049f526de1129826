//! How audio enters and leaves a session: the [`Transport`] port, an in-memory and a WAV
//! transport.
//!
//! It deliberately knows no session: it moves frames.

mod port;

pub use port::{AudioIn, AudioOut, Link, ReadState, Transport};
