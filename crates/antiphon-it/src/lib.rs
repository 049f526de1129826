//! Integration tests on real models and the real driver (`tests/`), the `bench` program, and the
//! turn-taking bench.

pub mod turns;
