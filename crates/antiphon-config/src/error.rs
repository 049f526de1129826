//! What is wrong with a configuration: every problem with its place, its line and a way out.

use std::fmt;

use antiphon_core::{Code, Error};

use crate::{origin::Origin, secret::speaks_of_a_secret};

/// Problems reported at once; more would hide the first.
pub(crate) const MAX_PROBLEMS: usize = 20;

/// Characters of a line shown on either side of the problem.
const AROUND: usize = 60;

/// Why a configuration cannot be used: one problem or several, in the order of the file.
///
/// It never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Name of the file, as it was given; empty if no file is concerned.
    pub file: String,
    /// Where the value comes from; `None` if the file as a whole is meant.
    pub origin: Option<Origin>,
    /// The setting, written with dots; empty at the root.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// The line of the file, if there is one.
    pub snippet: Option<Snippet>,
}

/// A line of the file with the part that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snippet {
    /// The line, shortened, without what might be secret.
    pub text: String,
    /// Characters before the part that is meant.
    pub start: usize,
    /// Characters of that part, at least 1.
    pub width: usize,
}

/// A problem before its place is known.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) path: Vec<String>,
    /// The key is meant, not its value.
    pub(crate) on_key: bool,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(path: Vec<String>, message: impl Into<String>) -> Self {
        Self { path, on_key: false, message: message.into(), help: None }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl ConfigError {
    /// The first of `problems` in the order of the file; those of other layers come last.
    pub(crate) fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| match problem.origin {
            Some(Origin::File { line, column }) => (line, column),
            Some(Origin::Default | Origin::DotEnv(_) | Origin::Env(_) | Origin::CommandLine)
            | None => (usize::MAX, 0),
        });
        problems.truncate(MAX_PROBLEMS);
        Self { problems }
    }

    pub(crate) fn one(problem: Problem) -> Self {
        Self::new(vec![problem])
    }

    /// The problems, at least one and at most 20.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl Problem {
    /// A problem of `file` as a whole, or of a layer without places.
    pub(crate) fn general(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            origin: None,
            path: String::new(),
            message: message.into(),
            help: None,
            snippet: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A problem at `origin`, `width` characters wide, in the text of `file`.
    pub(crate) fn at(file: &str, text: &str, origin: &Origin, width: usize, fault: Fault) -> Self {
        let snippet = match origin {
            Origin::File { line, column } => Snippet::of(text, *line, *column, width),
            Origin::Default | Origin::DotEnv(_) | Origin::Env(_) | Origin::CommandLine => None,
        };
        Self {
            file: file.to_owned(),
            origin: Some(origin.clone()),
            path: fault.path.join("."),
            message: fault.message,
            help: fault.help,
            snippet,
        }
    }
}

impl Snippet {
    fn of(text: &str, line: usize, column: usize, width: usize) -> Option<Self> {
        let line = text.lines().nth(line.checked_sub(1)?)?;
        let before = column.saturating_sub(1);
        let skipped = before.saturating_sub(AROUND);
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        let line = without_secret(line);
        let text: String = line.chars().map(visible).skip(skipped).take(2 * AROUND).collect();
        let start = before - skipped;
        let end = text.chars().count().max(start + 1);
        Some(Self { text: text.trim_end().to_owned(), start, width: width.clamp(1, end - start) })
    }
}

/// `line`, with everything after a key left out that speaks of a secret. References stay: they
/// only name a variable.
fn without_secret(line: &str) -> String {
    let keys = line.match_indices(':').filter(|(at, _)| {
        let before = line.get(..*at).unwrap_or_default();
        let key = before.rsplit(|c: char| " \t{[,\"'".contains(c)).find(|k| !k.is_empty());
        key.is_some_and(speaks_of_a_secret)
    });
    for (at, _) in keys {
        let (key, value) = line.split_at(at + 1);
        let value = value.trim();
        if !value.is_empty() && !value.starts_with("${") && !value.starts_with("{env:") {
            return format!("{key} <hidden>");
        }
    }
    line.to_owned()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.problems.iter().enumerate() {
            if i > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line_number = String::new();
        match &self.origin {
            Some(Origin::File { line, column }) => {
                line_number = line.to_string();
                write!(f, "{}:{line}:{column}: ", self.file)?;
            }
            Some(Origin::Default) => f.write_str("default: ")?,
            Some(other) => write!(f, "{other}: ")?,
            None if self.file.is_empty() => {}
            None => write!(f, "{}: ", self.file)?,
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        let margin = " ".repeat(line_number.len());
        if let Some(snippet) = &self.snippet {
            let before = " ".repeat(snippet.start);
            let carets = "^".repeat(snippet.width);
            write!(
                f,
                "\n{margin} |\n{line_number} | {}\n{margin} | {before}{carets}",
                snippet.text
            )?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{margin} = help: {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::new("config.load", Code::AgentInvalid, error.to_string())
    }
}
