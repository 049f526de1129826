//! Integration tests on real models and the real driver (`tests/`), and the `bench` program.
