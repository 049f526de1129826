//! The check of what users type.

use antiphon::chat::{Invalid, MessageValidator};

use crate::mutation::{Random, mutant, seeds};

const SEEDS: &[&str] = &[
    "Hello, how are you?",
    " \t\r\n",
    "Gr\u{fc}\u{df}e, \u{4f60}\u{597d}, \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\nand a second line",
    "a",
];

const TOKENS: &[&str] = &[
    "\u{0}",
    "\u{7}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{200b}",
    "\u{2028}",
    "\u{feff}",
    "\n",
    "\r",
    "\t",
    " ",
    "\u{e9}",
    "\u{1f600}",
    "0123456789012345678901234567890123456789",
];

/// Mutants are short, and each reason has to be met.
const MOST: usize = 60;

#[test]
fn messages_are_taken_as_they_are_or_refused_for_a_reason_that_holds() {
    let validator = MessageValidator { max_characters: MOST };
    let mut met = [0_usize; 5];
    for seed in seeds() {
        let bytes = mutant(SEEDS, TOKENS, &mut Random::new(seed));
        let text = std::str::from_utf8(&bytes);
        let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        let n = match (validator.validate_bytes(&bytes), text) {
            (Ok(message), Ok(text)) => {
                assert_eq!(message, text);
                assert!(!text.trim().is_empty() && text.chars().count() <= MOST);
                assert!(text.chars().all(allowed), "{text:?}");
                0
            }
            (Err(Invalid::Empty), Ok(text)) => {
                assert!(text.trim().is_empty(), "{text:?}");
                1
            }
            (Err(Invalid::TooLong { characters, most }), Ok(text)) => {
                assert_eq!((characters, most), (text.chars().count(), MOST));
                assert!(characters > most);
                2
            }
            (Err(Invalid::Control { character, position }), Ok(text)) => {
                assert_eq!(text.chars().position(|c| !allowed(c)), Some(position - 1));
                assert_eq!(text.chars().nth(position - 1), Some(character));
                3
            }
            (Err(Invalid::NotUtf8 { offset }), Err(e)) => {
                assert_eq!(offset, e.valid_up_to());
                4
            }
            (verdict, _) => panic!("{bytes:?}: {verdict:?}"),
        };
        met[n] += 1;
    }
    assert!(met.iter().all(|n| *n > 1000), "{met:?}");
}
