//! What the documents promise: invariants have tests, commands and linked files exist.

use std::collections::BTreeSet;

use crate::{
    cli,
    finding::Finding,
    rules::layers,
    rust::Source,
    tree::{TextFile, Tree},
};

const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// A page a newcomer reads in one sitting.
const MAX_ARCHITECTURE_LINES: usize = 200;

/// The architecture page exists, is short, and each invariant names a test that is there.
#[must_use]
pub fn architecture(tree: &Tree, sources: &[Source]) -> Vec<Finding> {
    let Some(file) = tree.file(ARCHITECTURE) else {
        let mend =
            "write the page: planes, one line per crate, **Invariant** lines with their tests";
        return vec![Finding::in_file(ARCHITECTURE, "is missing", mend)];
    };
    let mut findings = Vec::new();
    let length = file.text.lines().count();
    if length > MAX_ARCHITECTURE_LINES {
        let what = format!("{length} lines; {MAX_ARCHITECTURE_LINES} is the end");
        findings.push(Finding::in_file(ARCHITECTURE, what, "move detail to the crates' own docs"));
    }
    let invariants = invariants(file);
    if invariants.is_empty() {
        let mend = "write each as a line that starts with **Invariant** and names its test";
        findings.push(Finding::in_file(ARCHITECTURE, "states no invariant", mend));
    }
    let tests = tests_by_crate(sources);
    findings
        .extend(invariants.iter().flat_map(|(line, text)| check_invariant(*line, text, &tests)));
    findings
}

/// The paragraphs that start with `**Invariant**`, with the number of their first line.
fn invariants(file: &TextFile) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in file.lines() {
        let text = line.trim_start_matches(['-', '*', ' ']);
        if text.starts_with("Invariant**") && line.contains("**Invariant**") {
            found.push((number, line.to_owned()));
            open = true;
        } else if line.trim().is_empty() || line.starts_with(['-', '#', '|']) {
            open = false;
        } else if open && let Some((_, text)) = found.last_mut() {
            text.push(' ');
            text.push_str(line);
        }
    }
    found
}

fn check_invariant(line: usize, text: &str, tests: &BTreeSet<(&str, &str)>) -> Vec<Finding> {
    let spans = text.split('`').skip(1).step_by(2);
    let named: Vec<(String, &str)> = spans.filter_map(test_reference).collect();
    if named.is_empty() {
        let mend = "name the test that keeps it: `antiphon-conversation::name_of_the_test`";
        return vec![Finding::at(ARCHITECTURE, line, "an invariant without a test", mend)];
    }
    let missing = named.iter().filter(|(krate, test)| !tests.contains(&(&**krate, *test)));
    missing
        .map(|(krate, test)| {
            let what = format!("{krate} has no test `{test}`");
            Finding::at(ARCHITECTURE, line, what, "name the test that keeps the invariant")
        })
        .collect()
}

/// Crate and function of `antiphon-core::tests::name`; `None` for code that names no test.
fn test_reference(span: &str) -> Option<(String, &str)> {
    let (krate, rest) = span.split_once("::")?;
    let krate = krate.replace('_', "-");
    layers::row(&krate)?;
    Some((krate, rest.rsplit("::").next()?))
}

fn tests_by_crate(sources: &[Source]) -> BTreeSet<(&str, &str)> {
    sources.iter().flat_map(|s| s.tests().into_iter().map(|test| (&*s.krate, test))).collect()
}

/// There is a README, and every `cargo xtask` command in a document exists.
#[must_use]
pub fn commands(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    if tree.file("README.md").is_none() {
        findings.push(Finding::in_file("README.md", "is missing", "write it"));
    }
    for file in tree.ending(".md").chain(tree.file(".ci/run")) {
        for (number, line) in file.lines() {
            for name in cli::commands_in(line).into_iter().filter(|name| !cli::is_command(name)) {
                let what = format!("`cargo xtask {name}` does not exist");
                let mend = format!("the commands are: {}", cli::names().join(", "));
                findings.push(Finding::at(&file.path, number, what, mend));
            }
        }
    }
    findings
}

/// Every relative link in a document leads to a file.
#[must_use]
pub fn links(tree: &Tree) -> Vec<Finding> {
    let root = crate::tree::root();
    let mut findings = Vec::new();
    for file in tree.ending(".md") {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in file.lines() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next())
            {
                let local = !target.is_empty() && !target.contains(':');
                if local && !root.join(folder).join(target).exists() {
                    let what = format!("links to {target}, which is not there");
                    findings.push(Finding::at(&file.path, number, what, "mend the link"));
                }
            }
        }
    }
    findings
}
