//! Tests of what is refused, and in which words. What is written is tested by `antiphon-tools`,
//! where it can run.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::{function, methods};

fn refusal(options: &str, item: &str) -> String {
    message(&function(quote!(::x), options.parse().unwrap(), item.parse().unwrap()))
}

/// The text of the last `compile_error!`.
fn message(tokens: &TokenStream) -> String {
    let text = tokens.to_string();
    let (_, after) = text.rsplit_once("compile_error ! {").expect("refused");
    after.trim_matches(|c: char| " \"{}".contains(c)).to_owned()
}

const FINE: &str = "/// Says hi.\nasync fn hi() {}";

#[test]
fn options_are_checked() {
    let cases = [
        ("timout = \"5s\"", "there is no option `timout`: did you mean `timeout`?"),
        (
            "zzz",
            "there is no option `zzz`: there are `name`, `effect`, `timeout`, `rate_limit`, \
             `confirm`, `blocking`",
        ),
        ("effect = \"wirte\"", "there is no effect class `wirte`: did you mean `write`?"),
        ("name = \"say hi\"", "a tool's name is 1 to 64 letters, digits, `_` and `-`"),
    ];
    for (options, expected) in cases {
        assert_eq!(refusal(options, FINE), expected, "{options}");
    }
    for wrong in ["5", "0s", "s", "-5s", "5 days", "99999999999999999999s", "5m"] {
        let text = refusal(&format!("timeout = \"{wrong}\""), FINE);
        assert!(text.starts_with("not a time"), "{wrong}: {text}");
    }
    for wrong in ["10", "0/s", "1001/s", "10/day", "/min", "-1/s"] {
        let text = refusal(&format!("rate_limit = \"{wrong}\""), FINE);
        assert!(text.starts_with("not a rate"), "{wrong}: {text}");
    }
}

#[test]
fn functions_are_checked() {
    let cases = [
        (
            "/// Hi.\nfn hi() {}",
            "a tool is an `async fn`; for one that blocks write `#[tool(blocking)]`",
        ),
        ("async fn hi() {}", "a tool needs a doc comment: the model decides by it when to call"),
        ("/// Hi.\nasync fn hi<T>() {}", "a tool has one schema, so it cannot be generic"),
        (
            "/// Hi.\nasync fn hi(a: &str) {}",
            "an argument is read from JSON and must be owned: take `String`",
        ),
        (
            "/// Hi.\nasync fn hi(a: &Vec<u8>) {}",
            "an argument is read from JSON and must be owned: take `Vec<u8>`",
        ),
        (
            "/// Hi.\nasync fn hi(a: impl Copy) {}",
            "an argument is read from JSON and needs a concrete type",
        ),
        (
            "/// Hi.\nasync fn hi((a, b): (u8, u8)) {}",
            "the model fills arguments by name: give this one a plain name",
        ),
        (
            "/// Hi.\nasync fn hi(a: RunContext, b: &x::RunContext) {}",
            "one `RunContext` is enough: take it once",
        ),
        ("struct Hi;", "`#[tool]` goes on an async function; for methods see `#[tools]`"),
    ];
    for (item, expected) in cases {
        assert_eq!(refusal("", item), expected, "{item}");
    }
    let text = refusal("", "/// Hi.\nasync fn hi(&self) {}");
    assert!(text.starts_with("a method becomes a tool by `#[tools]`"), "{text}");
    let text = refusal("blocking", FINE);
    assert!(text.starts_with("a blocking tool is a plain function"), "{text}");
}

#[test]
fn impl_blocks_are_checked() {
    let refusal = |options: &str, item: &str| {
        message(&methods(quote!(::x), options.parse().unwrap(), item.parse().unwrap()))
    };
    let cases = [
        (
            "",
            "impl A { fn a(&self) {} }",
            "no method is a tool: mark those that are with `#[tool]`",
        ),
        ("x", "impl A {}", "`#[tools]` has no options: write them on each `#[tool(..)]`"),
        (
            "",
            "/// Hi.\nasync fn a() {}",
            "`#[tools]` goes on an impl block; for a function see `#[tool]`",
        ),
        (
            "",
            "impl A { /** Hi. */ #[tool] async fn a(&mut self) {} }",
            "a tool takes `&self`: several calls may run at the same time",
        ),
    ];
    for (options, item, expected) in cases {
        assert_eq!(refusal(options, item), expected, "{item}");
    }
}

#[test]
fn every_wrong_argument_is_named() {
    let both = "/// Hi.\nasync fn hi(a: &str, b: impl Copy) {}";
    let tokens = function(quote!(::x), quote!(), both.parse().unwrap()).to_string();
    assert_eq!(tokens.matches("compile_error").count(), 2, "{tokens}");
}
