//! Calls in a model's text: every dialect, any cut, nothing lost, nothing spoken that is no
//! speech.

use proptest::prelude::*;

use crate::{CallReader, Piece};

fn reader() -> CallReader {
    CallReader::new(["get_weather", "book", "search"])
}

/// Reads `text` in pieces of `size` characters; neighbouring speech is joined.
fn read_by(text: &str, size: usize) -> Vec<Piece> {
    let mut reader = reader();
    let letters: Vec<char> = text.chars().collect();
    let mut pieces = Vec::new();
    for part in letters.chunks(size) {
        pieces.extend(reader.push(&part.iter().collect::<String>()));
    }
    pieces.extend(reader.finish());
    Piece::joined(pieces)
}

fn read(text: &str) -> Vec<Piece> {
    let whole = read_by(text, usize::MAX);
    for size in [1, 2, 3, 7] {
        assert_eq!(read_by(text, size), whole, "{text:?} in pieces of {size}");
    }
    whole
}

fn speech(text: &str) -> Piece {
    Piece::Speech(text.into())
}

fn call(name: &str, arguments: &str) -> Piece {
    Piece::Call { name: name.into(), arguments: arguments.into() }
}

fn paris() -> Piece {
    call("get_weather", r#"{"city":"Paris"}"#)
}

#[test]
fn every_dialect_is_read() {
    let texts = [
        r#"<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}</tool_call>"#,
        "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n</tool_call>",
        r#"<tools>{"name": "get_weather", "arguments": {"city": "Paris"}}</tools>"#,
        r#"<tool_call>[{"name": "get_weather", "arguments": {"city": "Paris"}}]</tool_call>"#,
        r#"<tool_call>get_weather(city="Paris")</tool_call>"#,
        r#"{"name": "get_weather", "arguments": {"city": "Paris"}}"#,
        r#"{ "name":"get_weather","parameters":{"city":"Paris"} }"#,
        r#"{"arguments": {"city": "Paris"}, "name": "get_weather"}"#,
        r#"{"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}"#,
        r#"{"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}"#,
        r#"{"tool_calls": [{"id": "1", "function": {"name": "get_weather", "arguments": {"city": "Paris"}}}]}"#,
        r#"{"tool": "functions.get_weather", "tool_input": {"city": "Paris"}}"#,
        r#"[{"name": "get_weather", "arguments": {"city": "Paris"}}]"#,
        "```json\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n```",
        "```\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}```",
        "```python\nget_weather(city='Paris')\n```",
        "{'name': 'get_weather', 'arguments': {'city': 'Paris'}}",
        r#"get_weather(city="Paris")"#,
        r#"[get_weather( city = 'Paris', )]"#,
    ];
    for text in texts {
        assert_eq!(read(text), [paris()], "{text}");
    }
}

#[test]
fn arguments_of_every_type_are_read() {
    let text = r#"book(a=1, b=-2.5, c=True, d=None, e=['x', "y\n"], f={'k': (1, 2)}, g="it's")"#;
    let arguments =
        r#"{"a":1,"b":-2.5,"c":true,"d":null,"e":["x","y\n"],"f":{"k":[1,2]},"g":"it's"}"#;
    assert_eq!(read(text), [call("book", arguments)]);
    assert_eq!(read("book()"), [call("book", "{}")]);
    assert_eq!(read(r#"{"name": "book"}"#), [call("book", "{}")]);
    assert_eq!(read(r#"{"name": "bok", "arguments": null}"#), [call("bok", "{}")]);
}

#[test]
fn speech_and_calls_alternate() {
    let text = "Let me see.\n<tool_call>{\"name\": \"book\", \"arguments\": {}}</tool_call>\n\
                <tool_call>{\"name\": \"search\", \"arguments\": {}}</tool_call> Done.";
    let expected = [
        speech("Let me see.\n"),
        call("book", "{}"),
        speech("\n"),
        call("search", "{}"),
        speech(" Done."),
    ];
    assert_eq!(read(text), expected);
    let text = "Sure: {\"name\": \"book\", \"arguments\": {\"a\": 1}} and that is it.";
    let expected = [speech("Sure: "), call("book", "{\"a\":1}"), speech(" and that is it.")];
    assert_eq!(read(text), expected);
    let text = "<tool_call>book(a=1)<</tool_call> Hi";
    assert_eq!(read(text).last(), Some(&speech(" Hi")));
    let text = "```json\n{\"name\": \"book\"}\n```\nBooked.";
    assert_eq!(read(text), [call("book", "{}"), speech("\nBooked.")]);
    let text = "<tool_call>{\"name\": \"book\"} {\"name\": \"search\"}</tool_call>";
    assert_eq!(read(text), [call("book", "{}"), call("search", "{}")]);
    let text = "[book(a=1), search(q='x')]";
    assert_eq!(read(text), [call("book", "{\"a\":1}"), call("search", "{\"q\":\"x\"}")]);
}

#[test]
fn speech_is_never_taken_for_a_call() {
    let texts = [
        "Hello, how are you?",
        "I can book a table, search the web, or get_weather for you.",
        "The book (a novel) is here. A search(es) engine; book(s) too; book ( a = 1 ).",
        "1 < 2 and <b>bold</b> <tool_calling> << <tool_cal",
        "A set {1, 2}, a list [1, 2] and [link](url); {\"city\": \"Paris\"} {} {\"\": 1}",
        "Use `book` or ``search`` or ```rust\nfn main() {}\n``` as you like. `",
        "{\"name\": \"Tom\", \"age\": 3}",
        "[{\"type\": \"x\"}]",
        "rebook(a=1) handbook()",
        "book(=1) book(1) book(a b)",
        "{",
        "[",
        "```json\n{\"name\": \"Tom\"}\n```",
        "日本語 naïve 👩‍👩‍👧 book",
    ];
    for text in texts {
        assert_eq!(read(text), [speech(text)]);
    }
    assert_eq!(read(""), []);
}

#[test]
fn speech_is_not_held_back() {
    let mut reader = reader();
    assert_eq!(reader.push("Hello, wor"), [speech("Hello, wor")]);
    assert_eq!(reader.push("ld. I"), [speech("ld. I")]);
    assert_eq!(reader.push(" b"), [speech(" ")], "\"b\" may become book(");
    assert_eq!(reader.push("o"), []);
    assert_eq!(reader.push("a"), [speech("boa")]);
    assert_eq!(reader.push("t <"), [speech("t ")]);
    assert_eq!(reader.push("tool"), []);
    assert_eq!(reader.push("box"), [speech("<toolbox")]);
    assert_eq!(reader.push(" {\"na"), [speech(" ")]);
    assert_eq!(reader.push("tion"), [speech("{\"nation")]);
    for long in [
        format!("book({}", "a".repeat(70)),
        format!("{{{}", " ".repeat(17)),
        format!("[{}", " ".repeat(17)),
        format!("book({}", " ".repeat(17)),
        "```averylonglanguage".to_owned(),
        format!("```{}", "\n".repeat(17)),
    ] {
        let spoken = Piece::joined(reader.push(&long));
        assert!(matches!(&spoken[..], [Piece::Speech(s)] if s.len() + 2 > long.len()), "{long:?}");
    }
    let mut reader = CallReader::new(["book"]);
    assert_eq!(reader.push("```{\"name\": \"book\"}"), [call("book", "{}")]);
    let gap = "\n".repeat(65);
    assert_eq!(reader.push(&gap), [speech(&gap)]);
    assert_eq!(reader.finish(), []);
}

#[test]
fn what_only_lacks_its_end_is_whole() {
    let texts = [
        r#"{"name": "get_weather", "arguments": {"city": "Paris"}"#,
        r#"{"name": "get_weather", "arguments": {"city": "Paris""#,
        r#"<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}}"#,
        r#"<tool_call>{"name": "get_weather", "arguments": {"city": "Paris"}</tool_call>"#,
        r#"[{"name": "get_weather", "arguments": {"city": "Paris"}}"#,
        r#"get_weather(city="Paris""#,
        "```json\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Paris\"}}\n``",
    ];
    for text in texts {
        assert_eq!(read(text), [paris()], "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_reported_and_not_spoken() {
    let texts = [
        ("{\"name\": \"book\", \"arguments\": {\"city\": \"Par", "cut off in the middle of a text"),
        ("<tool_call>book a table</tool_call>", "neither JSON nor a function call"),
        ("<tool_call></tool_call>", "neither JSON nor a function call"),
        ("<tool_call>{\"city\": \"Paris\"}</tool_call>", "it names no tool"),
        ("{\"name\": book, \"arguments\": {}}", "a text is not in quotes"),
        ("book(\"Paris\")", "an argument has no name"),
        ("book(a=1 b=2)", "a comma or a closing bracket is missing"),
        ("{\"name\": \"book\", \"arguments\": {]}", "an argument has no name"),
    ];
    for (text, expected) in texts {
        let pieces = read(text);
        let [Piece::Broken { text: raw, why }] = &pieces[..] else { panic!("{text}: {pieces:?}") };
        assert_eq!(raw, text);
        assert!(why.contains(expected), "{text}: {why}");
    }
}

#[test]
fn a_call_that_never_ends_is_given_up() {
    let mut reader = reader();
    let mut pieces = reader.push("Well. <tool_call>{\"name\": \"");
    for _ in 0..1000 {
        pieces.extend(reader.push(&"x".repeat(100)));
    }
    pieces.extend(reader.finish());
    let [Piece::Speech(before), Piece::Broken { text, why }] = &pieces[..] else { panic!() };
    assert_eq!(before, "Well. ");
    assert!(text.len() <= 16 * 1024 + 4 && why.contains("did not end"), "{why}");
}

#[test]
fn deep_nesting_is_harmless() {
    for open in ["[", "{\"name\":", "book(a=[", "<tool_call>["] {
        let text = format!("{open}{}", "[".repeat(10_000));
        read_by(&text, 100);
        let text = format!("{{\"name\": \"book\", \"arguments\": {}", "[".repeat(10_000));
        assert!(matches!(read_by(&text, 100)[..], [Piece::Broken { .. }]));
    }
}

/// Text made of what openings, calls and speech are made of.
fn mixture() -> impl Strategy<Value = String> {
    let parts = [
        "<tool_call>",
        "</tool_call>",
        "<tool",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "'",
        "\\",
        "```",
        "`",
        "json\n",
        "\"name\": ",
        "\"book\"",
        "book",
        "book(",
        "a=1",
        ", ",
        " ",
        "\n",
        "\"arguments\": {}",
        "é",
        "👩‍👧",
        "Hello",
        "search",
    ];
    proptest::collection::vec(proptest::sample::select(parts.to_vec()), 0..24)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_cut_reads_the_same(text in mixture(), size in 1usize..9) {
        prop_assert_eq!(read_by(&text, size), read_by(&text, usize::MAX));
    }

    #[test]
    fn any_text_is_read(text in ".{0,200}", size in 1usize..9) {
        prop_assert_eq!(read_by(&text, size), read_by(&text, usize::MAX));
    }

    #[test]
    fn where_there_is_no_call_every_byte_is_spoken(text in mixture()) {
        let pieces = read_by(&text, 3);
        if let [Piece::Speech(spoken)] = &pieces[..] {
            prop_assert_eq!(spoken, &text);
        }
        prop_assert!(text.is_empty() || !pieces.is_empty() || text.contains('`'), "{:?}", text);
    }

    #[test]
    fn plain_speech_passes_at_once(text in "[A-Zß-öÀ-Ö0-9 ,.!?'\n-]{1,80}") {
        prop_assert_eq!(reader().push(&text), vec![speech(&text)]);
    }

    #[test]
    fn a_call_is_found_within_any_speech(
        before in "[A-Z ,.!?]{0,20}", after in "[A-Z ,.!?]{0,20}", city in "\\PC{0,12}",
    ) {
        let arguments = serde_json::json!({"city": city});
        let text = serde_json::json!({"name": "get_weather", "arguments": arguments});
        let mut expected = vec![speech(&before), call("get_weather", &arguments.to_string()), speech(&after)];
        expected.retain(|piece| *piece != speech(""));
        prop_assert_eq!(read_by(&format!("{before}{text}{after}"), 5), expected);
    }
}
