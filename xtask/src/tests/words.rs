//! The word rules find what they are for, where it is banned and nowhere else.

use super::{said, source, tree};
use crate::rules::words;

const PURE: &str = "crates/antiphon-turn/src/a.rs";
const DRIVER: &str = "crates/antiphon-session/src/a.rs";
const TESTS: &str = "crates/antiphon-session/src/a/tests.rs";
const IT: &str = "crates/antiphon-it/tests/it/a.rs";

fn found(path: &str, text: &str) -> usize {
    words::check(&[source(path, text)]).len()
}

#[test]
fn clocks_chance_and_hash_order_are_banned_in_pure_crates() {
    for text in [
        "let t = Instant::now();",
        "let t: SystemTime = x;",
        "use std::collections::HashMap;",
        "let s: HashSet<u8> = x;",
        "let x: u8 = rand::random();",
    ] {
        assert_eq!((found(PURE, text), found(DRIVER, text)), (1, 0), "{text}");
    }
    assert_eq!(found(PURE, "// reads no Instant::now()\nlet s = \"HashMap\";"), 0);
    assert_eq!(found("crates/antiphon-turn/src/tests.rs", "let t = Instant::now();"), 0);
}

#[test]
fn unnamed_threads_and_unbounded_queues_are_banned_outside_tests() {
    for text in ["std::thread::spawn(f);", "let c = unbounded_channel();"] {
        assert_eq!((found(DRIVER, text), found(TESTS, text)), (1, 0), "{text}");
    }
}

#[test]
fn sleeping_is_banned_in_tests() {
    for text in ["thread::sleep(d);", "sleep(d).await;", "tokio::time::sleep(d).await;"] {
        assert_eq!((found(TESTS, text), found(IT, text), found(DRIVER, text)), (1, 0, 0), "{text}");
    }
    assert_eq!(found(TESTS, "clock.sleep_until(t).await;"), 0);
}

#[test]
fn marks_of_unfinished_work_are_banned_everywhere() {
    let marks = [concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    for mark in marks {
        assert_eq!((found(DRIVER, &format!("// {mark}: later")), found(TESTS, mark)), (1, 1));
    }
    assert_eq!(found(IT, concat!("to", "do!()")), 1);
    assert_eq!(found(DRIVER, "#[allow(dead_code)]"), 1);
}

#[test]
fn names_that_say_nothing_are_found() {
    for text in ["pub struct SessionManager;", "mod utils;", "enum TurnHelper {}"] {
        assert_eq!(found(DRIVER, text), 1, "{text}");
    }
    assert_eq!(found(DRIVER, "pub struct Utility;"), 0);
}

#[test]
fn a_finding_says_where_what_and_how_to_mend_it() {
    let findings = words::check(&[source(PURE, "//! x\nlet t = Instant::now();")]);
    let text = findings[0].to_string();
    assert_eq!(
        text,
        "crates/antiphon-turn/src/a.rs:2: `Instant::now` is not for here\n    \
         mend: take the time as an argument (Timestamp)"
    );
}

#[test]
fn registry_hosts_are_found_in_any_file_but_the_lock_file() {
    let host = concat!("see crates", ".io");
    let found = words::hosts(&tree(&[("README.md", host), ("Cargo.lock", host)]));
    assert_eq!(said(&found), [concat!("README.md:1: names the host crates", ".io")]);
}
