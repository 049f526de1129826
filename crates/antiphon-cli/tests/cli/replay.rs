//! `antiphon replay` on small journals that the machine itself writes here. Needs no models.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use antiphon::{
    Config, OpId, Timestamp,
    conversation::{
        Command as App, Conversation, Decisions, Event, OpEvent, SynthesisEvent, UserEvent,
    },
    state::{Header, JournalOptions, JournalWriter, Record},
};
use serde_json::Value;

use super::support::{bare, done, refused_with, stderr, stdout, wav};

fn config() -> Config {
    Config { greeting: "Hello, this is the desk.".into(), ..Config::default() }
}

/// A greeting that is never played, a typed turn, a user who speaks and leaves.
fn events() -> Vec<(u64, Event)> {
    let text = "when do you open".to_owned();
    vec![
        (0, Event::App(App::Start)),
        (100, Event::Op(OpId(0), OpEvent::Speech(SynthesisEvent::Queued(2400)))),
        (500, Event::App(App::UserText { text })),
        (900, Event::User(UserEvent::SpeechStarted { at: Timestamp::from_millis(850), sample: 0 })),
        (1500, Event::User(UserEvent::SpeechStopped { at: Timestamp::from_millis(1300) })),
        (2000, Event::App(App::Close)),
    ]
}

/// A journal of these events, as decided with `config`, claiming `claimed`.
fn journal(dir: &Path, name: &str, config: Config, claimed: Config, redact: bool) -> PathBuf {
    let path = dir.join(name);
    let options = JournalOptions { redact, ..JournalOptions::default() };
    let header = Header::new("a test", claimed);
    let mut writer = JournalWriter::create(&path, header, &options).unwrap();
    let (mut machine, mut decisions) = (Conversation::new(config).unwrap(), Decisions::new(redact));
    for (ms, event) in events() {
        let mut record = Record::new(Timestamp::from_millis(ms), event);
        let mut actions = Vec::new();
        machine.handle(record.t, record.e.clone(), &mut actions);
        record.a = decisions.add(record.t, &actions);
        if redact {
            record.e.redact();
        }
        assert!(writer.event(&record).unwrap());
    }
    writer.finish(decisions.digest()).unwrap();
    path
}

fn good(dir: &Path) -> PathBuf {
    journal(dir, "call.jsonl", config(), config(), false)
}

fn replay(file: &Path, args: &[&str]) -> Command {
    let mut command = bare(&["replay"]);
    command.arg(file).args(args).env("ANTIPHON_MODELS", "/nonexistent");
    command
}

fn exit_1(mut command: Command) -> Output {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}{}", stdout(&output), stderr(&output));
    assert_eq!(stderr(&output), "");
    output
}

#[test]
fn a_replay_lists_what_was_decided_and_finds_it_identical() {
    let dir = tempfile::tempdir().unwrap();
    let shown = stdout(&done(replay(&good(dir.path()), &[])));
    for words in [
        "\"a test\", journal version 2, 6 events in 2.000 s",
        "    0.000  app start\n",
        "→ start op0 speak gen0 seg0 \"Hello, this is the desk.\"\n",
        "    0.500  app user text \"when do you open\"\n",
        "user: when do you open\n",
        "agent closed",
        "replayed 6 events: identical to the recording (digest ",
    ] {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
}

#[test]
fn json_lines_hold_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let shown = stdout(&done(replay(&good(dir.path()), &["--json"])));
    let lines: Vec<Value> = shown.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(lines[0]["journal"]["session"], "a test");
    assert_eq!((&lines[3]["n"], &lines[3]["t"]), (&2.into(), &500_000.into()));
    assert_eq!(lines[3]["event"]["app"]["user_text"]["text"], "when do you open");
    assert!(lines[3]["actions"].as_array().is_some_and(|a| !a.is_empty()));
    assert_eq!(lines[7]["verdict"]["identical"], true);
    assert_eq!(lines[7]["state"]["agent"], "closed");
}

#[test]
fn it_stops_at_a_time_or_a_turn_and_shows_the_state_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = good(dir.path());
    let shown = stdout(&done(replay(&file, &["--at", "0.9s", "--from", "400ms"])));
    assert!(shown.contains("replayed 4 of 6 events: identical"), "{shown}");
    assert!(!shown.contains("app start") && shown.contains("app user text"), "{shown}");
    assert!(shown.contains("under way"), "{shown}");
    let shown = stdout(&done(replay(&file, &["--until", "turn=1"])));
    assert!(shown.contains(" of 6 events: identical"), "{shown}");
    refused_with(replay(&file, &["--until", "turn=70"]), 2, &["turn 70 was never", "help: "]);
    for bad in [["--until", "4"], ["--until", "turn=x"], ["--at", "soon"], ["--at", "-1s"]] {
        let output = replay(&file, &[&bad.join("=")]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{bad:?}");
    }
}

#[test]
fn other_decisions_are_named_with_exit_code_1() {
    let dir = tempfile::tempdir().unwrap();
    let other = Config { greeting: "Good evening.".into(), ..config() };
    let file = journal(dir.path(), "odd.jsonl", config(), other, false);
    let shown = stdout(&exit_1(replay(&file, &[])));
    assert!(shown.contains("DIFFERS from the recording, first on event 0 at 0.000: app start"));
    let shown = stdout(&exit_1(replay(&file, &["--json"])));
    let last: Value = serde_json::from_str(shown.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["verdict"]["identical"], &last["verdict"]["differs_at"]),
        (&false.into(), &0.into())
    );
}

