//! How audio enters and leaves a session: the [`Transport`] port, an in-memory and a WAV
//! transport, a recorder for any link, and the port's conformance kit.
//!
//! It deliberately knows no session: it moves frames.

pub mod conformance;
mod file;
mod memory;
mod port;
mod recorder;

pub use file::{Nobody, WavTransport};
pub use memory::{MemoryPeer, MemoryTransport};
pub use port::{AudioIn, AudioOut, Link, ReadState, Transport};
pub use recorder::Recorder;

#[cfg(test)]
mod tests;
