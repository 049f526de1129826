//! Where a value comes from, and the path that names it. Knows no file format.

use std::fmt;

/// Which layer gave a value, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// The agent file.
    File {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in characters.
        column: usize,
    },
    /// A variable of the `.env` file.
    DotEnv(String),
    /// A variable of the environment.
    Env(String),
    /// A `--set` of the command line.
    CommandLine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { line, column } => write!(f, "line {line}, column {column}"),
            Self::DotEnv(name) => write!(f, ".env {name}"),
            Self::Env(name) => write!(f, "environment {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// The way from the root to a value: keys, and positions in lists. Written with dots.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyPath(pub(crate) Vec<String>);

impl KeyPath {
    /// The path written as `models.llm.model`; empty text is the root.
    pub(crate) fn parse(dotted: &str) -> Self {
        Self(dotted.split('.').filter(|k| !k.is_empty()).map(str::to_owned).collect())
    }

    pub(crate) fn child(&self, key: impl ToString) -> Self {
        let mut keys = self.0.clone();
        keys.push(key.to_string());
        Self(keys)
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}
