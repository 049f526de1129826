//! Endpointing by the transcription's engine: it says when a turn is over, and until then nobody
//! asks it to be done.

use std::time::Duration;

use antiphon_conversation::{Action, Config, Effect, Notice, OpInput};
use antiphon_core::Timestamp;
use antiphon_state::Said;
use antiphon_turn::EndpointingMode;

use crate::{Line, Profile, Providers, Report, Story, When, World, run_script};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn config() -> Config {
    let mut config = Config { preemptive: false, ..Config::default() };
    config.endpointing.mode = EndpointingMode::Provider;
    config
}

/// The lines about transcriptions, turns and playout.
fn run(config: Config, script: &str) -> Vec<String> {
    let out = run_script(config, script).unwrap();
    let of_interest = ["transcribe", "feed", "UserTurn", "Discarded", "generate", "playout", "cut"];
    let kept = out.lines().filter(|line| of_interest.iter().any(|what| line.contains(what)));
    kept.map(str::to_owned).collect()
}

#[test]
fn a_turn_lasts_until_the_engine_says_it_is_over() {
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 interim a table
         5.00 user starts
         5.50 user stops
         6.00 final a table for two
         6.00 over
         6.00 tick";
    assert_eq!(
        run(config(), script),
        [
            "1.00 start op0 transcribe from 11200",
            "6.00 feed op0 End",
            r#"6.00   UserTurn { turn: TurnId(0), text: "a table for two", late: false }"#,
            r#"6.00 start op1 generate after 2 messages, last "a table for two""#,
        ]
    );
}

#[test]
fn a_turn_that_is_over_before_silence_was_noticed_ends_with_it() {
    let script = "0.00 start
         1.00 user starts
         1.80 final a table
         1.80 over
         2.00 user stops";
    let out = run(config(), script);
    assert_eq!(out[1], "2.00 feed op0 End");
    assert!(out[2].starts_with("2.00   UserTurn"), "{out:?}");
}

#[test]
fn what_is_said_after_the_end_takes_it_back() {
    let script = "0.00 start
         1.00 user starts
         1.80 final a table
         1.80 over
         2.00 interim a table for two
         2.20 user stops
         2.60 final a table for two
         2.60 over";
    let out = run(config(), script);
    let turn = r#"2.60   UserTurn { turn: TurnId(0), text: "a table for two", late: false }"#;
    assert!(out.contains(&turn.to_owned()), "{out:?}");
}

#[test]
fn an_engine_that_never_tells_is_asked_at_the_ceiling() {
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         2.00 interim a table
         9.90 tick
         9.95 final a table
         9.95 flush";
    let out = run(config(), script);
    assert_eq!(out[1], "9.90 feed op0 Flush(1)");
    assert!(out[3].starts_with("9.95   UserTurn"), "{out:?}");
}

#[test]
fn who_speaks_again_when_the_engine_is_asked_is_heard_out() {
    let script = "0.00 start
         1.00 user starts
         1.90 user stops
         9.91 user starts
         10.10 flush
         11.00 over
         11.90 user stops
         12.50 final a table
         12.50 over";
    let out = run(config(), script);
    assert!(out.contains(&"9.90 feed op0 Flush(1)".to_owned()), "{out:?}");
    assert!(!out.iter().any(|line| line.contains("Discarded")), "{out:?}");
    assert!(out.iter().any(|line| line.starts_with("12.50   UserTurn")), "{out:?}");
}

#[test]
fn who_commits_leaves_or_is_cut_off_waits_for_no_engine() {
    for (end, floor) in [("2.50 commit", None), ("2.50 user leaves", None), ("", Some(1500))] {
        let mut config = config();
        config.floor.max_turn = floor.map(ms);
        let script = format!(
            "0.00 start\n1.00 user starts\n2.00 interim a table\n{end}\n2.51 final a table\n\
             2.51 flush"
        );
        let out = run(config, &script);
        assert_eq!(out[1], "2.50 feed op0 Flush(1)", "{end}");
        assert!(out.iter().any(|line| line.starts_with("2.51   UserTurn")), "{end}: {out:?}");
    }
}

#[test]
fn a_transcription_that_breaks_off_twice_ends_the_turn_itself() {
    let script = "0.00 start
         1.00 user starts
         1.50 interim a table
         1.60 stt fail
         1.70 interim a table
         1.90 user stops
         1.95 stt fail";
    let out = run(config(), script);
    assert!(out.iter().any(|line| line.starts_with("1.95   UserTurn")), "{out:?}");
}

#[test]
fn an_end_of_turn_decides_an_overlap_and_means_nothing_in_other_modes() {
    let greeted =
        |config| Config { greeting: "One two three four five six seven.".to_owned(), ..config };
    let script = "0.00 start
         0.10 tts 72000
         0.11 tts end
         0.12 started
         1.00 user starts
         1.30 user stops
         1.40 final mm-hmm
         1.40 over";
    // What is dropped must be all that was said: the engine may have meant less of it.
    let out = run(greeted(config()), &format!("{script}\n1.45 flush"));
    assert!(out.contains(&"1.40 feed op1 Flush(1)".to_owned()), "{out:?}");
    assert!(out.contains(&"1.40 playout resume".to_owned()), "{out:?}");
    let dropped = |line: &String| line.starts_with("1.45") && line.contains("why: Backchannel");
    assert!(out.iter().any(dropped), "{out:?}");
    let mut detector = greeted(config());
    detector.endpointing.mode = EndpointingMode::Detector;
    let out = run(detector, script);
    assert!(!out.iter().any(|line| line.contains("why: Backchannel")), "{out:?}");
}

fn call(lines: Vec<Line>) -> Report {
    let world = World::new(config(), Providers::default(), lines.into(), 1);
    world.unwrap().run(Timestamp::from_millis(120_000)).unwrap()
}

#[test]
fn a_call_is_led_by_the_engines_ends_of_turns() {
    let lines = vec![
        Line::new(When::At(Timestamp::from_millis(500)), "when do").unfinished(),
        Line::new(When::AfterSelf(ms(1500)), "you open"),
        Line::new(When::IntoSpeech(ms(1000)), "no wait I meant tomorrow"),
    ];
    let report = call(lines);
    let said = report.machine.history().items().filter_map(|item| match &item.said {
        Said::User { text } => Some(text.as_str()),
        Said::Agent { .. } | Said::Tool { .. } => None,
    });
    assert_eq!(said.collect::<Vec<_>>(), ["when do you open", "no wait I meant tomorrow"]);
    let actions = || report.steps.iter().flat_map(|step| &step.actions);
    let asks = |a: &&Action| {
        matches!(
            a,
            Action::Feed { input: OpInput::Flush(_), .. }
                | Action::Start { effect: Effect::PredictTurnEnd { .. }, .. }
        )
    };
    assert_eq!(actions().find(asks), None, "nobody else is asked");
    let interrupted = |a: &Action| matches!(a, Action::Emit(Notice::Interrupted { .. }));
    assert!(actions().any(interrupted));
}

#[test]
fn stories_led_by_the_engine_keep_every_rule() {
    for profile in [Profile::None, Profile::Mild, Profile::Harsh] {
        for seed in 0..300 {
            let mut story = Story::from_seed(seed, profile);
            story.config.endpointing.mode = EndpointingMode::Provider;
            let (first, second) = (story.run(), story.run());
            let [first, second] = [first, second].map(|run| run.map(|report| report.digest));
            assert!(first.is_ok(), "seed {seed}, {profile}: {first:?}");
            assert_eq!(first, second, "seed {seed}, {profile}");
        }
    }
}
