//! Ctrl-C in the middle of a call: its own exit code, and files that are good up to there.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use antiphon::{
    Config,
    conversation::{Event, Replay},
    state::read_journal,
};

use super::support::{antiphon, names, one_call, sides};

#[test]
fn ctrl_c_ends_the_call_with_complete_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = antiphon(&["demo", "--fast", "--json", "--out"]);
    command.arg(dir.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let _one = one_call();
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // The caller has been answered for the first time: the middle of the call.
    let answered = |l: &String| l.contains("speech_started") && l.contains("\"turn\":1");
    assert!(lines.by_ref().map(Result::unwrap).any(|l| answered(&l)));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("call.wav, call.jsonl and call.html are complete"), "{said}");
    assert!(rest.last().unwrap().starts_with("{\"figures\":"), "{rest:?}");
    assert!(!rest.iter().any(|l| l.contains("\"turn\":6")), "it went on to the end");

    assert_eq!(names(dir.path()), ["call.html", "call.jsonl", "call.wav"]);
    let (caller, agent) = sides(&dir.path().join("call.wav"));
    assert!(agent.iter().any(|s| *s != 0) && caller.iter().any(|s| *s != 0));
    replays(&dir.path().join("call.jsonl"));
}

/// The journal is whole to its last line and gives the same decisions again.
pub(crate) fn replays(path: &std::path::Path) {
    let file = BufReader::new(File::open(path).unwrap());
    let journal = read_journal::<Config, Event>(file).unwrap();
    assert_eq!(journal.damage, []);
    let mut replay = Replay::new(journal.header.config).unwrap();
    for record in &journal.records {
        replay.step(record);
    }
    let footer = journal.footer.unwrap();
    assert_eq!(footer.events, journal.records.len() as u64);
    assert_eq!(footer.digest, replay.digest());
}
