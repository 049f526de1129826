//! Writing a journal into one file after the other, within a bound.

use std::{
    fmt,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use antiphon_core::{Code, Error, Result};
use serde::Serialize;

use super::{Continues, Footer, Header, JournalOptions, MAX_LINE_BYTES, Record, line, part_path};
use crate::Digest;

/// Room kept for the footer.
const FOOTER_BYTES: u64 = 160;

/// Less would not hold a header.
const MIN_BYTES: u64 = 4096;

/// Opens the file with this number.
type Open<W> = Box<dyn FnMut(u32) -> io::Result<W> + Send>;

/// Writes a journal.
pub struct JournalWriter<C, W: Write> {
    header: Header<C>,
    max_bytes: u64,
    max_files: u32,
    open: Open<W>,
    out: W,
    /// Bytes and events in this file.
    here: (u64, u64),
    events: u64,
    lost: u64,
    chain: Digest,
}

impl<C: fmt::Debug, W: Write> fmt::Debug for JournalWriter<C, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("JournalWriter");
        s.field("header", &self.header).field("events", &self.events);
        s.field("lost", &self.lost).finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct End {
    end: Footer,
}

fn storage(e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let e = e.into();
    Error::new("journal.write", Code::Storage, format!("the journal cannot be written: {e}"))
        .with_help("free disk space or choose another folder")
        .with_source(e)
}

impl<C: Serialize> JournalWriter<C, BufWriter<File>> {
    /// Starts a journal at `path`; further files are named after it by [`part_path`].
    ///
    /// # Errors
    /// `storage` if the first file cannot be created or written.
    pub fn create(path: &Path, header: Header<C>, options: &JournalOptions) -> Result<Self> {
        let path = path.to_owned();
        let open = move |part| File::create(part_path(&path, part)).map(BufWriter::new);
        Self::with_parts(Box::new(open), header, options)
    }
}

impl<C: Serialize, W: Write> JournalWriter<C, W> {
    /// Starts a journal that goes to `out` alone, bounded by `max_bytes`.
    ///
    /// # Errors
    /// `storage` if the header cannot be written.
    pub fn new(out: W, header: Header<C>, options: &JournalOptions) -> Result<Self>
    where
        W: Send + 'static,
    {
        let mut out = Some(out);
        let open = move |_| out.take().ok_or_else(|| io::Error::other("there is one file only"));
        let options = JournalOptions { max_files: 1, ..options.clone() };
        Self::with_parts(Box::new(open), header, &options)
    }

    fn with_parts(
        mut open: Open<W>,
        mut header: Header<C>,
        options: &JournalOptions,
    ) -> Result<Self> {
        header.redacted = options.redact;
        let mut this = Self {
            out: open(0).map_err(storage)?,
            header,
            max_bytes: options.max_bytes.max(MIN_BYTES),
            max_files: options.max_files.max(1),
            open,
            here: (0, 0),
            events: 0,
            lost: 0,
            chain: Digest::default(),
        };
        this.write_header()?;
        // A disk that is full says so before there is anything to lose.
        this.flush()?;
        Ok(this)
    }

    /// Appends an event and gives whether it was written: when there is no more room, or the
    /// event is too large for a line, it and all that follow are only counted.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn event<E: Serialize>(&mut self, record: &Record<E>) -> Result<bool> {
        if self.lost > 0 {
            self.lost += 1;
            return Ok(false);
        }
        let mut object = serde_json::to_vec(record).map_err(storage)?;
        let len = object.len() as u64 + line::SEAL_BYTES;
        // A file takes one event at least, so that no bound makes files without any.
        let fits = self.here.1 == 0 || self.here.0 + len + FOOTER_BYTES <= self.max_bytes;
        if len > MAX_LINE_BYTES as u64 || !fits && !self.next_part()? {
            self.lost += 1;
            return Ok(false);
        }
        self.events += 1;
        self.here.1 += 1;
        self.line(&mut object)?;
        Ok(true)
    }

    /// Counts events that were lost before they came here. No event is written after them.
    pub const fn lose(&mut self, events: u64) {
        self.lost += events;
    }

    /// Writes the footer and flushes. Gives the last file.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn finish(mut self, digest: Digest) -> Result<W> {
        let end = Footer { events: self.events, digest, lost: self.lost };
        let mut object = serde_json::to_vec(&End { end }).map_err(storage)?;
        self.line(&mut object)?;
        self.flush()?;
        Ok(self.out)
    }

    /// Hands everything written to the underlying writer.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        self.out.flush().map_err(storage)
    }

    /// Goes on in a further file. Returns whether there may be one.
    fn next_part(&mut self) -> Result<bool> {
        let part = self.header.continues.map_or(0, |c| c.part) + 1;
        if part >= self.max_files {
            return Ok(false);
        }
        self.flush()?;
        self.out = (self.open)(part).map_err(storage)?;
        self.header.continues = Some(Continues { part, events: self.events, after: self.chain });
        self.here = (0, 0);
        self.chain = Digest::default();
        self.write_header()?;
        Ok(true)
    }

    fn write_header(&mut self) -> Result<()> {
        let mut object = serde_json::to_vec(&self.header).map_err(storage)?;
        self.line(&mut object)
    }

    fn line(&mut self, object: &mut Vec<u8>) -> Result<()> {
        self.chain = line::seal(object, self.chain);
        self.here.0 += object.len() as u64;
        self.out.write_all(object).map_err(storage)
    }
}
