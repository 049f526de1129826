//! Reading a journal as far as it is good, and naming what is wrong from there on.
//!
//! After damage the checks of later lines are still followed, since each is chained to what the
//! line before *states*: so one changed byte is told from a file that is lost.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read as _},
    path::Path,
};

use antiphon_core::{Code, Error, Result, Timestamp};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    Damage, FORMAT, Footer, Header, Journal, MAX_LINE_BYTES, Record, VERSION,
    line::{Seal, unseal},
    part_path,
};
use crate::Digest;

/// Wrong places that are named; then reading stops.
const MAX_DAMAGE: usize = 16;

const OP: &str = "journal.read";

const CUT: &str = "cut off before its end";

/// Reads one file of a journal as far as it is good.
///
/// # Errors
/// `invalid_input` if it does not begin with a header of this format, `corrupt` if the header is
/// damaged, `protocol` if it was written by a newer version, `storage` if reading fails.
pub fn read<C: DeserializeOwned, E: DeserializeOwned>(
    input: impl BufRead,
) -> Result<Journal<C, E>> {
    Ok(read_part(input)?.0)
}

/// Reads a journal from its first file on, with the further files beside it. A further file by
/// itself is read alone.
///
/// # Errors
/// As [`read`], with the path, for the first file. What is wrong with a further one is damage.
pub fn read_files<C: DeserializeOwned, E: DeserializeOwned>(path: &Path) -> Result<Journal<C, E>> {
    let named = |e: Error| {
        let what = format!("{}: {}", path.display(), e.detail());
        let named = Error::new(OP, e.code(), what);
        let help = e.help().map(str::to_owned);
        let named = if let Some(help) = help { named.with_help(help) } else { named };
        named.with_source(e)
    };
    let file = File::open(path).map_err(|e| named(unreadable(&e)))?;
    let (mut journal, mut end) = read_part(BufReader::new(file)).map_err(named)?;
    let alone = journal.header.continues.is_some();
    for part in 1.. {
        let path = part_path(path, part);
        if alone || journal.footer.is_some() || !journal.damage.is_empty() || !path.exists() {
            break;
        }
        let further = File::open(&path).map_err(|e| unreadable(&e));
        let further = further.and_then(|file| read_part::<C, E>(BufReader::new(file)));
        let missing = |what: &str| Damage { part, line: 1, byte: 0, what: what.to_owned() };
        match further {
            Ok((mut more, more_end)) => {
                if more.header.continues.is_none_or(|c| c.part != part || c.after != end) {
                    journal.damage.push(missing("does not go on from the file before"));
                    journal.unused += more.records.len() as u64 + more.unused;
                    break;
                }
                end = more_end;
                journal.records.append(&mut more.records);
                journal.footer = more.footer;
                journal.unused = more.unused;
                let in_part = |damage| Damage { part, ..damage };
                journal.damage.extend(more.damage.into_iter().map(in_part));
            }
            Err(e) => journal.damage.push(missing(e.detail())),
        }
    }
    Ok(journal)
}

fn unreadable(e: &std::io::Error) -> Error {
    Error::new(OP, Code::Storage, format!("cannot be read: {e}"))
}

/// A file, and the check of its last line.
fn read_part<C: DeserializeOwned, E: DeserializeOwned>(
    input: impl BufRead,
) -> Result<(Journal<C, E>, Digest)> {
    let mut lines = Lines { input, line: 0, byte: 0, next_byte: 0 };
    let first = lines.next()?.unwrap_or(Line::Whole(Vec::new()));
    let (header, chain) = read_header(&first)?;
    let mut part = Part {
        checked: header.version > 1,
        chain,
        events: header.continues.map_or(0, |c| c.events),
        journal: Journal {
            header,
            records: Vec::new(),
            footer: None,
            damage: Vec::new(),
            unused: 0,
        },
    };
    while let Some(line) = lines.next()? {
        if let Err(what) = part.take(&line) {
            let full = part.journal.damage.len() + 1 == MAX_DAMAGE;
            let what = if full { "there is more damage from here on".to_owned() } else { what };
            let (line, byte) = (lines.line, lines.byte);
            part.journal.damage.push(Damage { part: 0, line, byte, what });
            if full {
                break;
            }
        }
    }
    if !part.journal.damage.is_empty() {
        part.journal.footer = None;
    }
    Ok((part.journal, part.chain))
}

/// A file being read.
struct Part<C, E> {
    journal: Journal<C, E>,
    /// Whether its lines carry checks.
    checked: bool,
    /// What the line before states as its check.
    chain: Digest,
    events: u64,
}

#[derive(Deserialize)]
#[serde(bound = "E: DeserializeOwned")]
struct Parsed<E> {
    t: Option<Timestamp>,
    e: Option<E>,
    a: Option<Digest>,
    end: Option<Footer>,
}

