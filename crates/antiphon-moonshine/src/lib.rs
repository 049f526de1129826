//! Moonshine speech to text in pure Rust.
