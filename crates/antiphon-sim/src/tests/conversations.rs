//! Whole conversations in virtual time.

use std::time::Duration;

use antiphon_conversation::{Action, Config, Notice};
use antiphon_core::Timestamp;
use antiphon_state::Said;

use crate::{Line, Providers, Report, When, World};

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn run(config: Config, lines: Vec<Line>) -> Report {
    let world = World::new(config, Providers::default(), lines.into(), 1).unwrap();
    world.run(Timestamp::from_millis(120_000)).unwrap()
}

fn greeted() -> Config {
    Config {
        greeting: "Hello, this is the front desk. How can I help you?".into(),
        ..Config::default()
    }
}

fn history(report: &Report) -> Vec<String> {
    let item = |i: &antiphon_state::Item| match &i.said {
        Said::User { text } => format!("user: {text}"),
        Said::Tool { call, result } => format!("{}: {}", call.name, result.text),
        Said::Agent { heard, interrupted: false, .. } => format!("agent: {heard}"),
        Said::Agent { heard, .. } => format!("agent: {heard}|"),
    };
    report.machine.history().items().map(item).collect()
}

#[expect(clippy::wildcard_enum_match_arm, reason = "only notices are asked for")]
fn notices(report: &Report) -> impl Iterator<Item = &Notice> {
    report.steps.iter().flat_map(|s| &s.actions).filter_map(|a| match a {
        Action::Emit(n) => Some(n),
        _ => None,
    })
}

#[test]
fn question_and_answer() {
    let line = Line::new(When::AfterAgent(ms(500)), "a table for two please");
    let report = run(greeted(), vec![line]);
    assert_eq!(
        history(&report),
        [
            "agent: Hello, this is the front desk. How can I help you?",
            "user: a table for two please",
            "agent: Certainly, I can do that. Shall we say seven o'clock?",
        ]
    );
    assert!(report.machine.is_at_rest());
}

#[test]
fn an_interruption_keeps_what_was_heard_and_nothing_more() {
    let report = run(
        greeted(),
        vec![
            Line::new(When::AfterAgent(ms(500)), "when do you open"),
            Line::new(When::IntoSpeech(ms(1200)), "stop please I meant tomorrow"),
        ],
    );
    let history = history(&report);
    let Some(cut) = history.iter().find(|h| h.ends_with('|')) else { panic!("{history:?}") };
    let heard = cut.trim_start_matches("agent: ").trim_end_matches('|').trim();
    assert!("Certainly, I can do that. Shall we say seven o'clock?".starts_with(heard), "{cut}");
    assert!(!heard.is_empty() && heard.len() < 30, "{cut}");
    assert!(history.contains(&"user: stop please I meant tomorrow".to_owned()), "{history:?}");
    assert!(notices(&report).any(|n| matches!(n, Notice::Interrupted { .. })));
}

#[test]
fn a_hum_pauses_and_resumes_without_losing_a_word() {
    let report = run(
        greeted(),
        vec![
            Line::new(When::AfterAgent(ms(500)), "when do you open"),
            Line::new(When::IntoSpeech(ms(1000)), "mm-hmm"),
        ],
    );
    assert_eq!(
        history(&report).last().map(String::as_str),
        Some("agent: Certainly, I can do that. Shall we say seven o'clock?")
    );
    assert!(notices(&report).any(|n| matches!(n, Notice::Resumed { .. })));
    assert!(!notices(&report).any(|n| matches!(n, Notice::Interrupted { .. })));
}

#[test]
fn a_pause_in_mid_sentence_does_not_split_the_turn() {
    let mut first = Line::new(When::AfterAgent(ms(500)), "I would like to");
    first.finished = false;
    let at = When::At(Timestamp::from_millis(6_600));
    let report = run(greeted(), vec![first, Line::new(at, "book a table")]);
    assert!(history(&report).contains(&"user: I would like to book a table".to_owned()));
}

#[test]
fn the_waterfall_of_a_turn_is_in_order() {
    let line = Line::new(When::AfterAgent(ms(500)), "a table for two please");
    let report = run(greeted(), vec![line]);
    let latency = |n: &Notice| if let Notice::Latency(w) = n { Some(w.clone()) } else { None };
    let w = notices(&report).find_map(latency).unwrap();
    let reply = [w.llm_started, w.llm_first_token, w.first_segment, w.tts_first_audio];
    let turn =
        [Some(w.speech_end), w.silence_detected, w.stt_final, w.committed, w.playout_started];
    assert!(reply.is_sorted() && turn.is_sorted(), "{w:?}");
    assert!(w.llm_started < w.committed, "the reply was begun before the commit");
    assert_eq!(w.playout_started.map(|t| t.since(w.speech_end).as_millis()), Some(566));
}

#[test]
fn replaying_the_events_replays_the_actions() {
    use antiphon_conversation::Replay;
    use antiphon_state::Record;

    let lines = vec![
        Line::new(When::AfterAgent(ms(500)), "when do you open"),
        Line::new(When::IntoSpeech(ms(900)), "hold on"),
    ];
    let report = run(greeted(), lines);
    let mut replay = Replay::new(greeted()).unwrap();
    for step in &report.steps {
        let actions = replay.step(&Record::new(step.at, step.event.clone()));
        assert_eq!(actions, step.actions);
    }
    assert_eq!(replay.digest(), report.digest);
}
