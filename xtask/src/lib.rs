//! The development commands of the workspace, and the house rules they check.
//!
//! It deliberately depends on no crate of the engine, so that `cargo xtask` is ready in seconds;
//! what the engine offers is reached by running cargo.

pub mod cli;
pub mod finding;
pub mod metadata;
pub mod metrics;
pub mod rules;
pub mod run;
pub mod rust;
pub mod spdx;
pub mod suites;
pub mod tree;

#[cfg(test)]
mod tests;
