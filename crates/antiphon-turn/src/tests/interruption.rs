//! Tests of the interruption policy.

use proptest::prelude::*;

use super::ms;
use antiphon_core::Code;

use crate::{EchoGuard, InterruptionConfig, Overlap, Verdict, Why};

fn judge(speech: u64, silence: Option<u64>, transcript: &str, is_final: bool) -> Verdict {
    let silence = silence.map(ms);
    let facts = Overlap { speech: ms(speech), silence, transcript, is_final, ..Overlap::default() };
    InterruptionConfig::default().judge(facts)
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
        ..Overlap::default()
    };
    assert_eq!(policy.judge_why(overlap), (Verdict::Refuse, Why::Off));
    let speaking = Overlap { silence: None, ..overlap };
    assert!(matches!(policy.judge(speaking), Verdict::Wait(time) if time > ms(0)));
}

#[test]
fn a_detector_that_heard_it_out_needs_no_transcript() {
    let sure = Overlap {
        speech: ms(400),
        silence: Some(ms(250)),
        p_backchannel: Some(0.9),
        heard_out: true,
        ..Overlap::default()
    };
    let policy = InterruptionConfig::default();
    assert_eq!(policy.judge_why(sure), (Verdict::Refuse, Why::Detector));
    // Words do not count, what always interrupts does.
    let words = Overlap { transcript: "on Tuesday", ..sure };
    assert_eq!(policy.judge_why(words), (Verdict::Refuse, Why::Detector));
    let stop = Overlap { transcript: "stop", ..sure };
    assert_eq!(policy.judge_why(stop), (Verdict::Confirm, Why::StopPhrase));
    // It knew only how the speech began, or is not sure, or answered nonsense.
    for unsure in [
        Overlap { heard_out: false, ..sure },
        Overlap { p_backchannel: Some(0.7), ..sure },
        Overlap { p_backchannel: Some(f32::NAN), ..sure },
        Overlap { p_backchannel: Some(7.0), ..sure },
        Overlap { p_backchannel: Some(-7.0), ..sure },
        Overlap { p_backchannel: None, ..sure },
    ] {
        assert_eq!(policy.judge(unsure), Verdict::Wait(ms(450)), "{unsure:?}");
    }
}

/// Speech of half a second that has ended, with its final transcript.
fn short(transcript: &str) -> Overlap<'_> {
    Overlap {
        speech: ms(500),
        silence: Some(ms(250)),
        transcript,
        is_final: true,
        ..Overlap::default()
    }
}

#[test]
fn the_verdict_says_what_it_rests_on() {
    use Verdict::{Confirm, Refuse, Wait};
    let said = |transcript| Overlap { language: Some("en"), ..short(transcript) };
    let policy = InterruptionConfig::default();
    let noisy = InterruptionConfig { ignore_shorter: ms(600), ..policy.clone() };
    let wordy = InterruptionConfig { min_words: 3, ..policy.clone() };
    let p = |p, overlap| Overlap { p_backchannel: Some(p), ..overlap };
    let speaking = |speech, overlap| Overlap { speech: ms(speech), silence: None, ..overlap };
    let late = |overlap| Overlap { silence: Some(ms(700)), is_final: false, ..overlap };
    let table = [
        (&policy, said("Tuesday"), Confirm, Why::Words),
        (&policy, said("I see, of course."), Refuse, Why::Backchannel),
        (&policy, said(""), Refuse, Why::NoWords),
        (&policy, late(said("")), Refuse, Why::NoTranscript),
        (&policy, late(said("right")), Refuse, Why::Backchannel),
        (&policy, speaking(1200, said("right")), Confirm, Why::LongSpeech),
        (&policy, speaking(300, said("right")), Wait(ms(900)), Why::Undecided),
        (&policy, p(0.9, said("whatever you say")), Refuse, Why::Detector),
        (&policy, p(0.9, said("whatever, hold on")), Confirm, Why::StopPhrase),
        (&policy, p(0.05, speaking(300, said(""))), Confirm, Why::Detector),
        (&policy, p(f32::NAN, said("Tuesday")), Confirm, Why::Words),
        (&noisy, said("Tuesday"), Refuse, Why::ShortSpeech),
        (&noisy, speaking(500, said("Tuesday")), Wait(ms(100)), Why::Undecided),
        (&noisy, speaking(600, said("Tuesday")), Confirm, Why::Words),
        (&noisy, said("stop"), Confirm, Why::StopPhrase),
        (&wordy, said("on Tuesday"), Refuse, Why::FewWords),
        (&wordy, said("not on Tuesday"), Confirm, Why::Words),
        (&wordy, said("wait"), Confirm, Why::StopPhrase),
    ];
    for (policy, overlap, verdict, why) in table {
        assert_eq!(policy.judge_why(overlap), (verdict, why), "{overlap:?}");
    }
}

