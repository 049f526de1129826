//! Standard output. A reader that went away is no failure, anything else that keeps us from
//! writing is told once, at the end. Knows nothing of what is said.

use std::{
    fmt::Display,
    io::{self, ErrorKind, Write as _},
    sync::OnceLock,
};

use antiphon::{Code, Error, Result};

/// The first failure to write; nothing is written after it.
static FAILED: OnceLock<io::Error> = OnceLock::new();

/// Prints a line.
pub(crate) fn line(text: impl Display) {
    if FAILED.get().is_some() {
        return;
    }
    if let Err(e) = writeln!(io::stdout().lock(), "{text}") {
        // Only the first failure is kept.
        let _ = FAILED.set(e);
    }
}

/// Prints a piece of a line, at once.
pub(crate) fn piece(text: impl Display) {
    if FAILED.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(e) = write!(out, "{text}").and_then(|()| out.flush()) {
        // Only the first failure is kept.
        let _ = FAILED.set(e);
    }
}

/// Prints a formatted line.
macro_rules! say {
    ($($text:tt)*) => { $crate::screen::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Whether everything has arrived that somebody wanted to read.
///
/// # Errors
/// `storage` if not.
pub(crate) fn end() -> Result<()> {
    match FAILED.get() {
        Some(e) if e.kind() != ErrorKind::BrokenPipe => {
            let what = format!("standard output cannot be written: {e}");
            Err(Error::new("screen", Code::Storage, what).with_help("send it somewhere else"))
        }
        _ => Ok(()),
    }
}

/// Text without what would steer a terminal.
pub(crate) fn visible(text: &str) -> String {
    let safe = |c: char| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c };
    text.chars().map(safe).collect()
}
