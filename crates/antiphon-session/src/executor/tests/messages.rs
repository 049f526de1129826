//! The check of messages: each reason, and any text and bytes against a second opinion.

use antiphon_core::{Code, Error};
use proptest::prelude::*;

use crate::executor::{Invalid, MAX_CHARACTERS, MessageValidator};

fn check(message: &str) -> Result<&str, Invalid> {
    MessageValidator::default().validate(message)
}

#[test]
fn every_reason_is_named() {
    assert_eq!(check("hello,\n\tworld\r\n"), Ok("hello,\n\tworld\r\n"));
    assert_eq!(check(" \u{a0}\n"), Err(Invalid::Empty));
    assert_eq!(check("a\u{1b}[2J"), Err(Invalid::Control { character: '\u{1b}', position: 2 }));
    assert_eq!(check("é\u{85}"), Err(Invalid::Control { character: '\u{85}', position: 2 }));
    let longest = "é".repeat(MAX_CHARACTERS);
    assert!(check(&longest).is_ok(), "characters are counted, not bytes");
    let longer = Invalid::TooLong { characters: MAX_CHARACTERS + 1, most: MAX_CHARACTERS };
    assert_eq!(check(&format!("{longest}!")), Err(longer));
    let bytes = MessageValidator::default().validate_bytes(b"ok \xff");
    assert_eq!(bytes, Err(Invalid::NotUtf8 { offset: 3 }));
}

#[test]
fn reasons_read_well_and_say_what_to_do() {
    let reasons = [
        Invalid::Empty,
        Invalid::TooLong { characters: 10_001, most: 10_000 },
        Invalid::Control { character: '\u{7}', position: 4 },
        Invalid::NotUtf8 { offset: 3 },
    ];
    let texts = [
        "the message is empty",
        "the message has 10001 characters; at most 10000 are allowed",
        "the message has the control character U+0007 at 4",
        "the message is not UTF-8 after its first 3 bytes",
    ];
    for (reason, text) in reasons.into_iter().zip(texts) {
        let e = Error::from(reason);
        assert_eq!((e.op(), e.code(), e.detail()), ("message.validate", Code::InvalidInput, text));
        assert!(e.help().is_some());
    }
}

/// Text with more of what is refused than chance would bring.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => any::<String>(),
        2 => "[ \t\r\n\u{a0}]{0,8}",
        1 => "[\u{0}-\u{1f}\u{7f}-\u{9f}]{1,2}",
        1 => (0usize..6_000).prop_map(|n| "ü".repeat(n)),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_passes_is_clean_and_what_does_not_has_its_reason(text in texts()) {
        let control = |c: char| c.is_control() && !['\n', '\r', '\t'].contains(&c);
        match check(&text) {
            Ok(same) => {
                prop_assert_eq!(same, &text);
                prop_assert!(text.chars().any(|c| !c.is_whitespace()));
                prop_assert!(text.chars().count() <= MAX_CHARACTERS);
                prop_assert!(!text.chars().any(control));
            }
            Err(Invalid::Empty) => prop_assert!(text.chars().all(char::is_whitespace)),
            Err(Invalid::TooLong { characters, most }) => {
                prop_assert_eq!(characters, text.chars().count());
                prop_assert!(characters > most);
            }
            Err(Invalid::Control { character, position }) => {
                prop_assert_eq!(text.chars().nth(position - 1), Some(character));
                prop_assert!(control(character));
                prop_assert!(!text.chars().take(position - 1).any(control));
            }
            Err(Invalid::NotUtf8 { .. }) => prop_assert!(false, "text is UTF-8"),
        }
    }

    #[test]
    fn bytes_are_judged_as_their_text_is(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let judged = MessageValidator::default().validate_bytes(&bytes);
        match String::from_utf8(bytes.clone()) {
            Ok(text) => prop_assert_eq!(judged, check(&text)),
            Err(e) => {
                let offset = e.utf8_error().valid_up_to();
                prop_assert_eq!(judged, Err(Invalid::NotUtf8 { offset }));
            }
        }
    }
}
