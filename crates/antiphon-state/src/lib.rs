//! What a conversation leaves behind: its history and its journal.
//!
//! It deliberately knows no machine: the journal is generic over the events it carries, and the
//! history is told what was said and heard.

mod digest;
mod history;
mod journal;

pub use digest::Digest;
pub use history::{History, Item, Said};
pub use journal::{
    FORMAT, Footer, Header, Journal, JournalWriter, Record, VERSION, read as read_journal,
};

#[cfg(test)]
mod tests;
