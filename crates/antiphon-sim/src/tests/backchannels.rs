//! The backchannel detector: when it is asked, what its answer does, and that nothing waits for it.

use std::time::Duration;

use antiphon_conversation::{Action, Config, Notice};
use antiphon_core::{Code, Timestamp};
use antiphon_turn::Why;

use crate::{Faults, Line, Profile, Providers, Report, Story, When, World, run_script};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// The user speaks over the agent at 1.00; what follows is the script's.
fn over_the_agent(script: &str) -> String {
    let config = Config {
        greeting: "One two three four five six seven.".to_owned(),
        backchannel_detector: true,
        turn_detector: false,
        ..Config::default()
    };
    let script = format!("0.00 start\n0.10 tts 72000\n0.11 tts end\n0.12 started\n{script}");
    let out = run_script(config, &script).unwrap();
    let from = out.find("1.00 ").unwrap();
    out[from..].to_owned()
}

/// The lines about detector, playout and verdict.
fn verdicts(out: &str) -> Vec<&str> {
    let of_interest = ["backchannel", "playout", "Resumed", "Interrupted", "Error", "cancel"];
    out.lines().filter(|line| of_interest.iter().any(|what| line.contains(what))).collect()
}

#[test]
fn a_sure_answer_after_the_speech_lets_the_agent_go_on_at_once() {
    let out = over_the_agent(
        "1.00 user starts
         1.20 user stops
         1.26 backchannel 0.9
         2.00 final cough
         2.00 flush",
    );
    assert_eq!(
        verdicts(&out),
        [
            "1.00 playout pause",
            r#"1.20 start op2 predict backchannel by all of """#,
            "1.26   Resumed { turn: TurnId(1), why: Detector }",
            "1.26 playout resume",
            "2.00 cancel op1",
            "2.00 cancel op2",
        ]
    );
    // A word that came later was of the backchannel.
    assert!(out.contains("TurnDiscarded { turn: TurnId(1), why: Backchannel"), "{out}");
}

#[test]
fn it_is_asked_early_and_again_about_the_whole() {
    let out = over_the_agent(
        "1.00 user starts
         1.36 backchannel 0.9
         1.55 user stops
         1.58 backchannel 0.85",
    );
    assert_eq!(
        verdicts(&out),
        [
            "1.00 playout pause",
            r#"1.30 start op2 predict backchannel by the beginning of """#,
            // The early answer lets nothing go on: there may be more to come.
            "1.55 cancel op2",
            r#"1.55 start op3 predict backchannel by all of """#,
            "1.58   Resumed { turn: TurnId(1), why: Detector }",
            "1.58 playout resume",
        ]
    );
}

#[test]
fn who_surely_interrupts_is_heard_before_a_word_is_known() {
    let out = over_the_agent("1.00 user starts\n1.36 backchannel 0.04");
    let out = verdicts(&out);
    assert!(out.contains(&"1.36   Interrupted { turn: TurnId(1), why: Detector }"), "{out:?}");
    assert!(out.contains(&"1.36 playout flush gen0"), "{out:?}");
}

#[test]
fn what_always_interrupts_does_so_however_sure_the_detector_was() {
    let out = over_the_agent(
        "1.00 user starts
         1.20 user stops
         1.26 backchannel 0.95
         1.70 final stop",
    );
    let out = verdicts(&out);
    assert!(out.contains(&"1.26   Resumed { turn: TurnId(1), why: Detector }"), "{out:?}");
    assert!(out.contains(&"1.70   Interrupted { turn: TurnId(1), why: StopPhrase }"), "{out:?}");
}

#[test]
fn nobody_waits_for_an_answer_that_does_not_come_or_is_none() {
    let silent = over_the_agent("1.00 user starts\n1.20 user stops\n3.00 tick");
    let nonsense =
        over_the_agent("1.00 user starts\n1.20 user stops\n1.25 backchannel 7.0\n3.00 tick");
    for (out, code) in [(silent, "code: Timeout"), (nonsense, "code: Protocol")] {
        let out = verdicts(&out);
        assert_eq!(out.iter().filter(|line| line.contains(code)).count(), 1, "{out:?}");
        // As without a detector: after the transcript's time.
        let resumed = "1.90   Resumed { turn: TurnId(1), why: NoTranscript }";
        assert!(out.contains(&resumed), "{out:?}");
    }
}

