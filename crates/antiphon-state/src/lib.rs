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
    Continues, Damage, FORMAT, Footer, Header, Journal, JournalOptions, JournalWriter, Limit,
    Record, VERSION, part_path, read as read_journal, read_files as read_journal_files,
};

#[cfg(test)]
mod tests;
