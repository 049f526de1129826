//! The journal's thread: what it writes replays, and it neither delays nor outlives the driver.

use std::{
    fs::{self, File},
    io::{self, BufReader, Write},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use antiphon_conversation::{Command, Config, Conversation, Event, Recording, Replay, Verdict};
use antiphon_core::Timestamp;
use antiphon_state::{JournalOptions, Limit, read_journal, read_journal_files};

use crate::journal::{JournalOut, JournalSink, open};

fn config() -> Config {
    Config { greeting: "Hello, this is the desk.".into(), ..Config::default() }
}

/// A conversation in which the user types `turns` times.
fn converse(sink: &mut JournalSink, turns: u64) {
    let typed = |n| Event::App(Command::UserText { text: format!("question {n}") });
    handle(sink, (0..turns).map(typed));
}

/// A conversation that begins, and then is told `events`.
fn handle(sink: &mut JournalSink, events: impl Iterator<Item = Event>) {
    let mut machine = Conversation::new(config()).unwrap();
    let events = std::iter::once(Event::App(Command::Start)).chain(events);
    for (n, event) in events.enumerate() {
        let t = Timestamp::from_millis(n as u64);
        let mut actions = Vec::new();
        machine.handle(t, event.clone(), &mut actions);
        sink.record(t, event, &actions);
    }
}

fn verdict(recording: &Recording) -> Verdict {
    let mut replay = Replay::of(&recording.header).unwrap();
    replay.run(&recording.records, None, |_, _| {});
    replay.verdict(recording.footer.as_ref())
}

fn files(path: &Path, options: JournalOptions) -> Recording {
    let (mut sink, thread) = open(JournalOut::files("s", path, options), &config()).unwrap();
    converse(&mut sink, 50);
    sink.finish();
    thread.join().unwrap();
    read_journal_files(path).unwrap()
}

#[test]
fn a_journal_in_several_files_replays() {
    let dir = tempfile::tempdir().unwrap();
    let options = JournalOptions { max_bytes: 4096, ..JournalOptions::default() };
    let recording = files(&dir.path().join("call.jsonl"), options);
    assert!(fs::read_dir(dir.path()).unwrap().count() > 1);
    assert_eq!((recording.records.len(), recording.limits()), (51, vec![]));
    assert_eq!(verdict(&recording), Verdict::Identical);
}

#[test]
fn a_full_journal_replays_as_far_as_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let options = JournalOptions { max_bytes: 4096, max_files: 1, redact: false };
    let recording = files(&dir.path().join("call.jsonl"), options);
    let lost = 51 - recording.records.len() as u64;
    assert_eq!((lost > 0, recording.limits()), (true, vec![Limit::Lost(lost)]));
    assert_eq!(verdict(&recording), Verdict::Identical);
}

#[test]
fn a_redacted_journal_has_no_words_and_replays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.jsonl");
    let recording = files(&path, JournalOptions { redact: true, ..JournalOptions::default() });
    assert_eq!(recording.limits(), [Limit::Redacted]);
    assert_eq!(verdict(&recording), Verdict::Identical);
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains("question 7") && !text.contains("desk") && text.contains("xxxxxxxx 0"));
}

#[test]
fn a_session_that_was_dropped_leaves_its_events_without_an_end() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.jsonl");
    let out = io::BufWriter::new(File::create(&path).unwrap());
    let out = JournalOut::writer("s", out, JournalOptions::default());
    let (mut sink, thread) = open(out, &config()).unwrap();
    converse(&mut sink, 3);
    drop(sink);
    thread.join().unwrap();
    let recording: Recording = read_journal(BufReader::new(File::open(&path).unwrap())).unwrap();
    assert_eq!((recording.records.len(), recording.limits()), (4, vec![Limit::Unclosed]));
    assert_eq!(verdict(&recording), Verdict::Identical);
}

/// A disk that stands still after the header until it is let go.
struct Stuck {
    file: File,
    header: bool,
    go: Receiver<()>,
}

impl Stuck {
    fn new(path: &Path) -> (Self, SyncSender<()>) {
        let (release, go) = sync_channel(0);
        (Self { file: File::create(path).unwrap(), header: false, go }, release)
    }
}

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.header {
            // Once it was let go, it never waits again.
            let _ = self.go.recv();
        }
        self.header = true;
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_stands_still_costs_events_and_never_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.jsonl");
    let (disk, release) = Stuck::new(&path);
    let out = JournalOut::writer("s", disk, JournalOptions::default());
    let (mut sink, thread) = open(out, &config()).unwrap();
    // Were the driver made to wait, this would never end.
    handle(&mut sink, std::iter::repeat_n(Event::Tick, 5000));
    sink.finish();
    drop(release);
    thread.join().unwrap();
    let recording: Recording = read_journal(BufReader::new(File::open(&path).unwrap())).unwrap();
    let lost = 5001 - recording.records.len() as u64;
    assert_eq!((lost > 800, recording.limits()), (true, vec![Limit::Lost(lost)]));
    assert_eq!(verdict(&recording), Verdict::Identical);
}

/// A disk that is full.
struct Full(bool);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::replace(&mut self.0, true) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_at_the_end_and_stops_nobody() {
    let out = JournalOut::writer("s", Full(false), JournalOptions::default());
    let (mut sink, thread) = open(out, &config()).unwrap();
    converse(&mut sink, 100);
    sink.finish();
    let e = thread.join().unwrap_err();
    assert!(e.detail().contains("cannot be written") && e.help().is_some(), "{e}");
}
