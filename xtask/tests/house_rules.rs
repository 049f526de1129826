//! The workspace keeps its house rules, so that a plain `cargo test` says so.

#![expect(clippy::unwrap_used, reason = "statics of a test")]

use std::sync::LazyLock;

use xtask::{
    finding::Finding,
    metadata::{Graph, Workspace},
    rules::{docs, files, layers, manifests, supply, words},
    rust::Source,
    tree::Tree,
};

static TREE: LazyLock<Tree> = LazyLock::new(|| Tree::load().unwrap());
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| Source::all(&TREE));
static GRAPH: LazyLock<Graph> = LazyLock::new(|| Graph::load().unwrap());

#[track_caller]
fn hold(findings: &[Finding]) {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} findings\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn crates_import_only_what_their_row_allows() {
    hold(&layers::check(&Workspace::load().unwrap()));
}

#[test]
fn pure_crates_are_built_without_a_runtime() {
    hold(&layers::no_runtime(&GRAPH));
}

#[test]
fn foreign_packages_have_allowed_licences_and_sources() {
    assert!(GRAPH.foreign().count() > 50, "cargo metadata lists too little to be true");
    hold(&supply::check(&GRAPH));
}

#[test]
fn files_are_in_form() {
    assert!(SOURCES.len() > 50, "too few Rust files found to be true");
    hold(&files::check(&SOURCES));
}

#[test]
fn banned_words_are_absent() {
    hold(&words::check(&SOURCES));
}

#[test]
fn registry_hosts_are_not_named() {
    hold(&words::hosts(&TREE));
}

#[test]
fn manifests_inherit_from_the_workspace() {
    hold(&manifests::inherit(&TREE));
}

#[test]
fn clippy_rules_are_repeated_where_they_are_replaced() {
    hold(&manifests::clippy(&TREE));
}

#[test]
fn invariants_name_tests_that_exist() {
    hold(&docs::architecture(&TREE, &SOURCES));
}

#[test]
fn documents_name_commands_that_exist() {
    hold(&docs::commands(&TREE));
}

#[test]
fn links_in_documents_lead_somewhere() {
    hold(&docs::links(&TREE));
}
