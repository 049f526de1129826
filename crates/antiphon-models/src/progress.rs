//! Who wants to know how a fetch is going. Knows no terminal.

/// Something to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressEvent<'a> {
    /// A model is being fetched; again for the next source if one failed.
    Start {
        /// Its title.
        model: &'a str,
        /// Where from.
        source: &'a str,
        /// Bytes expected from this source.
        bytes: u64,
    },
    /// Bytes that have arrived.
    Bytes {
        /// So many since the start.
        done: u64,
    },
    /// Another step has begun.
    Step(&'a str),
    /// The model is there.
    Done,
}

/// Is told how a fetch is going.
pub trait Progress {
    /// Called often; must be quick.
    fn on(&mut self, event: ProgressEvent<'_>);
}

/// Does not want to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn on(&mut self, _: ProgressEvent<'_>) {}
}
