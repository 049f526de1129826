//! Reading Rust source, licence expressions and test output.

use std::io::BufReader;

use super::source;
use crate::{
    run::pass_through,
    rust::{blank, mentions},
    spdx::is_met,
};

#[test]
fn comments_and_literals_are_blanked() {
    let cases = [
        ("let a = 1; // b", "let a = 1;     "),
        ("a /* b /* c */ d */ e", "a                   e"),
        (r#"f("x\"y", z)"#, "f(      , z)"),
        ("r#\"a\"b\"# c", "         c"),
        ("br\"a\" c", "      c"),
        ("car\"", "car "),
        (r"['\'', '\u{1F}', 'x']", "[    ,         ,    ]"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
        ("b'x' r#type crate", "     r#type crate"),
        ("\"ü\" é", "    é"),
        ("\"a\nb\" c", "  \n   c"),
    ];
    for (text, code) in cases {
        assert_eq!(blank(text).trim_end(), code.trim_end(), "{text}");
    }
}

#[test]
fn words_are_matched_whole() {
    assert!(mentions("use a::rand::b;", "rand::"));
    assert!(!mentions("operand::b", "rand::"));
    assert!(mentions("sleep(1)", "sleep("));
    assert!(!mentions("no_sleep(1)", "sleep("));
    assert!(!mentions("HashMapper", "HashMap"));
}

#[test]
fn tests_inside_a_file_are_told_from_the_product() {
    let text = "//! x\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {}\n}\n\nfn b() {}\n";
    let file = source("crates/antiphon-core/src/x.rs", text);
    assert_eq!(file.krate, "antiphon-core");
    assert_eq!(file.inline_tests(), [(3, 5)]);
    assert_eq!(file.tests(), ["a"]);
    assert_eq!(file.product().count(), 4);
}

#[test]
fn a_declaration_of_a_test_module_is_one_line_of_tests() {
    let file =
        source("crates/antiphon-core/src/lib.rs", "//! x\n#[cfg(test)]\nmod tests;\nmod a;\n");
    assert_eq!(file.inline_tests(), [(2, 2)]);
}

#[test]
fn files_named_after_tests_are_tests() {
    for path in ["crates/a/src/x/tests.rs", "crates/a/tests/it/main.rs", "crates/a/benches/b.rs"] {
        assert_eq!(source(path, "//! x\nfn a() {}\n").product().count(), 0, "{path}");
    }
    assert_eq!(source("crates/a/src/contests.rs", "//! x\n").product().count(), 1);
}

#[test]
fn tests_are_found_under_any_runtime() {
    let text = "#[tokio::test(start_paused = true)]\nasync fn a() {}\nfn helper() {}\n\
                proptest! {\n    #[test]\n    fn b(x in 0..3) {}\n}\n";
    assert_eq!(source("crates/a/tests/t.rs", text).tests(), ["a", "b"]);
}

#[test]
fn licence_expressions_are_understood() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
    for met in [
        "MIT",
        "MIT OR GPL-3.0-only",
        "GPL-2.0-only OR MIT",
        "MIT/GPL-3.0",
        "MIT AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "(MIT OR GPL-3.0-only) AND Apache-2.0",
        "GPL-3.0-only AND MIT OR Apache-2.0",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for unmet in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT WITH Classpath-exception-2.0",
        "MIT AND (GPL-3.0-only OR ISC)",
        "MIT Apache-2.0",
        "(MIT",
    ] {
        assert!(!is_met(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn results_of_suites_pass_through_and_are_summed_up() {
    let output = "running 3 tests\ntest a::b ... ok\ntest a::c ... FAILED\n\n\
        test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out\n\
        test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\nno newline";
    let mut passed = Vec::new();
    let small = &mut BufReader::with_capacity(7, output.as_bytes());
    let summary = pass_through(small, &mut passed).unwrap();
    assert_eq!(passed, output.as_bytes());
    let text = summary.to_string();
    assert_eq!(text, "41 passed, 1 failed, 1 ignored in 2 suites\n    failed: a::c");
}
