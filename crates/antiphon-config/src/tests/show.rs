//! `config show`: complete, with origins, and readable again.

use expect_test::expect_file;
use proptest::prelude::*;

use super::{agent, with};
use crate::{
    Origin, Sources,
    node::{Node, Value},
    yaml,
};

#[test]
fn every_value_is_shown_with_its_origin() {
    let yaml =
        "name: hello\ninstructions: |\n  Be kind.\n\n  Be short.\nmodels:\n  llm: {model: qwen}\n";
    let sources = Sources::none()
        .with_env([("ANTIPHON__VOICE__RATE", "1.25")])
        .with_set(vec!["greeting=Hi: you".to_owned()]);
    expect_file!["show.yaml"].assert_eq(&with(yaml, &sources).unwrap().show());
}

/// The same tree with every origin forgotten.
fn bare(node: &Node) -> Node {
    let mut node = node.clone();
    node.stamp(&Origin::Default);
    unquote(&mut node);
    node
}

/// Forgets how text was quoted, where that makes no difference.
fn unquote(node: &mut Node) {
    match &mut node.value {
        Value::Scalar(s) => {
            let quoted = crate::node::Scalar { text: s.text.clone(), plain: true };
            let text = crate::scalar::meaning(&quoted);
            if matches!(text, crate::scalar::Meaning::Text(_)) {
                s.plain = false;
            }
        }
        Value::List(items) => items.iter_mut().for_each(unquote),
        Value::Map(entries) => entries.iter_mut().for_each(|e| unquote(&mut e.node)),
        Value::Gone => {}
    }
}

#[test]
fn the_examples_of_quoting_are_read_again() {
    for text in [
        "",
        " x",
        "x ",
        "- x",
        "a: b",
        "a #b",
        "no",
        "1",
        "null",
        "a\nb\n",
        "a\n b",
        "\n",
        "a\n\nb",
        "x\u{2028}y",
        "\u{1}",
        "#",
        "\"",
        "'",
        "\\",
        "{a",
        "é",
        "a\r\nb",
        "---\nx",
        "\ta\nb",
    ] {
        let effective =
            agent(&format!("greeting: {}\n", serde_json::to_string(text).unwrap())).unwrap();
        let again = agent(&effective.show()).unwrap();
        assert_eq!(again.agent().greeting, text, "{}", effective.show());
    }
}

proptest! {
    #[test]
    fn what_is_shown_can_be_read_again(
        text in "[ -~\\n\\té—#:'\"\\\\]{0,40}",
        key in "[ -~é]{1,12}",
        list in prop::collection::vec("[ -~]{0,10}", 0..4),
    ) {
        let json = serde_json::json!({
            "greeting": text,
            "tools": [{"http": {
                "name": "a",
                "url": "https://a",
                "parameters": {"type": "object", key: list, "deep": [[text], {"x": [1, 2.5, null]}]},
            }}],
        });
        let effective = agent(&json.to_string()).unwrap();
        let shown = effective.show();
        let again = agent(&shown).map_err(|e| TestCaseError::fail(format!("{e}\n{shown}")))?;
        prop_assert_eq!(again.agent(), effective.agent(), "{}", shown);
        let tree = yaml::parse("", shown.as_bytes()).unwrap();
        prop_assert!(bare(&tree) == bare(&effective.tree), "{}", shown);
    }
}
