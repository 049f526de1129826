//! Recorded conversations: they replay byte for byte, from this version and from files of this and
//! earlier ones, whole, damaged and redacted.
//!
//! `journals/v2.jsonl` is a golden file: it no longer fits when the format changes or the machine
//! decides otherwise. If that is meant, `UPDATE_EXPECT=1 cargo test -p antiphon-sim journal` writes
//! it anew. `v1.jsonl` was written by version 1 and stays as it is.

use std::time::Duration;

use antiphon_conversation::{
    Action, Command, Comparison, Config, Decisions, Event, Notice, OpEvent, Recording, Replay,
    Until, Verdict,
};
use antiphon_core::{OpId, Timestamp, ToolCall, ToolEvent, ToolResult, TurnId};
use antiphon_llm::LlmEvent;
use antiphon_state::{Header, JournalOptions, JournalWriter, Limit, Record, Said, read_journal};

use crate::{Caller, Faults, Line, Profile, Providers, Report, Rng, Step, When, World};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/journals/v2.jsonl");

const fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn config() -> Config {
    let greeting = "Hello, this is the front desk. How can I help you?".into();
    Config { greeting, ..Config::default() }
}

/// A question, a hum, another question, an interruption.
fn front_desk(config: Config) -> Report {
    let lines = vec![
        Line::new(When::AfterAgent(ms(500)), "a table for two please"),
        Line::new(When::IntoSpeech(ms(1000)), "mm-hmm"),
        Line::new(When::AfterAgent(ms(700)), "when do you open"),
        Line::new(When::IntoSpeech(ms(1500)), "stop please I meant tomorrow"),
    ];
    let world = World::new(config, Providers::default(), Caller::from(lines), 1).unwrap();
    world.run(Timestamp::from_millis(120_000)).unwrap()
}

fn write(steps: &[Step], mut config: Config, redact: bool) -> Vec<u8> {
    if redact {
        config.redact();
    }
    let header = Header { release: "0.1.0".into(), ..Header::new("front desk", config) };
    let options = JournalOptions { redact, ..JournalOptions::default() };
    let mut writer = JournalWriter::new(Vec::new(), header, &options).unwrap();
    let mut decisions = Decisions::new(redact);
    for step in steps {
        let mut record = Record::new(step.at, step.event.clone());
        record.a = decisions.add(step.at, &step.actions);
        if redact {
            record.e.redact();
        }
        assert!(writer.event(&record).unwrap());
    }
    writer.finish(decisions.digest()).unwrap()
}

fn read(bytes: &[u8]) -> Recording {
    read_journal(bytes).unwrap()
}

fn replay(recording: &Recording) -> Replay {
    let mut replay = Replay::of(&recording.header).unwrap();
    assert_eq!(replay.run(&recording.records, None, |_, _| {}), recording.records.len());
    replay
}

fn verdict(recording: &Recording) -> Verdict {
    replay(recording).verdict(recording.footer.as_ref())
}

#[test]
fn a_journal_replays_byte_for_byte_and_is_the_golden_one() {
    let report = front_desk(config());
    let bytes = write(&report.steps, config(), false);
    let recording = read(&bytes);
    assert_eq!(verdict(&recording), Verdict::Identical);
    let mut again = Vec::new();
    let mut replay = Replay::of(&recording.header).unwrap();
    replay.run(&recording.records, None, |_, actions| again.push(actions.to_vec()));
    assert!(again.iter().eq(report.steps.iter().map(|s| &s.actions)));
    assert_eq!(replay.digest(), report.digest);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(GOLDEN, &bytes).unwrap();
    }
    assert_eq!(recording, read(&std::fs::read(GOLDEN).unwrap()));
}

#[test]
fn the_golden_journal_replays_byte_for_byte() {
    let golden = read(&std::fs::read(GOLDEN).unwrap());
    assert_eq!((golden.damage.len(), golden.footer.is_some()), (0, true));
    assert_eq!(verdict(&golden), Verdict::Identical);
}

