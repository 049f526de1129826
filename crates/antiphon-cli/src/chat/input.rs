//! Lines of the user: from a terminal with editing and history, or from a pipe.

use std::io::{self, BufRead as _, Read as _};

use antiphon::{
    Code, Error, Result,
    chat::{Invalid, MAX_CHARACTERS},
};
use rustyline::{DefaultEditor, error::ReadlineError};

/// Longest line of a pipe in bytes: more than any message that can be taken.
const MAX_LINE: u64 = 8 * MAX_CHARACTERS as u64;

/// What the user entered.
pub(super) enum Line {
    Text(String),
    /// Nothing that can be read as text, or too much of it.
    Invalid(Invalid),
    /// Ctrl-C at the prompt.
    Interrupted,
    /// Ctrl-D, or the end of the pipe.
    End,
}

pub(super) enum Input {
    Terminal(Box<DefaultEditor>),
    Pipe,
}

impl Input {
    pub(super) fn open(interactive: bool) -> Result<Self> {
        if !interactive {
            return Ok(Self::Pipe);
        }
        let editor = DefaultEditor::new().map_err(unreadable)?;
        Ok(Self::Terminal(Box::new(editor)))
    }

    /// Waits for the next line, away from the runtime's workers. Gives itself back.
    pub(super) async fn next(self) -> Result<(Self, Line)> {
        let mut input = self;
        let reading = tokio::task::spawn_blocking(move || {
            let line = input.read()?;
            Ok((input, line))
        });
        reading.await.map_err(unreadable)?
    }

    fn read(&mut self) -> Result<Line> {
        match self {
            Self::Terminal(editor) => match editor.readline("you> ") {
                Ok(line) => {
                    // A line that is not remembered can still be sent.
                    let _ = editor.add_history_entry(&line);
                    Ok(Line::Text(line))
                }
                Err(ReadlineError::Interrupted) => Ok(Line::Interrupted),
                Err(ReadlineError::Eof) => Ok(Line::End),
                Err(e) => Err(unreadable(e)),
            },
            Self::Pipe => line_of(&mut io::stdin().lock()).map_err(unreadable),
        }
    }
}

/// A line of at most [`MAX_LINE`] bytes; of a longer one the rest is passed over.
fn line_of(from: &mut impl io::BufRead) -> io::Result<Line> {
    let mut bytes = Vec::new();
    if from.by_ref().take(MAX_LINE).read_until(b'\n', &mut bytes)? == 0 {
        return Ok(Line::End);
    }
    if bytes.last() != Some(&b'\n') && bytes.len() as u64 == MAX_LINE {
        from.skip_until(b'\n')?;
        let characters = String::from_utf8_lossy(&bytes).chars().count();
        return Ok(Line::Invalid(Invalid::TooLong { characters, most: MAX_CHARACTERS }));
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => Line::Text(text.to_owned()),
        Err(e) => Line::Invalid(Invalid::NotUtf8 { offset: e.valid_up_to() }),
    })
}

fn unreadable(e: impl std::error::Error + Send + Sync + 'static) -> Error {
    let what = format!("standard input cannot be read: {e}");
    Error::new("chat", Code::Storage, what).with_source(e)
}
