//! Integration tests on real models: one binary, models fetched by the store.

mod conversation;
