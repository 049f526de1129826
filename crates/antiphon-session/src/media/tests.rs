//! Tests of the media plane.

mod allocations;

// One file for all crates, so that there is one unsafe allocator.
#[path = "../../../antiphon-audio/tests/counting/mod.rs"]
mod counting;
