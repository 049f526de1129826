//! The rules for documents find what they are for.

use super::{said, source, tree};
use crate::rules::docs::{architecture, commands, links};

const PATH: &str = "docs/ARCHITECTURE.md";

fn check(page: &str) -> Vec<String> {
    let test = "//! x\n#[test]\nfn time_never_runs_negative() {}\nfn helper() {}\n";
    architecture(&tree(&[(PATH, page)]), &[source("crates/antiphon-core/src/tests.rs", test)])
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_missing_architecture_page_is_found() {
    assert_eq!(said(&architecture(&tree(&[]), &[])), [format!("{PATH}: is missing")]);
}

#[test]
fn an_invariant_must_name_a_test_that_exists() {
    let good =
        "**Invariant** Time is `Timestamp`. Test: `antiphon-core::time_never_runs_negative`\n";
    assert_eq!(check(good), [""; 0]);
    assert_eq!(check(&format!("- {good}")), [""; 0]);
    assert_eq!(
        check("**Invariant** Time is\nfine: `antiphon_core::tests::time_never_runs_negative`"),
        [""; 0]
    );
    for bad in [
        "**Invariant** Time is fine.",
        "**Invariant** Time is `Timestamp::ZERO`.",
        "**Invariant** `antiphon-core::no_such_test`",
        "**Invariant** `antiphon-core::helper`",
        "**Invariant** `antiphon-turn::time_never_runs_negative`",
        "No invariant at all.",
    ] {
        assert_eq!(check(bad).len(), 1, "{bad}");
    }
}

#[test]
fn an_architecture_page_has_an_end() {
    let line = "**Invariant** `antiphon-core::time_never_runs_negative`\n";
    assert_eq!(check(&line.repeat(200)), [""; 0]);
    assert_eq!(check(&line.repeat(201)).len(), 1);
}

#[test]
fn commands_in_documents_must_exist() {
    let found = commands(&tree(&[
        ("README.md", "run `cargo xtask test`\nor `cargo xtask dance`"),
        (".ci/run", "cargo xtask test"),
    ]));
    assert_eq!(said(&found), ["README.md:2: `cargo xtask dance` does not exist"]);
    assert_eq!(said(&commands(&tree(&[]))), ["README.md: is missing"]);
}

#[test]
fn links_in_documents_must_lead_somewhere() {
    let found = links(&tree(&[
        (
            "docs/a.md",
            "[the lists](../deny.toml#allow), [web](https://example.invalid), [here](#x)",
        ),
        ("docs/b.md", "[gone](no-such-file.md)"),
    ]));
    assert_eq!(said(&found), ["docs/b.md:1: links to no-such-file.md, which is not there"]);
}