#[test]
fn two_journals_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let file = good(dir.path());
    let same = good(&{
        let other = dir.path().join("same");
        fs::create_dir(&other).unwrap();
        other
    });
    let shown = stdout(&done(replay(&file, &["--diff", same.to_str().unwrap()])));
    assert_eq!(shown.matches("the same").count(), 4, "{shown}");
    let evening = Config { greeting: "Good evening.".into(), ..config() };
    let other = journal(dir.path(), "other.jsonl", evening.clone(), evening, false);
    let shown = stdout(&exit_1(replay(&file, &["--diff", other.to_str().unwrap()])));
    for words in [
        "configuration  differs\n",
        "events         the same\n",
        "actions        differ first on event 0, at 0.000 on the left\n",
        "Segment { speech: SpeechId(0), segment: SegmentId(0), text: \"Good evening.\" }\n",
    ] {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
}

#[test]
fn a_damaged_journal_is_replayed_as_far_as_it_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let file = good(dir.path());
    let whole = fs::read(&file).unwrap();
    let at = whole.windows(9).position(|w| w == b"user_text").unwrap();
    let mut changed = whole.clone();
    changed[at] = b'U';
    fs::write(&file, &changed).unwrap();
    let output = replay(&file, &[]).output().unwrap();
    let shown = stdout(&output);
    assert!(shown.contains("damage: line 4 (from byte "), "{shown}");
    assert!(shown.contains("3 events after it are good, but cannot be replayed"), "{shown}");
    assert!(shown.contains("replayed 2 events: identical"), "{shown}");
    refused_with(replay(&file, &[]), 3, &["damaged at line 4", "help: "]);

    fs::write(&file, &whole[..whole.len() - 1 - 90]).unwrap();
    refused_with(replay(&file, &[]), 3, &["cut off"]);
    let lines = whole.split_inclusive(|&b| b == b'\n').take(5).collect::<Vec<_>>().concat();
    fs::write(&file, lines).unwrap();
    let shown = stdout(&done(replay(&file, &[])));
    assert!(shown.contains("the session was not closed"), "{shown}");
    assert!(shown.contains("replayed 4 events: identical"), "{shown}");

    changed[40] ^= 1;
    fs::write(&file, &changed).unwrap();
    refused_with(replay(&file, &[]), 3, &["call.jsonl: line 1, the header", "help: "]);
}

#[test]
fn what_is_no_journal_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("notes.jsonl");
    refused_with(replay(&file, &[]), 4, &["notes.jsonl"]);
    for text in ["", "{}\n", "not JSON", "\u{0}\u{1}"] {
        fs::write(&file, text).unwrap();
        refused_with(replay(&file, &[]), 2, &["notes.jsonl: line 1", "help: "]);
    }
    refused_with(replay(dir.path(), &[]), 4, &["cannot be read"]);
}

#[test]
fn a_redacted_journal_says_so_and_shows_no_word() {
    let dir = tempfile::tempdir().unwrap();
    let mut claimed = config();
    claimed.redact();
    let file = journal(dir.path(), "call.jsonl", config(), claimed, true);
    let shown = stdout(&done(replay(&file, &[])));
    assert!(shown.contains("note: redacted") && shown.contains("xxxx xx xxx xxxx"), "{shown}");
    assert!(!shown.contains("when do you open") && !shown.contains("Hello"), "{shown}");
    assert!(shown.contains("identical to the recording"), "{shown}");
}

#[test]
fn the_audio_of_what_is_shown_is_cut_out_of_the_recording() {
    let dir = tempfile::tempdir().unwrap();
    let file = good(dir.path());
    let recording = dir.path().join("call.wav");
    let frames: Vec<u8> =
        (0..16_000i16).flat_map(|i| [i, -i].map(i16::to_le_bytes).concat()).collect();
    fs::write(&recording, wav(1, 2, 8_000, 16, &frames)).unwrap();
    let audio = ["--from", "0.5s", "--at", "1s", "--audio", recording.to_str().unwrap()];
    let shown = stdout(&done(replay(&file, &audio)));
    let cut = dir.path().join("call.0.500-1.000.wav");
    assert!(shown.contains(&format!("audio: {}", cut.display())), "{shown}");
    assert_eq!(fs::read(&cut).unwrap(), wav(1, 2, 8_000, 16, &frames[4_000 * 4..8_000 * 4]));

    let late = ["--from", "9s", "--audio", recording.to_str().unwrap()];
    refused_with(replay(&file, &late), 2, &["nothing happened", "up to 2.000 s"]);
    fs::write(&recording, wav(1, 2, 8_000, 16, &frames[..400])).unwrap();
    refused_with(replay(&file, &audio), 2, &["ends before 0.500", "help: "]);
    fs::remove_file(&recording).unwrap();
    refused_with(replay(&file, &audio), 4, &["call.wav"]);
}

#[test]
fn what_is_shown_is_drawn_as_a_picture() {
    let dir = tempfile::tempdir().unwrap();
    let (call, svg) = (good(dir.path()), dir.path().join("call.svg"));
    let output = done(replay(&call, &["--svg", svg.to_str().unwrap()]));
    assert!(stdout(&output).contains("picture: "), "{}", stdout(&output));
    let picture = fs::read_to_string(&svg).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    // The user sounded from 0.85 s to 1.3 s of two.
    let user = picture.lines().find(|line| line.contains("rect x=") && line.contains("#2563eb"));
    let number = |name: &str| -> f64 {
        let (_, rest) = user.unwrap().split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse().unwrap()
    };
    let second = (960.0 - 104.0 - 16.0) / 2.0;
    assert!((number("x") - (104.0 + 0.85 * second)).abs() < 0.1, "{user:?}");
    assert!((number("width") - 0.45 * second).abs() < 0.1, "{user:?}");
    assert!(picture.contains(">when do you open<") && picture.contains(">turn over<"), "{picture}");
    let nowhere = dir.path().join("no/such/call.svg");
    let refused = replay(&call, &["--svg", nowhere.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
}
