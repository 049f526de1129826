//! Tests of the machine, driven by the simulator.

mod backchannels;
mod conversations;
mod journal;
mod late_words;
mod models;
mod preemptive;
mod provider_turns;
mod requests;
mod scenarios;
mod stories;
mod storms;
mod sweeps;
mod tools;
mod transcripts;
