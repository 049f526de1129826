//! Tests of the policies.

use std::time::Duration;

use antiphon_core::Timestamp;
use proptest::prelude::*;

use crate::{EndpointingConfig, InterruptionConfig, Overlap, Prediction, Verdict};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn judge(speech: u64, silence: Option<u64>, transcript: &str, is_final: bool) -> Verdict {
    let overlap = Overlap { speech: ms(speech), silence: silence.map(ms), transcript, is_final };
    InterruptionConfig::default().judge(overlap)
}

#[test]
fn a_finished_turn_waits_for_the_floor_only() {
    let end = Timestamp::from_millis(1000);
    let policy = EndpointingConfig::default();
    assert_eq!(policy.due(end, Prediction::Finished(0.9)), Timestamp::from_millis(1300));
    assert_eq!(policy.due(end, Prediction::Finished(0.1)), Timestamp::from_millis(2400));
    assert_eq!(policy.due(end, Prediction::Pending), Timestamp::from_millis(2400));
    assert_eq!(policy.due(end, Prediction::Absent), Timestamp::from_millis(1600));
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
    fn a_turn_is_never_due_before_the_floor_or_after_the_ceiling(
        end in 0u64..10_000_000, p in proptest::num::f32::ANY, which in 0..3,
    ) {
        let prediction = match which {
            0 => Prediction::Absent,
            1 => Prediction::Pending,
            _ => Prediction::Finished(p),
        };
        let policy = EndpointingConfig::default();
        let end = Timestamp::from_micros(end);
        let due = policy.due(end, prediction);
        prop_assert!(due >= end + policy.floor && due <= end + policy.ceiling);
    }

    #[test]
    fn silence_ends_every_wait(speech in 0u64..5000, text in "\\PC{0,20}") {
        prop_assert!(!matches!(judge(speech, Some(700), &text, false), Verdict::Wait(_)));
    }
}
