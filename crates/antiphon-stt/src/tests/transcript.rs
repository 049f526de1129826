//! Tests of the transcript.

use crate::{SttEvent, Transcript};

fn interim(segment: u32, text: &str) -> SttEvent {
    SttEvent::Interim { segment, text: text.to_owned() }
}

fn done(segment: u32, text: &str) -> SttEvent {
    SttEvent::Final { segment, text: text.to_owned() }
}

fn after(events: &[SttEvent]) -> (String, String) {
    let mut transcript = Transcript::default();
    events.iter().for_each(|e| transcript.apply(e));
    (transcript.text(), transcript.final_text())
}

#[test]
fn nothing_said_is_empty() {
    assert_eq!(after(&[]), Default::default());
    assert_eq!(after(&[done(0, ""), SttEvent::Flushed { marker: 7 }]), Default::default());
}

#[test]
fn segments_are_joined_in_order_of_their_numbers() {
    let (text, _) =
        after(&[done(1, "to Rome."), done(0, "I want"), done(2, ""), interim(3, "And")]);
    assert_eq!(text, "I want to Rome. And");
}

#[test]
fn a_later_event_replaces_its_segment() {
    let (text, last_final) =
        after(&[interim(0, "I want"), done(0, "I want."), done(0, "I want to go.")]);
    assert_eq!(text, "I want to go.");
    assert_eq!(last_final, "I want to go.");
}

#[test]
fn an_interim_does_not_take_a_final_back() {
    let (text, last_final) = after(&[done(0, "I want."), interim(0, "I want to"), interim(1, "x")]);
    assert_eq!(text, "I want to x");
    assert_eq!(last_final, "I want.");
}

#[test]
fn a_segment_can_become_empty_again() {
    let (text, last_final) = after(&[interim(0, "Uh"), done(0, "")]);
    assert_eq!((&*text, &*last_final), ("", ""));
}
