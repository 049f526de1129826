//! Voice activity: the [`Vad`] port, its pure helpers and a file-free fallback detector.
//!
//! It deliberately knows no model and no clock: providers implement the port, time is counted
//! in samples.

mod blocks;
pub mod conformance;
mod energy;
mod gate;
mod port;

pub use blocks::Blocks;
pub use energy::EnergyVad;
pub use gate::{GateConfig, GateEdge, SpeechGate};
pub use port::Vad;

#[cfg(test)]
mod tests;
