//! The journal: one JSON object a line. A header with the configuration, then every event with
//! its timestamp and a digest of what was decided on it, then a footer.
//!
//! The format outlives a crash and a bad disk: every line carries a check over itself and the
//! line before, so a journal is good up to its first damage, and what comes after is named. It
//! deliberately knows no event: it carries what serialises.

mod line;
mod reader;
mod writer;

use std::{
    fmt,
    path::{Path, PathBuf},
};

use antiphon_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Digest;

pub use reader::{read, read_files};
pub use writer::JournalWriter;

/// Names the format in the header.
pub const FORMAT: &str = "antiphon.journal";

/// Version of the format and of the event vocabulary. Version 1 had neither checks nor digests
/// of single decisions.
pub const VERSION: u32 = 2;

/// A longer line is damage, not an event.
const MAX_LINE_BYTES: usize = 1 << 20;

/// What is written, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOptions {
    /// Texts are replaced by letters of the same length; whoever writes the events does that.
    pub redact: bool,
    /// Most bytes of a file, at least 4 KiB. Default 16 MiB, some three hours.
    pub max_bytes: u64,
    /// Most files: `call.jsonl`, `call.1.jsonl` and so on. When they are full the journal ends
    /// and counts what it loses, because only its beginning can be replayed. Default 4.
    pub max_files: u32,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { redact: false, max_bytes: 16 << 20, max_files: 4 }
    }
}

/// The first line of every file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header<C> {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// Release of the writer; empty if it did not say.
    #[serde(default)]
    pub release: String,
    /// A label of the session; wall time, if any, belongs here and nowhere else.
    pub session: String,
    /// Whether texts were replaced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// What it goes on from; `None` in the first file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<Continues>,
    /// The configuration the machine ran with.
    pub config: C,
}

/// How a further file joins the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continues {
    /// Number of this file, from 1.
    pub part: u32,
    /// Events in the files before.
    pub events: u64,
    /// Check of the last line before.
    pub after: Digest,
}

impl<C> Header<C> {
    /// A header of this version.
    pub fn new(session: impl Into<String>, config: C) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            release: env!("CARGO_PKG_VERSION").to_owned(),
            session: session.into(),
            redacted: false,
            continues: None,
            config,
        }
    }
}

/// An event, when it was handled and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<E> {
    /// Session time.
    pub t: Timestamp,
    /// The event.
    pub e: E,
    /// Digest of the actions taken on it; `None` if there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<Digest>,
}

impl<E> Record<E> {
    /// An event on which nothing was done.
    pub const fn new(t: Timestamp, e: E) -> Self {
        Self { t, e, a: None }
    }
}

/// The last line of a session that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Number of events in all files.
    pub events: u64,
    /// Digest of all actions the machine took on them.
    pub digest: Digest,
    /// Events that came after them and were not written, for want of room or time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// What could be read of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal<C, E> {
    /// The header of the first file that was read.
    pub header: Header<C>,
    /// The events up to the first damage.
    pub records: Vec<Record<E>>,
    /// The footer, if the session was closed and nothing is damaged.
    pub footer: Option<Footer>,
    /// What is wrong, in order; at most a few, the last of which says so.
    pub damage: Vec<Damage>,
    /// Events after the first damage that are good by themselves. They cannot be replayed.
    pub unused: u64,
}

/// Something wrong in a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// File, from 0.
    pub part: u32,
    /// Line of the file, from 1.
    pub line: u64,
    /// Where in the file the line begins.
    pub byte: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.part > 0 {
            write!(f, "file {}, ", self.part)?;
        }
        write!(f, "line {} (from byte {}): {}", self.line, self.byte, self.what)
    }
}

/// Something a journal cannot do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It is from a version without checks and without digests of single decisions.
    Unchecked(u32),
    /// It is from another release of the machine.
    OtherRelease(String),
    /// Texts were replaced.
    Redacted,
    /// The files before it are missing: so many events.
    StartsLate(u64),
    /// It has no footer.
    Unclosed,
    /// So many events were not written.
    Lost(u64),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unchecked(version) => write!(
                f,
                "version {version}, by an earlier machine, which may have decided otherwise; it \
                 replays, but a changed byte may go unnoticed and the first decision that \
                 differs cannot be named"
            ),
            Self::OtherRelease(release) => write!(
                f,
                "written by release {release}, replayed by {}: decisions may differ on purpose",
                env!("CARGO_PKG_VERSION")
            ),
            Self::Redacted => f.write_str(
                "redacted: shows no words, and what rests on certain words may be decided \
                 otherwise",
            ),
            Self::StartsLate(events) => write!(
                f,
                "a later file of a journal: {events} events are missing before it; it can be \
                 read but not replayed"
            ),
            Self::Unclosed => f.write_str(
                "the session was not closed: what happened after the last event is not known",
            ),
            Self::Lost(n) => write!(f, "{n} events at the end were not written"),
        }
    }
}

impl<C, E> Journal<C, E> {
    /// What this journal cannot do. Damage stands in [`damage`](Self::damage).
    #[must_use]
    pub fn limits(&self) -> Vec<Limit> {
        let header = &self.header;
        let other = !header.release.is_empty() && header.release != env!("CARGO_PKG_VERSION");
        let lost = self.footer.map_or(0, |f| f.lost);
        let unclosed = self.footer.is_none() && self.damage.is_empty();
        [
            (header.version < VERSION).then_some(Limit::Unchecked(header.version)),
            other.then(|| Limit::OtherRelease(header.release.clone())),
            header.redacted.then_some(Limit::Redacted),
            header.continues.map(|c| Limit::StartsLate(c.events)),
            unclosed.then_some(Limit::Unclosed),
            (lost > 0).then_some(Limit::Lost(lost)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The file of a part: `call.jsonl`, `call.1.jsonl`, `call.2.jsonl`.
#[must_use]
pub fn part_path(first: &Path, part: u32) -> PathBuf {
    match (part, first.extension()) {
        (0, _) => first.to_owned(),
        (_, Some(ext)) => first.with_extension(format!("{part}.{}", ext.display())),
        (_, None) => first.with_extension(part.to_string()),
    }
}
