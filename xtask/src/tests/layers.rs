//! The layer rules find what they are for.

use serde_json::{Value, json};

use super::said;
use crate::{
    finding::Finding,
    metadata::{Graph, Workspace},
    rules::layers::{TABLE, check, no_runtime},
};

/// A complete workspace in which `from` has one more dependency.
fn workspace(from: &str, to: &str, kind: Value) -> Workspace {
    let packages: Vec<Value> = TABLE
        .iter()
        .map(|(name, _)| {
            let added = json!({ "name": to, "kind": kind });
            let dependencies = if *name == from { vec![added] } else { vec![] };
            json!({ "name": name, "version": "0.1.0", "id": name, "dependencies": dependencies })
        })
        .collect();
    serde_json::from_value(json!({ "packages": packages })).unwrap()
}

fn findings(from: &str, to: &str, kind: Value) -> Vec<Finding> {
    check(&workspace(from, to, kind))
}

#[test]
fn imports_against_the_rows_are_found() {
    for (from, to) in [
        ("antiphon-core", "antiphon-audio"),
        ("antiphon-stt", "antiphon-llm"),
        ("antiphon-audio", "antiphon-transport"),
        ("antiphon-conversation", "antiphon-audio"),
        ("antiphon-conversation", "antiphon-session"),
        ("antiphon-session", "antiphon-silero"),
        ("antiphon-silero", "antiphon-piper"),
        ("antiphon-piper", "antiphon-session"),
        ("antiphon-piper", "antiphon-models"),
        ("antiphon-models", "antiphon-moonshine"),
        ("antiphon-sim", "antiphon-session"),
        ("antiphon-cli", "antiphon-session"),
        ("antiphon", "antiphon-cli"),
        ("antiphon", "antiphon-it"),
        ("antiphon-examples", "antiphon-silero"),
        ("xtask", "antiphon-core"),
    ] {
        for kind in [Value::Null, json!("build")] {
            let found = findings(from, to, kind);
            assert_eq!(found.len(), 1, "{from} -> {to}");
            assert!(said(&found)[0].contains(&format!("must not import {to}")));
        }
    }
}

#[test]
fn imports_along_the_rows_are_allowed() {
    for (from, to) in [
        ("antiphon-transport", "antiphon-audio"),
        ("antiphon-conversation", "antiphon-turn"),
        ("antiphon-session", "antiphon-conversation"),
        ("antiphon-silero", "antiphon-vad"),
        ("antiphon", "antiphon-gguf"),
        ("antiphon-cli", "antiphon"),
        ("antiphon-sim", "antiphon-conversation"),
        ("antiphon-it", "antiphon-sim"),
        ("antiphon-core", "serde"),
    ] {
        assert_eq!(said(&findings(from, to, Value::Null)), [""; 0], "{from} -> {to}");
    }
}

#[test]
fn only_tests_of_a_provider_may_fetch_models() {
    assert!(findings("antiphon-gguf", "antiphon-models", json!("dev")).is_empty());
    assert!(!findings("antiphon-gguf", "antiphon-session", json!("dev")).is_empty());
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
    let mut workspace = workspace("", "", Value::Null);
    workspace.packages.last_mut().unwrap().name = "antiphon-novelty".to_owned();
    let said = said(&check(&workspace));
    assert_eq!(said.len(), 2);
    assert!(said[0].contains("the table names xtask"), "{said:?}");
    assert!(said[1].contains("antiphon-novelty has no row"), "{said:?}");
}

#[test]
fn tokio_is_found_behind_another_package() {
    let package =
        |name: &str| json!({ "name": name, "version": "1.0.0", "id": name, "dependencies": [] });
    let node = |id: &str, to: &str, kind: Value| json!({ "id": id, "deps": [{ "pkg": to, "dep_kinds": [{ "kind": kind }] }] });
    let graph = |kind: Value| {
        let json = json!({
            "packages": [package("antiphon-llm"), package("middle"), package("tokio")],
            "resolve": { "nodes": [
                node("antiphon-llm", "middle", Value::Null),
                node("middle", "tokio", kind),
                { "id": "tokio", "deps": [] },
            ] },
        });
        Graph::read(json.to_string().as_bytes()).unwrap()
    };
    let found = said(&no_runtime(&graph(Value::Null)));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("antiphon-llm -> middle -> tokio"), "{found:?}");
    assert!(no_runtime(&graph(json!("dev"))).is_empty());
}
