//! Counts what test suites say about themselves while their output streams past.

use std::fmt;

/// The sum over all suites of a `cargo test` run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Suites that printed a result.
    pub suites: usize,
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were not run.
    pub ignored: usize,
    /// The names of failed tests, in the order they finished.
    pub failures: Vec<String>,
}

impl Summary {
    /// Takes in one line of output; lines of no interest change nothing.
    pub fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.suites += 1;
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.ignored += count(counts, "ignored");
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|l| l.strip_suffix(" ... FAILED"))
        {
            self.failures.push(name.to_owned());
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { suites, passed, failed, ignored, failures } = self;
        write!(f, "{passed} passed, {failed} failed, {ignored} ignored in {suites} suites")?;
        for name in failures {
            write!(f, "\n    failed: {name}")?;
        }
        Ok(())
    }
}

/// The number before `what` in `ok. 3 passed; 0 failed; ...`.
fn count(counts: &str, what: &str) -> usize {
    let words: Vec<&str> = counts.split([' ', ';']).collect();
    let mut pairs = words.iter().zip(words.iter().skip(1));
    pairs.find(|(_, word)| **word == what).and_then(|(n, _)| n.parse().ok()).unwrap_or(0)
}
