//! Files that mean harm: refused, quickly and with words.

use proptest::prelude::*;

use super::{agent, complaint};
use crate::{Sources, yaml::MAX_BYTES};

#[test]
fn a_file_that_is_too_long_is_refused() {
    let long = format!("greeting: {}", "a".repeat(MAX_BYTES));
    assert!(complaint(&long).contains("are too many"), "{}", complaint(&long));
    let long = format!("greeting: {}", "a".repeat(MAX_BYTES - 100));
    assert!(agent(&long).is_ok());
}

#[test]
fn nesting_has_an_end() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = |n: usize| format!("{}x{}", open.repeat(n), close.repeat(n));
        assert!(complaint(&deep(65)).contains("nested deeper than 64"), "{}", complaint(&deep(65)));
        assert!(agent(&deep(100_000)).is_err(), "{open}");
    }
    let aliases: String = (0..40)
        .map(|i| match i {
            0 => "x0: &x0 [1]\n".to_owned(),
            _ => format!("x{i}: &x{i} [[*x{}]]\n", i - 1),
        })
        .collect();
    assert!(complaint(&aliases).contains("nested deeper than 64"));
}

#[test]
fn aliases_cannot_explode() {
    let laughs: String = (0..9)
        .map(|i| match i {
            0 => "x0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned(),
            _ => format!("x{i}: &x{i} [{}]\n", format!("*x{}, ", i - 1).repeat(10)),
        })
        .collect();
    assert!(complaint(&laughs).contains("more than 10000 values"));
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1000), ["*a"; 2000].join(", "));
    assert!(complaint(&long).contains("aliases repeat more than"));
    assert!(complaint("a: &a [*a]\n").contains("agent.yaml:1:"));
}

#[test]
fn many_faults_are_cut_short() {
    let many: String = (0..1000).map(|i| format!("field{i}: 1\n")).collect();
    assert_eq!(agent(&many).unwrap_err().problems().len(), 20);
    let twice = "name: a\n".repeat(1000);
    assert_eq!(agent(&twice).unwrap_err().problems().len(), 20);
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    let error = crate::parse("a".as_ref(), b"name: a\n\xff", &Sources::none()).unwrap_err();
    assert!(error.to_string().contains("line 2 is not UTF-8"), "{error}");
    assert_eq!(agent("\u{feff}name: b\n").unwrap().agent().name, "b");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = crate::parse("a".as_ref(), &bytes, &Sources::none()) {
            prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_settings_are_taken_or_refused(path in "[a-z0-9_.]{0,30}", value in any::<String>()) {
        let set = vec![format!("{path}={value}")];
        let env = [(format!("ANTIPHON__{path}"), value)];
        let _ = super::with("", &Sources::none().with_set(set).with_env(env));
    }
}
