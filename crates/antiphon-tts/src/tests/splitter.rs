//! Tests of the splitter.

use proptest::prelude::*;

use crate::{Splitter, SplitterConfig};

fn split(text: &str) -> Vec<String> {
    split_pieces(&[text])
}

fn split_pieces(pieces: &[&str]) -> Vec<String> {
    let mut splitter = Splitter::new(SplitterConfig::default());
    let mut out = Vec::new();
    for piece in pieces {
        splitter.push(piece, &mut out);
    }
    out.extend(splitter.finish());
    out
}

#[test]
fn sentences_and_an_early_first_clause() {
    assert_eq!(
        split("Sure, that is a good idea, and it is easy. We can do it now. Shall we?"),
        ["Sure, that is a good idea, ", "and it is easy. ", "We can do it now. ", "Shall we?"]
    );
}

#[test]
fn nothing_is_split_that_belongs_together() {
    for whole in [
        "Dr. Smith is in.",
        "Pay $3.50 now.",
        "At 5 p.m. today.",
        "See example.com now.",
        "The U.S. economy.",
        "Mail tom@example.com please.",
        "J. Smith is out.",
        "1. Apples",
        "He said \"stop!\"",
    ] {
        assert_eq!(split(whole), [whole]);
    }
}

#[test]
fn a_full_stop_before_a_small_letter_waits_for_it() {
    assert_eq!(split_pieces(&["Open until 5 p.m", ".", " ", "on Sundays."]).len(), 1);
    assert_eq!(split_pieces(&["We close at 5 p.m", ".", " ", "Then we rest."]).len(), 2);
}

#[test]
fn a_long_clause_is_cut_at_a_natural_break() {
    let first = split(&"we walked along the river until the evening came and then ".repeat(3));
    assert!(first[0].chars().count() <= 61, "{first:?}");
    assert!(first[0].ends_with(' '));
}

#[test]
fn marks_without_words_are_not_spoken_alone() {
    assert_eq!(split("... Hello! 🙂 ✨"), ["... Hello! "]);
    assert_eq!(split(" \n\n"), Vec::<String>::new());
}

proptest! {
    #[test]
    fn segments_join_to_the_text(text in "[a-zA-Z0-9 .,!?;:\\n'\"—é🙂-]{0,400}") {
        let mut splitter = Splitter::new(SplitterConfig::default());
        let mut out = Vec::new();
        splitter.push(&text, &mut out);
        let rest = splitter.clone().finish().unwrap_or_default();
        let joined = out.concat() + &rest;
        prop_assert!(text.starts_with(&joined));
        prop_assert!(!text[joined.len()..].chars().any(char::is_alphanumeric));
        prop_assert!(out.iter().all(|s| s.chars().count() <= 181));
        prop_assert!(out.iter().all(|s| s.chars().any(char::is_alphanumeric) || s.chars().count() > 50));
    }

    #[test]
    fn the_cut_into_deltas_does_not_matter(text in "\\PC{0,120}", cuts in prop::collection::vec(0usize..120, 0..12)) {
        let whole = split(&text);
        let mut cuts: Vec<usize> = cuts.into_iter().filter(|c| text.is_char_boundary((*c).min(text.len()))).map(|c| c.min(text.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&text[from..cut]);
            from = cut;
        }
        pieces.push(&text[from..]);
        prop_assert_eq!(split_pieces(&pieces), whole);
    }
}
