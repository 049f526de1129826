//! Tests of the tools themselves; whether the workspace keeps the rules is `tests/house_rules.rs`.

mod cli;
mod docs;
mod files;
mod layers;
mod manifests;
mod readers;
mod supply;
mod words;

use crate::{
    finding::Finding,
    rust::Source,
    tree::{TextFile, Tree},
};

fn file(path: &str, text: &str) -> TextFile {
    TextFile { path: path.to_owned(), text: text.to_owned() }
}

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree { files: files.iter().map(|(path, text)| file(path, text)).collect() }
}

fn source(path: &str, text: &str) -> Source {
    Source::new(&file(path, text))
}

/// One line per finding, without how to mend it.
fn said(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| f.to_string().lines().next().unwrap().to_owned()).collect()
}
