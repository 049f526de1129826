//! Tests that need no model.

mod files;
mod numbers;
mod streaming;
