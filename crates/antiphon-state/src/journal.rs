//! The journal: one JSON object a line. A header with the configuration, then every event with
//! its timestamp, then a footer with a digest of what was decided.
//!
//! The format outlives a crash: a journal cut at any byte is good up to its last whole line.

use std::io::{BufRead, Write};

use antiphon_core::{Code, Error, Result, Timestamp};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Names the format in the header.
pub const FORMAT: &str = "antiphon.journal";

/// Version of the event vocabulary. Raised whenever an old journal would replay differently.
pub const VERSION: u32 = 1;

/// A longer line is damage, not an event.
const MAX_LINE_BYTES: usize = 1 << 20;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header<C> {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// A label of the session; wall time, if any, belongs here and nowhere else.
    pub session: String,
    /// The configuration the machine ran with.
    pub config: C,
}

impl<C> Header<C> {
    /// A header of this version.
    pub fn new(session: impl Into<String>, config: C) -> Self {
        Self { format: FORMAT.to_owned(), version: VERSION, session: session.into(), config }
    }
}

/// An event and when it was handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<E> {
    /// Session time.
    pub t: Timestamp,
    /// The event.
    pub e: E,
}

/// The last line of a session that was closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// Number of events.
    pub events: u64,
    /// Digest of the actions the machine took.
    pub digest: String,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line<E> {
    Event(Record<E>),
    End { end: Footer },
}

/// What could be read of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal<C, E> {
    /// The header.
    pub header: Header<C>,
    /// The events up to the first damage.
    pub records: Vec<Record<E>>,
    /// The footer, if the session was closed and nothing is damaged.
    pub footer: Option<Footer>,
    /// What is wrong from some line on, if anything: `"line 17: …"`.
    pub damage: Option<String>,
}

/// Writes a journal.
#[derive(Debug)]
pub struct JournalWriter<W: Write> {
    out: W,
    events: u64,
}

fn storage(e: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let e = e.into();
    Error::new("journal.write", Code::Storage, format!("the journal cannot be written: {e}"))
        .with_help("free disk space or choose another --out folder")
        .with_source(e)
}

impl<W: Write> JournalWriter<W> {
    /// Starts a journal by writing its header.
    ///
    /// # Errors
    /// `storage` if the header cannot be written.
    pub fn new<C: Serialize>(out: W, header: &Header<C>) -> Result<Self> {
        let mut this = Self { out, events: 0 };
        this.line(header)?;
        Ok(this)
    }

    /// Appends an event.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn event<E: Serialize>(&mut self, record: &Record<E>) -> Result<()> {
        self.events += 1;
        self.line(record)
    }

    /// Writes the footer and flushes.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn finish(mut self, digest: impl ToString) -> Result<W> {
        let end = Footer { events: self.events, digest: digest.to_string() };
        self.line(&Line::<()>::End { end })?;
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

    fn line<T: Serialize>(&mut self, value: &T) -> Result<()> {
        let mut line = serde_json::to_vec(value).map_err(storage)?;
        line.push(b'\n');
        self.out.write_all(&line).map_err(storage)
    }
}

/// Reads a journal as far as it is good.
///
/// # Errors
/// `invalid_input` if it does not begin with a header of this format, `protocol` if it was
/// written by a newer version, `storage` if reading fails.
pub fn read<C: DeserializeOwned, E: DeserializeOwned>(
    mut input: impl BufRead,
) -> Result<Journal<C, E>> {
    let first = next_line(&mut input)?.unwrap_or_default();
    let header = read_header(&first)?;
    let mut journal = Journal { header, records: Vec::new(), footer: None, damage: None };
    for n in 2usize.. {
        let Some(line) = next_line(&mut input)? else { break };
        if journal.footer.is_some() {
            journal.damage = Some(format!("line {n}: there is more after the end of the session"));
            break;
        }
        match parse(&line) {
            Ok(Line::Event(record)) => journal.records.push(record),
            Ok(Line::End { end }) => journal.footer = Some(end),
            Err(why) => {
                journal.damage = Some(format!("line {n}: {why}"));
                break;
            }
        }
    }
    Ok(journal)
}

fn parse<E: DeserializeOwned>(line: &[u8]) -> std::result::Result<Line<E>, String> {
    if line.len() > MAX_LINE_BYTES {
        return Err(format!("longer than {MAX_LINE_BYTES} bytes"));
    }
    if line.last() != Some(&b'\n') {
        return Err("cut off before its end".to_owned());
    }
    serde_json::from_slice(line).map_err(|e| format!("not a journal line ({e})"))
}

fn read_header<C: DeserializeOwned>(line: &[u8]) -> Result<Header<C>> {
    #[derive(Deserialize)]
    struct Peek {
        format: String,
        version: u32,
    }
    let bad = |what: String| Error::new("journal.read", Code::InvalidInput, what);
    let peek: Peek = serde_json::from_slice(line)
        .map_err(|e| bad(format!("line 1 is not a journal header ({e})")))?;
    if peek.format != FORMAT {
        return Err(bad(format!("line 1 names the format {:?}, not {FORMAT:?}", peek.format)));
    }
    if peek.version != VERSION {
        let what = format!(
            "the journal has version {}, this program replays version {VERSION}",
            peek.version
        );
        return Err(Error::new("journal.read", Code::Protocol, what)
            .with_help("replay it with the release that wrote it"));
    }
    serde_json::from_slice(line)
        .map_err(|e| bad(format!("line 1: the configuration cannot be read ({e})")))
}

/// One line with its newline, at most a little over the limit; `None` at the end.
fn next_line(input: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut bounded = std::io::Read::take(input, MAX_LINE_BYTES as u64 + 1);
    let n = bounded.read_until(b'\n', &mut line).map_err(|e| {
        Error::new("journal.read", Code::Storage, format!("the journal cannot be read: {e}"))
    })?;
    Ok((n > 0).then_some(line))
}
