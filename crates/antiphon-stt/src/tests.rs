//! Tests of the transcript and of the word error rate.

mod conformance;

use crate::{
    SttEvent, Transcript,
    wer::{Wer, normalise},
};

fn interim(segment: u32, text: &str) -> SttEvent {
    SttEvent::Interim { segment, text: text.into() }
}

fn fin(segment: u32, text: &str) -> SttEvent {
    SttEvent::Final { segment, text: text.into() }
}

#[test]
fn later_texts_replace_and_segments_join() {
    let mut t = Transcript::default();
    for e in [interim(0, "book"), fin(0, "book a table "), interim(1, "for"), interim(0, "book")] {
        t.apply(&e);
    }
    assert_eq!(t.text(), "book a table for");
    assert_eq!(t.final_text(), "book a table");
    t.apply(&interim(0, "book a table for two"));
    assert_eq!(t.text(), "book a table for two for");
    t.apply(&fin(1, ""));
    assert_eq!(t.text(), "book a table for two");
}

#[test]
fn spelling_does_not_count_as_an_error() {
    assert_eq!(Wer::of("Mr. Dashwood isn't here", "mister dashwood isnt here.").errors, 0);
    assert_eq!(normalise("29340"), ["two", "nine", "three", "four", "zero"]);
    assert_eq!(Wer::of("ten of clubs", "10 of clubs").errors, 0);
}

#[test]
fn every_kind_of_error_counts_once() {
    assert_eq!(Wer::of("a b c d", "a x c d").errors, 1);
    assert_eq!(Wer::of("a b c d", "a c d").errors, 1);
    assert_eq!(Wer::of("a b c d", "a b b c d").errors, 1);
    assert_eq!(Wer::of("a b c d", "").rate(), 1.0);
    assert_eq!(Wer::of("", "").rate(), 0.0);
}
