//! Agents that speak and call tools: `antiphon demo --agent` and `antiphon test --voice`, with
//! real voices and ears, and answers that are given.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    stop::replays,
    support::{antiphon, done, names, one_call, refused_with, stdout},
};

const AGENT: &str = r#"
name: desk
greeting: Hello, the front desk.
models:
  llm:
    provider: scripted
    options:
      replies:
        - '<tool_call>{"name": "book_table", "arguments": {"day": "Friday", "hour": 7, "guests": 4, "customer": "Miller"}}</tool_call>'
        - Shall I book a table for four on Friday?
        - '<tool_call>{"name": "book_table", "arguments": {"day": "Friday", "hour": 7, "guests": 4, "customer": "Miller"}}</tool_call>'
        - It is booked. See you on Friday.
tools:
  - builtin: book_table
"#;

const CALLER: &str = "
name: a table is booked
agent: {file: ../desk.yaml}
caller:
  - user: I would like a table for four on Friday at seven. My name is Miller.
  - user: Yes, please.
expect:
  - said: a table for four
  - called: {tool: book_table, arguments: {guests: 4, customer: miller}, result: booking number 1}
  - order: [user_turn, tool_called, speech_ended, user_turn, tool_called, tool_result, speech_ended]
  - heard: it is booked
  - response_within: 2.0
";

/// The agent with the scenario of its caller beside it.
fn desk(dir: &Path, caller: &str) {
    fs::write(dir.join("desk.yaml"), AGENT).unwrap();
    fs::create_dir_all(dir.join("scenarios")).unwrap();
    fs::write(dir.join("scenarios/desk.yaml"), caller).unwrap();
}

#[test]
fn a_demo_books_a_table_through_a_tool_and_all_of_its_files_show_it() {
    let dir = tempfile::tempdir().unwrap();
    desk(dir.path(), CALLER);
    let mut command =
        antiphon(&["demo", "--fast", "--json", "--agent", "desk.yaml", "--out", "out"]);
    command.current_dir(dir.path());
    let _one = one_call();
    let said = stdout(&done(command));
    let lines: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[0]["models"]["llm"], "scripted");
    let results: Vec<&str> = lines
        .iter()
        .filter_map(|l| l["notice"]["tool_result"]["result"]["text"].as_str())
        .collect();
    let question =
        "Not booked yet. Please confirm: a table for 4 on Friday at 7, in the name of Miller.";
    let booked = "Booked: a table for 4 on Friday at 7, for Miller. It is booking number 1.";
    assert_eq!(results, [question, booked]);
    assert!(lines.iter().all(|l| l.get("unmet").is_none()), "{said}");
    let out = dir.path().join("out");
    assert_eq!(names(&out), ["call.html", "call.jsonl", "call.wav"]);
    replays(&out.join("call.jsonl"));
    let page = fs::read_to_string(out.join("call.html")).unwrap();
    assert!(page.contains(booked), "the page shows the call");
}

#[test]
fn a_demo_says_what_its_caller_expected_in_vain() {
    let dir = tempfile::tempdir().unwrap();
    desk(dir.path(), "name: other\ncaller: [{user: Hello.}]\nexpect: [{called: {tool: cancel}}]\n");
    let mut command = antiphon(&["demo", "--fast", "--agent", "desk.yaml"]);
    command.current_dir(dir.path());
    let _one = one_call();
    let said = stdout(&done(command));
    assert!(said.contains("  tool    book_table {\"customer\":\"Miller\""), "{said}");
    assert!(said.contains("book_table failed (unconfirmed): Not booked yet. Please"), "{said}");
    assert!(said.contains("not as expected:\n  wanted: cancel is called\n  seen:   book_table"));
}

