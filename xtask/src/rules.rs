//! The house rules: each a function from what the workspace is to what breaks the rule.
//!
//! `cargo xtask tidy` and `cargo xtask deps` run them, and so does `cargo test`
//! (`tests/house_rules.rs`). Why each rule is there stands in `CONTRIBUTING.md`.

pub mod docs;
pub mod files;
pub mod layers;
pub mod manifests;
pub mod supply;
pub mod words;

use anyhow::Result;

use crate::{
    finding::Finding,
    metadata::{Graph, Workspace},
    rust::Source,
    tree::Tree,
};

/// Checks what the files say.
///
/// # Errors
/// The files cannot be read.
pub fn tidy() -> Result<Vec<Finding>> {
    let tree = Tree::load()?;
    let sources = Source::all(&tree);
    Ok([
        files::check(&sources),
        words::check(&sources),
        words::hosts(&tree),
        manifests::inherit(&tree),
        manifests::clippy(&tree),
        docs::architecture(&tree, &sources),
        docs::commands(&tree),
        docs::links(&tree),
    ]
    .concat())
}

/// Checks what depends on what.
///
/// # Errors
/// Cargo cannot describe the workspace.
pub fn deps() -> Result<Vec<Finding>> {
    let graph = Graph::load()?;
    Ok([layers::check(&Workspace::load()?), layers::no_runtime(&graph), supply::check(&graph)]
        .concat())
}
