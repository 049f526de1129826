//! `antiphon config` and `antiphon test`: agent files and scenarios.

use std::{fs, path::Path};

use super::support::{bare, done, refused_with, stdout};

const PASSES: &str = "\
name: it <passes>
agent: {replies: [We open at nine.]}
caller: [{user: when do you open, at: 1.0}]
expect: [{heard: we open at nine}]
";

const FAILS: &str = "\
name: it fails
agent: {replies: [We open at nine.]}
caller: [{user: when do you open, at: 1.0}]
expect: [{heard: we never open}]
";

#[test]
fn values_are_shown_with_their_origin_and_without_secrets() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agent.yaml");
    let text = "name: desk\nmodels: {llm: {options: {api_key: '${DESK_KEY}', token: abc}}}\n";
    fs::write(&file, text).unwrap();
    let mut command = bare(&["config", "show", file.to_str().unwrap(), "--set", "voice.rate=1.5"]);
    command.env("DESK_KEY", "very-secret").env("ANTIPHON__LANGUAGE", "de-DE");
    let shown = stdout(&done(command));
    for line in ["rate: 1.5 # command line", "language: de-DE # environment ANTIPHON__LANGUAGE"] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(shown.contains("agent.yaml:1:"), "{shown}");
    assert!(!shown.contains("very-secret") && !shown.contains("abc"), "{shown}");
    fs::write(&file, "greting: hello\n").unwrap();
    let command = bare(&["config", "show", file.to_str().unwrap()]);
    refused_with(command, 2, &["agent.yaml:1:1", "greeting"]);
}

fn scenarios(dir: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        fs::write(dir.join(name), text).unwrap();
    }
}

#[test]
fn scenarios_that_pass_are_counted() {
    let dir = tempfile::tempdir().unwrap();
    scenarios(dir.path(), &[("a.yaml", PASSES), ("b.yml", PASSES), ("c.txt", "no scenario")]);
    let said = stdout(&done(bare(&["test", dir.path().to_str().unwrap()])));
    assert_eq!(said.matches("ok     it <passes>").count(), 2, "{said}");
    assert!(said.ends_with("2 passed, 0 failed\n"), "{said}");
}

#[test]
fn a_scenario_that_fails_shows_what_was_wanted_and_seen() {
    let dir = tempfile::tempdir().unwrap();
    scenarios(dir.path(), &[("a.yaml", PASSES), ("b.yaml", FAILS)]);
    let (path, junit) = (dir.path().to_str().unwrap(), dir.path().join("report.xml"));
    let mut command = bare(&["test", path, "--repeat", "3", "--junit", junit.to_str().unwrap()]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    for words in [
        "FAILED it fails",
        "3 of 3 times (100.0 %)",
        "wanted: the agent was heard: \"we never open\"",
        "seen:   [\"We open at nine.\"]",
        "1 passed, 1 failed",
    ] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    let xml = fs::read_to_string(junit).unwrap();
    assert!(xml.contains("tests=\"2\" failures=\"1\""), "{xml}");
    assert!(xml.contains("name=\"it &lt;passes&gt;\"") && xml.contains("</failure>"), "{xml}");
}

#[test]
fn bad_luck_has_a_rate() {
    let dir = tempfile::tempdir().unwrap();
    let unlucky = PASSES.to_owned() + "faults: harsh\nseed: 1\n";
    scenarios(dir.path(), &[("a.yaml", &unlucky)]);
    let output = bare(&["test", dir.path().to_str().unwrap(), "--repeat", "200"]).output().unwrap();
    let said = stdout(&output);
    let failures = said.split_once(", ").and_then(|(_, rest)| rest.split(' ').next()).unwrap();
    let failures: u32 = failures.parse().unwrap();
    assert!((1..200).contains(&failures), "{said}");
}

#[test]
fn what_is_no_scenario_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap().to_owned();
    refused_with(bare(&["test", &path]), 2, &["holds no .yaml file"]);
    scenarios(dir.path(), &[("a.yaml", "name: x\ncaler: []\n")]);
    refused_with(bare(&["test", &path]), 2, &["a.yaml", "caler"]);
    refused_with(bare(&["test", "/nowhere"]), 2, &["/nowhere", "cannot be read"]);
}