#[test]
fn the_agent_talks_on_over_what_is_not_the_caller_and_hears_when_the_caller_comes() {
    let out = over_the_agent(
        "1.00 user starts
         1.35 backchannel 0.99
         1.50 interim no
         1.65 backchannel 0.99
         1.95 backchannel 0.5",
    );
    assert_eq!(
        verdicts(&out),
        [
            "1.00 playout pause",
            r#"1.30 start op2 predict backchannel by the beginning of """#,
            "1.35   Resumed { turn: TurnId(1), why: Background }",
            "1.35 playout resume",
            "1.60 cancel op2",
            r#"1.60 start op3 predict backchannel by the beginning of "no""#,
            "1.90 cancel op3",
            r#"1.90 start op4 predict backchannel by the beginning of "no""#,
            "1.95   Interrupted { turn: TurnId(1), why: StopPhrase }",
            "1.95 playout flush gen0",
            "1.95 cancel op4",
        ]
    );
}

/// A cough into the greeting, with a transcription that is slow to be final.
fn cough(detector: bool, faults: Faults) -> Report {
    let config = Config {
        greeting: "Hello, this is the front desk. How can I help you?".to_owned(),
        backchannel_detector: detector,
        ..Config::default()
    };
    let line = Line { takes: ms(250), ..Line::new(When::IntoSpeech(ms(600)), "") };
    let providers = Providers { stt: ms(450), faults, ..Providers::default() };
    World::new(config, providers, vec![line].into(), 1)
        .unwrap()
        .run(Timestamp::from_millis(60_000))
        .unwrap()
}

/// From the end of the cough to the agent going on, why, and the errors.
fn resumed(report: &Report) -> (Duration, Why, Vec<Code>) {
    let mut errors = Vec::new();
    let (mut stopped, mut found) = (None, None);
    for step in &report.steps {
        use antiphon_conversation::{Event, UserEvent};
        if let Event::User(UserEvent::SpeechStopped { at }) = step.event {
            stopped = Some(at);
        }
        for action in &step.actions {
            if let Action::Emit(Notice::Resumed { why, .. }) = action {
                found = Some((step.at.since(stopped.unwrap()), *why));
            }
            if let Action::Emit(Notice::Error { code, .. }) = action {
                errors.push(*code);
            }
        }
    }
    let (after, why) = found.unwrap();
    (after, why, errors)
}

#[test]
fn after_a_cough_the_agent_goes_on_within_300_ms() {
    let (after, why, errors) = resumed(&cough(true, Faults::NONE));
    assert!(after <= ms(300) && why == Why::Detector && errors.is_empty(), "{after:?} {why:?}");
    // Without a detector it waits for the transcript.
    let (after, why, _) = resumed(&cough(false, Faults::NONE));
    assert!(after > ms(600) && why == Why::NoWords, "{after:?} {why:?}");
}

#[test]
fn a_detector_that_fails_is_as_good_as_none() {
    let faults = Faults { misjudged: 1000, ..Faults::NONE };
    let (after, ..) = resumed(&cough(true, Faults { misjudged: 0, ..faults.clone() }));
    assert!(after <= ms(300));
    for seed in 0..300 {
        for profile in [Profile::Mild, Profile::Harsh] {
            let mut story = Story::from_seed(seed, profile);
            story.config.backchannel_detector = true;
            story.providers.faults.misjudged = faults.misjudged;
            let (first, second) = (story.run().unwrap(), story.run().unwrap());
            assert_eq!(first.digest, second.digest, "seed {seed}");
        }
    }
}

#[test]
fn an_older_journal_knows_no_backchannel_detector() {
    let config: Config = serde_json::from_str(r#"{"turn_detector":true}"#).unwrap();
    assert!(!config.backchannel_detector);
}
