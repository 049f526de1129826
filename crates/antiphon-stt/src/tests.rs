//! Tests of the pure helpers.

mod transcript;