#[test]
fn a_journal_of_version_1_replays() {
    let old = read(include_bytes!("journals/v1.jsonl"));
    assert_eq!((old.records.len(), old.damage.len()), (159, 0));
    assert_eq!(old.limits()[0], Limit::Unchecked(1));
    let replay = replay(&old);
    let said: Vec<_> = replay
        .machine()
        .history()
        .items()
        .filter_map(|i| if let Said::User { text } = &i.said { Some(text.as_str()) } else { None })
        .collect();
    assert!(said.contains(&"when do you open"), "{said:?}");
    assert_ne!(replay.verdict(old.footer.as_ref()), Verdict::Unknown);
    assert_eq!(replay.verdict(None), Verdict::Unknown);
}

#[test]
fn random_conversations_in_a_harsh_world_replay_byte_for_byte() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let providers = Providers { faults: Faults::of(Profile::Harsh), ..Providers::default() };
        let caller = Caller::random(&mut rng, 8);
        let world = World::new(config(), providers, caller, seed).unwrap();
        let report = world.run(Timestamp::from_millis(120_000)).unwrap();
        let recording = read(&write(&report.steps, config(), false));
        assert_eq!(verdict(&recording), Verdict::Identical, "seed {seed}");
    }
}

#[test]
fn a_truncated_journal_replays_identically_up_to_there() {
    let whole = write(&front_desk(config()).steps, config(), false);
    let header = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
    for cut in (header..whole.len() - 1).step_by(61) {
        let part = read(&whole[..cut]);
        assert_eq!(verdict(&part), Verdict::Identical, "cut at {cut}");
        assert!(part.footer.is_none() && !(part.damage.is_empty() && part.limits().is_empty()));
    }
}

#[test]
fn the_first_decision_that_differs_is_named() {
    let mut recording = read(&write(&front_desk(config()).steps, config(), false));
    recording.header.config.endpointing.floor = ms(200);
    let Verdict::Differs(Some(at)) = verdict(&recording) else { panic!("nothing differs") };
    let before = &recording.records[..at as usize];
    let mut replay = Replay::of(&recording.header).unwrap();
    replay.run(before, None, |_, _| {});
    assert_eq!(replay.verdict(None), Verdict::Identical);
    // Without digests of single decisions only the end tells.
    recording.header.version = 1;
    assert_eq!(verdict(&recording), Verdict::Differs(None));
}

#[test]
fn a_replay_stops_at_a_turn_or_a_time() {
    let recording = read(&write(&front_desk(config()).steps, config(), false));
    let stop = |until| {
        let mut replay = Replay::of(&recording.header).unwrap();
        let mut last = Vec::new();
        let n = replay.run(&recording.records, Some(until), |_, actions| last = actions.to_vec());
        (n, last)
    };
    let (n, last) = stop(Until::Turn(TurnId(1)));
    assert!(n > 1 && n < recording.records.len());
    let settled = |a: &Action| {
        matches!(
            a,
            Action::Emit(
                Notice::UserTurn { turn: TurnId(1), .. }
                    | Notice::SpeechCreated { turn: TurnId(1), .. }
            )
        )
    };
    assert!(last.iter().any(settled), "{last:?}");
    assert_eq!(stop(Until::Turn(TurnId(99))).0, recording.records.len());

    let at = recording.records[40].t;
    let (n, _) = stop(Until::At(at));
    assert!(recording.records[..n].iter().all(|r| r.t <= at));
    assert!(recording.records[n..].iter().all(|r| r.t > at));
}