/// The smallest model cannot book, and the command says what can.
#[test]
fn a_model_too_small_for_tools_is_told_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    let agents = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/agents/restaurant.yaml");
    let mut command =
        antiphon(&["demo", "--fast", "--json", "--llm", "smollm2", "--agent", agents]);
    command.current_dir(dir.path()).env("ANTIPHON__LIMITS__MAX_REPLY_TOKENS", "20");
    let _one = one_call();
    let said = stdout(&done(command));
    let lines: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let unmet = lines.iter().rev().find(|l| l.get("unmet").is_some()).unwrap();
    let wanted = unmet["unmet"][0]["wanted"].as_str().unwrap();
    assert!(wanted.starts_with("book_table is called"), "{unmet}");
    let help = unmet["help"].as_str().unwrap();
    assert!(help.contains("--llm qwen") && help.contains("antiphon models fetch qwen"), "{help}");
}

#[test]
fn a_spoken_scenario_has_the_expectations_of_a_written_one() {
    let dir = tempfile::tempdir().unwrap();
    desk(dir.path(), CALLER);
    let fails = CALLER
        .replace("is booked\nagent", "is not booked\nagent")
        .replace("{guests: 4", "{guests: 5");
    fs::write(dir.path().join("scenarios/fails.yaml"), fails).unwrap();
    for options in [&[][..], &["--voice", "--repeat", "2"]] {
        let mut command = antiphon(&[&["test", "scenarios"], options].concat());
        command.current_dir(dir.path());
        let output = command.output().unwrap();
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("ok     a table is booked"), "{said}");
        assert!(said.contains("FAILED a table is not booked"), "{said}");
        let wanted = r#"wanted: book_table is called with {"customer":"miller","guests":5}"#;
        assert!(said.contains(wanted), "{said}");
        assert!(said.contains("1 passed, 1 failed"), "{said}");
    }
}

#[test]
fn a_scenario_can_say_what_is_answered_and_needs_no_agent_file() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = "name: hours\nagent: {greeting: Hello., replies: [We open at nine.]}\n\
                    caller: [{user: When do you open?}]\n\
                    expect: [{heard: we open at nine}, {said: when do you open}, {never: error}]\n";
    fs::write(dir.path().join("hours.yaml"), scenario).unwrap();
    let mut command = antiphon(&["test", "--voice", "hours.yaml"]);
    command.current_dir(dir.path());
    assert!(stdout(&done(command)).contains("ok     hours (hours.yaml)"));
}

#[test]
fn a_rubric_is_judged_by_a_model_that_is_called_weak() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = "name: polite\nagent: {replies: [Go away.]}\ncaller: [{user: hello, at: 1.0}]\n\
                    expect: [{judge: {rubric: The agent speaks fluent Latin.}}, {heard: hello}]\n";
    fs::write(dir.path().join("polite.yaml"), scenario).unwrap();
    let mut command = antiphon(&["test", "polite.yaml"]);
    command.current_dir(dir.path());
    let said = stdout(&command.output().unwrap());
    assert!(said.starts_with("judged by "), "{said}");
    assert!(said.lines().next().unwrap().ends_with("a weak judge"), "{said}");
}

#[test]
fn agent_files_that_cannot_speak_here_are_refused_with_their_place() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a.yaml");
    for (text, words) in [
        ("models: {stt: {provider: cloud}}", ["a.yaml:1:", "local"]),
        ("models: {stt: {model: huge}}", ["a.yaml:1:", "base, tiny"]),
        ("models: {turn_detector: {provider: x}}", ["a.yaml:1:", "local, none"]),
        ("tools: [{builtin: book_tabel}]", ["a.yaml:1:", "book_table"]),
    ] {
        fs::write(&file, text).unwrap();
        let mut command = antiphon(&["demo", "--fast", "--agent"]);
        command.arg(&file).current_dir(dir.path());
        refused_with(command, 2, &words);
    }
    let mut command = antiphon(&["demo", "--agent", "/nowhere/agent.yaml"]);
    command.current_dir(dir.path());
    refused_with(command, 2, &["/nowhere/agent.yaml", "cannot be read"]);
    assert_eq!(names(dir.path()), ["a.yaml"], "nothing was written");
}
