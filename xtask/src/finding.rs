//! One breach of a house rule, said so that it can be mended without asking.

use std::fmt;

/// A breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    place: String,
    what: String,
    mend: String,
}

impl Finding {
    /// A breach in `file` as a whole: `what` is wrong, and how to `mend` it.
    pub fn in_file(file: &str, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { place: file.to_owned(), what: what.into(), mend: mend.into() }
    }

    /// A breach in `line` (counted from 1) of `file`.
    pub fn at(file: &str, line: usize, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::in_file(&format!("{file}:{line}"), what, mend)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    mend: {}", self.place, self.what, self.mend)
    }
}