#[test]
fn two_recordings_are_compared_to_their_first_differences() {
    let left = read(&write(&front_desk(config()).steps, config(), false));
    assert!(Comparison::of(&left, &left).unwrap().is_same());

    let mut right = left.clone();
    right.records[30].t = Timestamp::from_micros(right.records[30].t.as_micros() + 1);
    let c = Comparison::of(&left, &right).unwrap();
    assert_eq!((c.time, c.event), (Some(30), None));

    let slow = Config { preemptive: false, ..config() };
    let right = read(&write(&front_desk(slow.clone()).steps, slow, false));
    let c = Comparison::of(&left, &right).unwrap();
    let (event, action) = (c.event.unwrap(), c.action.unwrap());
    assert!(!c.same_config && action.at <= event.at, "{event:?} {action:?}");
    assert_ne!(action.left, action.right);

    let mut short = left.clone();
    let last = short.records.pop().map(|r| r.e);
    let event = Comparison::of(&left, &short).unwrap().event.unwrap();
    assert_eq!((event.at, event.left, event.right), (short.records.len() as u64, last, None));
}

#[test]
fn a_redacted_journal_holds_no_word_and_replays_the_same_shapes() {
    let question = "when do you open at 7 on Sunday";
    let lines = vec![Line::new(When::AfterAgent(ms(500)), question)];
    let world = World::new(config(), Providers::default(), Caller::from(lines), 1).unwrap();
    let report = world.run(Timestamp::from_millis(60_000)).unwrap();
    let bytes = write(&report.steps, config(), true);
    let text = String::from_utf8(bytes.clone()).unwrap().to_lowercase();
    for word in ["front desk.", "sunday", "certainly", "o'clock", "assistant", "help you"] {
        assert!(!text.contains(word), "{word}");
    }
    let recording = read(&bytes);
    assert!(recording.limits().contains(&Limit::Redacted));
    assert_eq!(verdict(&recording), Verdict::Identical);
    let shape = "xxxx xx xxx xxxx xx 0 xx Xxxxxx";
    let replay = replay(&recording);
    let said = |s: &Said| matches!(s, Said::User { text } if text == shape);
    assert!(replay.machine().history().items().any(|i| said(&i.said)));
}

#[test]
fn redaction_keeps_the_length_of_every_text() {
    for text in ["Größe 12, naïve!", "你好，世界", "Ελλάδα; ДА", "x🙂y 𝒳"] {
        let command = |text: &str| Command::UserText { text: text.into() };
        let mut event = Event::App(command(text));
        event.redact();
        let Event::App(Command::UserText { text: new }) = &event else { panic!("another event") };
        assert_eq!(
            new.chars().map(char::len_utf8).collect::<Vec<_>>(),
            text.chars().map(char::len_utf8).collect::<Vec<_>>(),
        );
        assert_ne!(new, text);
        let once = event.clone();
        event.redact();
        assert_eq!(event, once);
    }
}

#[test]
fn what_tools_are_asked_and_tell_is_redacted() {
    let (id, name) = ("call_1".to_owned(), "book_table".to_owned());
    let call = ToolCall { id, name, arguments: r#"{"name": "Ms Grey"}"#.into() };
    let result = ToolResult::success("booked for Ms Grey", 100);
    let at = Timestamp::ZERO;
    let events = [
        OpEvent::Llm(LlmEvent::ToolCall(call)),
        OpEvent::Tool(ToolEvent::Progress { at, text: "Ms Grey found".into() }),
        OpEvent::Tool(ToolEvent::Completed { at, result }),
    ];
    for event in events {
        let mut event = Event::Op(OpId(0), event);
        event.redact();
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.contains("Xx Xxxx") && !text.contains("Grey"), "{text}");
        assert_eq!(text.contains("tool_call"), text.contains("book_table"));
    }
}

#[test]
fn an_answer_that_is_no_number_replays() {
    let steps = front_desk(config()).steps;
    let mut odd = steps[0].clone();
    let op = OpId(3);
    odd.event = Event::Op(op, OpEvent::TurnEnd(f32::NAN));
    odd.actions.clear();
    let recording = read(&write(&[steps[0].clone(), odd], config(), false));
    assert_eq!((recording.records.len(), recording.damage.len()), (2, 0));
    assert_eq!(verdict(&recording), Verdict::Identical);
}
