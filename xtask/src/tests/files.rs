//! The rules of form find what they are for.

use super::{said, source};
use crate::rules::files::{MAX_LINES, check};

const PATH: &str = "crates/antiphon-core/src/a.rs";

fn found(text: &str) -> Vec<String> {
    said(&check(&[source(PATH, text)]))
}

#[test]
fn a_file_without_a_head_is_found() {
    assert_eq!(found("fn a() {}\n"), [format!("{PATH}:1: does not start with `//!`")]);
    assert_eq!(found("//! About a.\n"), [""; 0]);
}

#[test]
fn a_file_may_be_full_but_no_longer() {
    let full = "//! x\n".to_owned() + &"\n".repeat(MAX_LINES - 1);
    assert_eq!(found(&full), [""; 0]);
    assert_eq!(found(&(full.clone() + "\n")).len(), 1);
    let tests = "#[cfg(test)]\nmod tests {\n}\n";
    assert_eq!(found(&(full + tests)), [""; 0]);
}

#[test]
fn long_tests_inside_a_file_are_found() {
    let block =
        |lines: usize| format!("//! x\n#[cfg(test)]\nmod tests {{\n{}}}\n", "\n".repeat(lines));
    assert_eq!(found(&block(50)), [""; 0]);
    assert_eq!(found(&block(60)), [format!("{PATH}:2: 63 lines of tests inside the file")]);
}

#[test]
fn an_ignored_test_must_name_the_command_that_runs_it() {
    let test = |attribute: &str| found(&format!("//! x\n{attribute}\nfn a() {{}}\n")).len();
    assert_eq!(test("#[ignore]"), 1);
    assert_eq!(test("#[ignore = \"slow\"]"), 1);
    assert_eq!(test("#[ignore = \"run by `cargo xtask nothing`\"]"), 1);
    assert_eq!(test("#[ignore = \"run by `cargo xtask it`\"]"), 0);
}
