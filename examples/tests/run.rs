//! Runs every example as a user would, in a folder of its own, and reads what it prints.
#![cfg(test)]

use std::{fs, path::Path, process::Command};

/// What the program at `path` prints. It must succeed.
fn output(path: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(path).current_dir(&folder).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}{}", text(&done.stdout), text(&done.stderr));
    text(&done.stdout)
}

/// The rest of the first line that holds `label`, whatever stands before it.
fn after<'a>(output: &'a str, label: &str) -> &'a str {
    let found = output.lines().find_map(|line| Some(line.split_once(label)?.1.trim()));
    found.unwrap_or_else(|| panic!("no {label:?} in\n{output}"))
}

#[test]
fn hello_understands_and_answers() {
    let output = output(env!("CARGO_BIN_EXE_hello"));
    assert!(output.to_lowercase().contains("the sea"), "{output}");
    assert!(!after(&output, "agent: ").is_empty());
}

#[test]
fn interrupt_knows_what_was_heard() {
    let output = output(env!("CARGO_BIN_EXE_interrupt"));
    assert!(after(&output, "heard:     ").starts_with("Once upon"), "{output}");
    assert!(after(&output, "not heard: ").ends_with("went home."), "{output}");
    assert_eq!(after(&output, "interrupted: "), "true");
}

#[test]
fn callback_agents_answer_at_once_and_in_pieces() {
    let output = output(env!("CARGO_BIN_EXE_callback_agent"));
    assert_eq!(after(&output, "agent: "), "We are open from nine to five.");
    assert!(output.contains("agent: Three. Two. One. Here we go!"), "{output}");
}

#[test]
fn a_custom_llm_keeps_the_rules_of_the_port() {
    let output = output(env!("CARGO_BIN_EXE_custom_llm"));
    assert!(output.contains("eliza does what the port asks"), "{output}");
}

#[test]
fn replaying_a_log_takes_the_same_actions() {
    let output = output(env!("CARGO_BIN_EXE_replay_log"));
    let recorded = after(&output, "recorded: ");
    assert_eq!(recorded.len(), 16, "{output}");
    assert_eq!(recorded, after(&output, "replayed: "));
    assert_eq!(after(&output, "verdict: "), "Identical");
}

#[test]
fn tools_answer_and_refuse_in_words() {
    let output = output(env!("CARGO_BIN_EXE_tools"));
    for line in ["  Nine to five.", "  error: Closed at the weekend.", "Did you mean"] {
        assert!(output.contains(line), "no {line:?} in\n{output}");
    }
}

#[test]
fn tools_of_an_mcp_server_are_called() {
    let output = output(env!("CARGO_BIN_EXE_mcp"));
    assert_eq!(after(&output, "handbook_search: "), "Finds a page of the handbook. (Read)");
    assert_eq!(after(&output, "answer: "), "Hold the button for ten seconds.");
    assert!(after(&output, "refused: ").contains("/topic: is required"), "{output}");
    assert_eq!(after(&output, "tools left: "), "0");
}

#[test]
fn an_agent_file_answers() {
    let output = output(env!("CARGO_BIN_EXE_yaml_agent"));
    assert_eq!(after(&output, "name: "), "hello");
    assert!(after(&output, "greeting from: ").contains("line 6"), "{output}");
    assert_eq!(after(&output, "edited: "), "false");
    assert_eq!(after(&output, "agent: "), "Hello! What can I do for you?");
    // The greeting, the question, the answer.
    assert_eq!(after(&output, "messages: "), "3");
}

#[test]
fn every_example_fits_a_page_and_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(folder.join("../README.md")).unwrap();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(lines <= 80, "{name} has {lines} lines");
        assert!(readme.contains(&format!("examples/{name}")), "README.md does not list {name}");
        seen += 1;
    }
    assert_eq!(seen, 9);
}
