//! Mutated input for what reads agent files, and the text of models and of users: it neither
//! panics nor hangs, and keeps what it promises.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod calls;
mod messages;
mod mutation;
mod yaml;
