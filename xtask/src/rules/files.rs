//! How a Rust file is built: its head, its length, where its tests stand.

use crate::{cli, finding::Finding, rust::Source};

/// Lines outside tests at which a file has too many subjects.
pub const MAX_LINES: usize = 600;

/// Lines outside tests a file should stay under; `cargo xtask metrics` names the longer ones.
pub const AIM_LINES: usize = 250;

/// Lines of tests that may stand inside a file of the product.
const MAX_INLINE_TESTS: usize = 60;

/// Every Rust file is in shape.
#[must_use]
pub fn check(sources: &[Source]) -> Vec<Finding> {
    let rules = [head, length, inline_tests, ignored_tests];
    sources.iter().flat_map(|source| rules.iter().flat_map(|rule| rule(source))).collect()
}

fn head(source: &Source) -> Vec<Finding> {
    let documented = source.lines.first().is_some_and(|line| line.text.starts_with("//! "));
    let mend = "say in a line of `//!` what the file is and what it deliberately does not know";
    let finding = || Finding::at(&source.path, 1, "does not start with `//!`", mend);
    if documented { vec![] } else { vec![finding()] }
}

fn length(source: &Source) -> Vec<Finding> {
    let lines = source.product().count();
    let what = format!("{lines} lines outside tests; {MAX_LINES} is the end");
    let finding = Finding::in_file(&source.path, what, "split it by subject");
    if lines > MAX_LINES { vec![finding] } else { vec![] }
}

fn inline_tests(source: &Source) -> Vec<Finding> {
    let long = source.inline_tests().into_iter().filter(|(_, lines)| *lines > MAX_INLINE_TESTS);
    long.map(|(first, lines)| {
        let what = format!("{lines} lines of tests inside the file");
        Finding::at(&source.path, first, what, "move them to a sibling `tests.rs`")
    })
    .collect()
}

/// A test that `cargo test` leaves out must say which of our commands runs it.
fn ignored_tests(source: &Source) -> Vec<Finding> {
    let ignored = source.lines.iter().filter(|line| line.code.trim().starts_with("#[ignore"));
    ignored
        .filter(|line| !cli::commands_in(&line.text).iter().any(|c| cli::is_command(c)))
        .map(|line| {
            let mend = "run it always, or `#[ignore = \"run by `cargo xtask NAME`\"]`";
            Finding::at(&source.path, line.number, "an ignored test that no command runs", mend)
        })
        .collect()
}