impl<C, E: DeserializeOwned> Part<C, E> {
    fn take(&mut self, line: &Line) -> std::result::Result<(), String> {
        let cut = matches!(line, Line::Cut(_));
        let line = self.checked_line(line)?;
        if self.journal.footer.is_some() {
            return Err("there is more after the end of the session".to_owned());
        }
        let parsed: Parsed<E> = serde_json::from_slice(line).map_err(|e| {
            let unreadable = || format!("not a line this release can read ({e})");
            if cut { CUT.to_owned() } else { unreadable() }
        })?;
        match parsed {
            Parsed { t: Some(t), e: Some(e), a, end: None } => self.event(Record { t, e, a }),
            Parsed { t: None, e: None, a: None, end: Some(end) } => self.end(end)?,
            Parsed { .. } => return Err("neither an event nor the end".to_owned()),
        }
        Ok(())
    }

    fn event(&mut self, record: Record<E>) {
        if self.journal.damage.is_empty() {
            self.journal.records.push(record);
        } else {
            self.journal.unused += 1;
        }
        self.events += 1;
    }

    fn end(&mut self, end: Footer) -> std::result::Result<(), String> {
        self.journal.footer = Some(end);
        if self.journal.damage.is_empty() && end.events != self.events {
            return Err(format!(
                "the end counts {} events, but there are {}",
                end.events, self.events
            ));
        }
        Ok(())
    }

    fn checked_line<'a>(&mut self, line: &'a Line) -> std::result::Result<&'a [u8], String> {
        let (line, whole) = match line {
            Line::Whole(line) => (line, true),
            Line::Cut(line) => (line, false),
            Line::TooLong => return Err(format!("longer than {MAX_LINE_BYTES} bytes")),
        };
        if !self.checked {
            return Ok(line);
        }
        match unseal(line, self.chain) {
            Seal::Good(check) => {
                self.chain = check;
                Ok(line)
            }
            Seal::Bad(stated) => {
                self.chain = stated;
                Err("its check does not fit: a byte was changed, or lines before it are missing"
                    .to_owned())
            }
            Seal::None if whole => Err("it has no check: it was changed".to_owned()),
            Seal::None => Err(CUT.to_owned()),
        }
    }
}

fn read_header<C: DeserializeOwned>(line: &Line) -> Result<(Header<C>, Digest)> {
    #[derive(Deserialize)]
    struct Peek {
        format: String,
        version: u32,
    }
    let bad = |what: String| {
        Error::new(OP, Code::InvalidInput, what)
            .with_help("pass a journal: the call.jsonl that a session left")
    };
    let line = match line {
        Line::Whole(line) | Line::Cut(line) => line,
        Line::TooLong => return Err(bad("line 1 is too long for a journal".to_owned())),
    };
    let seal = unseal(line, Digest::default());
    let corrupt = |what: &str| {
        Error::new(OP, Code::Corrupt, format!("line 1, the header, {what}"))
            .with_help("without its configuration a journal cannot be replayed: use another copy")
    };
    if matches!(seal, Seal::Bad(_)) {
        return Err(corrupt("was changed: its check does not fit"));
    }
    let peek: Peek = serde_json::from_slice(line)
        .map_err(|e| bad(format!("line 1 is not a journal header ({e})")))?;
    if peek.format != FORMAT {
        return Err(bad(format!("line 1 names the format {:?}, not {FORMAT:?}", peek.format)));
    }
    if peek.version > VERSION {
        let what =
            format!("the journal has version {}, this program reads up to {VERSION}", peek.version);
        return Err(Error::new(OP, Code::Protocol, what)
            .with_help("replay it with the release that wrote it"));
    }
    let chain = match seal {
        Seal::Good(check) => check,
        Seal::None | Seal::Bad(_) if peek.version > 1 => {
            return Err(corrupt("was changed: it has no check"));
        }
        Seal::None | Seal::Bad(_) => Digest::default(),
    };
    let header = serde_json::from_slice(line)
        .map_err(|e| bad(format!("line 1: the configuration cannot be read ({e})")))?;
    Ok((header, chain))
}

/// A line without its newline.
enum Line {
    Whole(Vec<u8>),
    /// The last one, without a newline.
    Cut(Vec<u8>),
    TooLong,
}

struct Lines<R> {
    input: R,
    /// Number of the line that was read last, and where it begins.
    line: u64,
    byte: u64,
    next_byte: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next line, in bounded memory; `None` at the end.
    fn next(&mut self) -> Result<Option<Line>> {
        let mut line = Vec::new();
        let len = self.fill(&mut line)?;
        if len == 0 {
            return Ok(None);
        }
        self.line += 1;
        self.byte = self.next_byte;
        self.next_byte += len;
        if line.pop_if(|b| *b == b'\n').is_some() {
            return Ok(Some(Line::Whole(line)));
        }
        if line.len() <= MAX_LINE_BYTES {
            return Ok(Some(Line::Cut(line)));
        }
        loop {
            line.clear();
            let len = self.fill(&mut line)?;
            self.next_byte += len;
            if len == 0 || line.last() == Some(&b'\n') {
                return Ok(Some(Line::TooLong));
            }
        }
    }

    fn fill(&mut self, line: &mut Vec<u8>) -> Result<u64> {
        let mut bounded = (&mut self.input).take(MAX_LINE_BYTES as u64 + 1);
        let len = bounded.read_until(b'\n', line).map_err(|e| unreadable(&e))?;
        Ok(len as u64)
    }
}
