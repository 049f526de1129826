//! Integration tests: the real driver, and real models fetched by the store. One binary.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::wildcard_enum_match_arm,
    reason = "tests"
)]

mod bench;
mod conversation;
mod detectors;
mod handles;
mod provider_turns;
mod segments;
mod tones;
mod voice_session;
mod warming;
