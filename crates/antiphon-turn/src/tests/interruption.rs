//! Tests of the interruption policy.

use proptest::prelude::*;

use super::ms;
use crate::{InterruptionConfig, Overlap, Verdict};

fn judge(speech: u64, silence: Option<u64>, transcript: &str, is_final: bool) -> Verdict {
    let overlap = Overlap { speech: ms(speech), silence: silence.map(ms), transcript, is_final };
    InterruptionConfig::default().judge(overlap)
}

#[test]
fn one_word_interrupts_and_a_hum_does_not() {
    assert_eq!(judge(400, None, "Stop", false), Verdict::Confirm);
    assert_eq!(judge(400, None, "Mm-hmm.", false), Verdict::Wait(ms(800)));
    assert_eq!(judge(400, Some(250), "Mm-hmm.", true), Verdict::Refuse);
    assert_eq!(judge(600, Some(250), "Yeah, okay.", true), Verdict::Refuse);
    assert_eq!(judge(600, Some(250), "Yeah, but wait", true), Verdict::Confirm);
}

#[test]
fn a_cough_is_refused_when_its_transcript_is_empty_or_overdue() {
    assert_eq!(judge(300, Some(250), "", true), Verdict::Refuse);
    assert_eq!(judge(300, Some(250), "", false), Verdict::Wait(ms(450)));
    assert_eq!(judge(300, Some(700), "", false), Verdict::Refuse);
}

#[test]
fn long_speech_interrupts_without_words() {
    assert_eq!(judge(1200, None, "", false), Verdict::Confirm);
}

#[test]
fn a_switched_off_policy_never_confirms() {
    let policy = InterruptionConfig { enabled: false, ..InterruptionConfig::default() };
    let overlap = Overlap {
        speech: ms(9000),
        silence: Some(ms(300)),
        transcript: "Stop now",
        is_final: true,
    };
    assert_eq!(policy.judge(overlap), Verdict::Refuse);
}

proptest! {
    #[test]
    fn silence_ends_every_wait(speech in 0u64..5000, text in "\\PC{0,20}") {
        prop_assert!(!matches!(judge(speech, Some(700), &text, false), Verdict::Wait(_)));
    }
}
