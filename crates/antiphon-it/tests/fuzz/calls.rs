//! The reader of calls and the check of their arguments.

use antiphon::tools::{CallReader, Piece, Validator, unsaid};
use serde_json::json;

use crate::mutation::{Random, mutant, seeds};

const NAMES: [&str; 2] = ["book_table", "now"];

/// What models write.
const SEEDS: &[&str] = &[
    "<tool_call>\n{\"name\": \"book_table\", \"arguments\": {\"guests\": 4, \"day\": \"Monday\"}}\n</tool_call>",
    "Let me see. {\"name\": \"now\", \"arguments\": {}} Done.",
    "```json\n[{\"name\": \"now\", \"parameters\": {}}, {\"function\": {\"name\": \"book_table\", \"arguments\": \"{\\\"guests\\\": 2}\"}}]\n```",
    "I call book_table(guests=\"4\", day='Mon\\'day', x=[1, 2.5, None, True]) now.",
    "[now(), book_table(guests=4)]",
    "{\"tool_calls\": [{\"id\": \"1\", \"type\": \"function\", \"function\": {\"name\": \"now\", \"arguments\": \"{}\"}}]}",
    "We are { open } from 9 < 10, `well`, now and then: [1] caf\u{e9} \u{1f600}.",
    "<tool_call>{'name': 'book_table', 'arguments': {'guests': 4,}}",
    "{\"guests\": \"4\", \"day\": null, \"notes\": [\"a\", {\"b\": 1e3}]}",
];

/// What calls are made of.
const TOKENS: &[&str] = &[
    "<tool_call>",
    "</tool_call>",
    "<tools>",
    "</tools>",
    "<",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "=",
    ":",
    ",",
    "\"",
    "'",
    "\\",
    "\\u00e9",
    "\\ud83d",
    "```",
    "```json\n",
    "`",
    "\n",
    " ",
    "{\"name\": ",
    "\"arguments\": ",
    "book_table",
    "book_table(",
    "now",
    "null",
    "None",
    "True",
    "-1",
    "1e999",
    "18446744073709551616",
    "\u{e9}",
    "\u{1f600}",
    "\u{0}",
    "{\"",
    "[[[[[[[[",
    "{\"a\":{\"a\":{\"a\":",
];

/// All that a reader makes of a text, with speech in one piece where nothing is between.
fn read<'a>(parts: impl Iterator<Item = &'a str>) -> Vec<Piece> {
    let mut reader = CallReader::new(NAMES);
    let mut pieces: Vec<Piece> = parts.flat_map(|part| reader.push(part)).collect();
    pieces.extend(reader.finish());
    Piece::joined(pieces)
}

/// `text` cut at random.
fn cut<'a>(text: &'a str, random: &mut Random) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.ceil_char_boundary((1 + random.below(24)).min(rest.len()));
        let (part, after) = rest.split_at(at);
        parts.push(part);
        rest = after;
    }
    parts
}

#[test]
fn calls_are_read_alike_however_the_text_is_cut() {
    let (mut calls, mut broken, mut plain) = (0, 0, 0);
    for seed in seeds() {
        let mut random = Random::new(seed);
        let bytes = mutant(SEEDS, TOKENS, &mut random);
        let text = String::from_utf8_lossy(&bytes);
        let pieces = read([text.as_ref()].into_iter());
        assert_eq!(read(cut(&text, &mut random).into_iter()), pieces, "{text:?}");
        let mut spoken = 0;
        for piece in &pieces {
            match piece {
                Piece::Speech(speech) => spoken += speech.len(),
                Piece::Call { name, .. } => {
                    calls += 1;
                    assert!(text.contains(name.as_str()) || text.contains('\\'), "{text:?}");
                }
                Piece::Broken { text, why } => {
                    broken += 1;
                    assert!(text.len() <= 16 * 1024 + 4 && !why.is_empty());
                }
            }
        }
        assert!(spoken <= text.len(), "{text:?}: more is said than was written");
        plain += usize::from(spoken == text.len());
    }
    let all = calls.min(broken).min(plain);
    assert!(all > 1000, "{calls} calls, {broken} broken ones, {plain} texts without");
}

#[test]
fn calls_arguments_are_read_the_same_a_second_time() {
    let schema = json!({
        "type": "object",
        "properties": {
            "guests": {"type": "integer", "minimum": 1},
            "day": {"type": "string"},
            "notes": {"type": "array", "items": {"type": ["string", "object", "null"]}},
        },
        "required": ["guests"],
    });
    let validator = Validator::new(&schema).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for seed in seeds() {
        let mut random = Random::new(seed);
        let arguments = &SEEDS[SEEDS.len() - 1..];
        let bytes = mutant(arguments, TOKENS, &mut random);
        let text = String::from_utf8_lossy(&bytes);
        match validator.read(&text) {
            Ok(value) => {
                accepted += 1;
                assert_eq!(validator.check(value.clone()).as_ref(), Ok(&value), "{text:?}");
                let made_up = unsaid(&schema, &value, "nothing");
                assert!(made_up.iter().all(|unsaid| unsaid.argument == "guests"), "{text:?}");
            }
            Err(why) => {
                refused += 1;
                assert!(!why.is_empty() && why.len() < 4096, "{why}");
            }
        }
    }
    assert!(accepted > 1000 && refused > 1000, "{accepted} accepted, {refused} refused");
}