#[test]
fn the_agents_own_words_interrupt_nothing() {
    let agent = "your appointment is on tuesday morning";
    let said = |transcript| Overlap { agent, language: Some("en"), ..short(transcript) };
    let policy = InterruptionConfig::default();
    let table = [
        ("appointment is on Tuesday", Verdict::Refuse, Why::Echo),
        ("ment is on Tuesday morning", Verdict::Refuse, Why::Echo),
        ("your appointments is un tuesday", Verdict::Refuse, Why::Echo),
        ("Tuesday morning, mm-hmm", Verdict::Refuse, Why::Echo),
        ("Tuesday", Verdict::Confirm, Why::Words),
        ("appointment is on Tuesday, but I work", Verdict::Confirm, Why::Words),
        ("appointment is on Tuesday. No!", Verdict::Confirm, Why::StopPhrase),
        ("No, appointment is on Tuesday", Verdict::Confirm, Why::StopPhrase),
    ];
    for (transcript, verdict, why) in table {
        assert_eq!(policy.judge_why(said(transcript)), (verdict, why), "{transcript}");
    }
    let deaf = EchoGuard { enabled: false, ..EchoGuard::default() };
    let policy = InterruptionConfig { echo: deaf, ..policy };
    assert_eq!(policy.judge(said("appointment is on Tuesday")), Verdict::Confirm);
}

#[test]
fn an_echo_that_does_not_end_is_no_echo() {
    let agent = "your appointment is on tuesday morning";
    let transcript = "appointment is on tuesday";
    let of = |speech| {
        let silence = None;
        let facts = Overlap { agent, silence, speech: ms(speech), ..short(transcript) };
        InterruptionConfig::default().judge_why(facts)
    };
    assert_eq!(of(1200), (Verdict::Wait(ms(1800)), Why::Undecided));
    assert_eq!(of(3000), (Verdict::Confirm, Why::LongSpeech));
}

#[test]
fn a_bad_setting_is_named_with_its_value_and_its_mending() {
    let good = InterruptionConfig::default();
    assert!(good.validate().is_ok());
    let table = [
        (
            InterruptionConfig { backchannel_from: -1.0, ..good.clone() },
            "interruption.backchannel_from is -1",
        ),
        (
            InterruptionConfig { interruption_up_to: 0.8, ..good.clone() },
            "interruption.interruption_up_to (0.8) reaches 0.8",
        ),
        (
            InterruptionConfig { ignore_shorter: ms(2000), ..good.clone() },
            "interruption.ignore_shorter (2s) exceeds interruption.min_speech (1.2s)",
        ),
        (
            InterruptionConfig { detector_timeout: ms(0), ..good.clone() },
            "interruption.detector_timeout is 0",
        ),
        (InterruptionConfig { fade: ms(900), ..good }, "interruption.fade is 900ms"),
    ];
    for (config, detail) in table {
        let error = config.validate().expect_err(detail);
        assert_eq!((error.code(), error.detail()), (Code::InvalidInput, detail));
        assert!(error.help().is_some());
    }
}

#[test]
fn a_header_of_an_older_journal_is_read() {
    let old = r#"{"enabled":true,"min_words":2,"min_speech":{"secs":1,"nanos":0},
        "transcript_grace":{"secs":0,"nanos":700000000},"backchannels":["yeah","wow"]}"#;
    let read: InterruptionConfig = serde_json::from_str(old).expect("reads");
    let backchannels = vec!["yeah".to_owned(), "wow".to_owned()];
    let (min_words, min_speech) = (2, ms(1000));
    let expected =
        InterruptionConfig { min_words, min_speech, backchannels, ..InterruptionConfig::default() };
    assert_eq!(read, expected);
}

#[test]
fn why_is_written_as_it_is_logged() {
    let text = serde_json::to_string(&Why::StopPhrase).expect("writes");
    assert_eq!(text, format!("{:?}", Why::StopPhrase.as_str()));
}

proptest! {
    #[test]
    fn silence_ends_every_wait(speech in 0u64..5000, text in "\\PC{0,20}") {
        prop_assert!(!matches!(judge(speech, Some(700), &text, false), Verdict::Wait(_)));
    }

    #[test]
    fn every_wait_leads_somewhere(
        speech in 0u64..5000, silence in proptest::option::of(0u64..900), text in "\\PC{0,20}",
        p in proptest::option::of(0f32..1.0), heard_out in any::<bool>(),
        enabled in any::<bool>(), is_final in any::<bool>(),
    ) {
        let policy = InterruptionConfig { enabled, ignore_shorter: ms(250), ..Default::default() };
        let facts = Overlap {
            speech: ms(speech),
            silence: silence.map(ms),
            transcript: &text,
            is_final,
            p_backchannel: p,
            heard_out,
            agent: &text,
            ..Overlap::default()
        };
        let (verdict, why) = policy.judge_why(facts);
        prop_assert_eq!(matches!(verdict, Verdict::Wait(_)), why == Why::Undecided);
        prop_assert!(verdict != Verdict::Wait(ms(0)));
        prop_assert!(enabled || verdict != Verdict::Confirm);
    }

    #[test]
    fn the_user_alone_is_never_an_echo(text in "[a-z ]{0,60}") {
        let facts = Overlap { agent: "", ..short(&text) };
        prop_assert!(InterruptionConfig::default().judge_why(facts).1 != Why::Echo);
    }
}

#[test]
fn what_is_not_the_caller_interrupts_by_nothing_and_holds_nobody_up() {
    let policy = InterruptionConfig::default();
    let television = Overlap {
        speech: ms(4_000),
        transcript: "no, stop, wait a moment",
        p_backchannel: Some(0.99),
        ..Overlap::default()
    };
    assert_eq!(policy.judge_why(television), (Verdict::Refuse, Why::Background));
    let nearer = Overlap { p_backchannel: Some(0.96), ..television };
    assert_eq!(policy.judge_why(nearer), (Verdict::Confirm, Why::StopPhrase));
}
