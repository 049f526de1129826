//! Tests of history and journal.

mod history;
mod journal;
