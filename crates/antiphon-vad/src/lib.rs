//! Voice activity: the [`Vad`] port and its pure helpers.
//!
//! It deliberately knows no detector and no clock: providers implement the port, time is counted
//! in samples.

mod port;

pub use port::Vad;
