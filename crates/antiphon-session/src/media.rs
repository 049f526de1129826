//! The media plane: a tick thread that moves frames and never waits for anyone, and an analysis
//! thread beside it that listens for speech and carries the facts to the drivers.
//!
//! The tick allocates nothing, takes no lock, logs nothing and awaits nothing; it talks to the
//! analysis thread over rings. Everything that may allocate or wake a task happens there.

mod analysis;
mod pool;
mod tick;

pub use pool::MediaPool;

pub(crate) use analysis::{Ears, Fact, Heard, Listener};
pub(crate) use pool::Seat;
pub(crate) use tick::{Frames, Member, Shared};

#[cfg(test)]
mod tests;
