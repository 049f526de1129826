//! Integration tests: real models, real driver, one binary.
