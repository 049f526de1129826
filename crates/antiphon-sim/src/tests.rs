//! Tests of the machine, driven by the simulator.

mod conversations;
mod storms;
mod transcripts;
