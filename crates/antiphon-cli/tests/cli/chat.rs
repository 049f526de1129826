//! `antiphon chat` in a pipe: scripted answers through the real tools, and the real local model.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

use super::support::{bare, model, refused_with, stderr, stdout};

/// An agent file whose model says `replies`, a YAML list, beside `more`.
fn agent(dir: &Path, replies: &str, more: &str) -> PathBuf {
    let path = dir.join("agent.yaml");
    let text = format!(
        "name: test\nmodels:\n  llm:\n    provider: scripted\n    options:\n      replies: {replies}\n{more}"
    );
    fs::write(&path, text).unwrap();
    path
}

/// Runs a command with `input` in its pipe.
fn piped(mut command: Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn chat(file: &Path, options: &[&str], input: &[u8]) -> Output {
    piped(bare(&[&["chat", file.to_str().unwrap()], options].concat()), input)
}

/// The JSON lines that have `key`.
fn lines(output: &Output, key: &str) -> Vec<Value> {
    let lines = stdout(output);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line.get(key).cloned()).collect()
}

const WEATHER: &str = r#"["Let me look. <tool_call>{\"name\": \"weather\", \"arguments\": {\"location\": \"Paris\"}}</tool_call>", "It is 18 degrees in Paris."]"#;

#[test]
fn the_weather_is_looked_up_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = agent(dir.path(), WEATHER, "greeting: Hello!\ntools:\n  - builtin: weather\n");
    let output = chat(&file, &[], b"How is the weather in Paris?\n/history\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let wanted = "\
test answers with scripted; /help lists the commands
agent: Hello!
agent: Let me look.
  [weather] is called
  [weather] is done
agent: It is 18 degrees in Paris.
  agent: Hello!
  you: How is the weather in Paris?
  [weather] {\"location\":\"Paris\"} -> Paris: 18 degrees Celsius, partly cloudy.
  agent: Let me look. It is 18 degrees in Paris.
";
    assert_eq!(stdout(&output).replace(" \n", "\n"), wanted);
}

#[test]
fn json_lines_hold_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let file = agent(dir.path(), WEATHER, "tools:\n  - builtin: weather\n");
    let output = chat(&file, &["--json"], b"The weather in Paris?\n/usage\n/tools\nexit\nlater\n");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(lines(&output, "agent")[0]["model"], "scripted");
    let text: String = lines(&output, "text").iter().map(|t| t.as_str().unwrap()).collect();
    assert!(text.ends_with("It is 18 degrees in Paris."), "{text}");
    let tools = lines(&output, "tool");
    let events: Vec<_> = tools.iter().map(|t| t["event"]["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["started", "completed"]);
    let response = &lines(&output, "response")[0];
    assert_eq!(response["tool_executions"][0]["outcome"]["status"], "completed");
    let usage = &lines(&output, "usage")[0];
    assert_eq!((&usage["messages"], &usage["tool_calls"]), (&2.into(), &1.into()));
    assert_eq!(lines(&output, "tools")[0][0]["name"], "weather");
    assert_eq!(lines(&output, "response").len(), 1, "nothing is read after exit");
}

#[test]
fn a_chat_warns_when_nearly_full_and_goes_on_after_clear() {
    let dir = tempfile::tempdir().unwrap();
    let file = agent(dir.path(), "[One., Two., Three., Four.]", "");
    let input = b"a\nb\nc\n/clear\nd\n/history\n";
    let output = chat(&file, &["--max-messages", "5"], input);
    let said = stdout(&output);
    let warning = said.find("warning: 4 messages").unwrap();
    assert!(said.find("Two.").unwrap() < warning && warning < said.find("Three.").unwrap());
    assert!(said.ends_with("  you: d\n  agent: Four.\n"), "{said}");
    let full = chat(&file, &["--max-messages", "2"], b"a\nb\n");
    assert_eq!(full.status.code(), Some(1));
    assert!(stdout(&full).contains("error: the chat has its 2 messages\n help: clear"));
}

#[test]
fn bad_messages_are_refused_one_by_one() {
    let dir = tempfile::tempdir().unwrap();
    let file = agent(dir.path(), "[Fine.]", "");
    let long = "x".repeat(200_000);
    let input = [b"bell\x07\nbad \xff\n\n/nonsense\n", long.as_bytes(), b"\nhello\r\n"].concat();
    let output = chat(&file, &["--json"], &input);
    assert_eq!(output.status.code(), Some(1));
    let errors = lines(&output, "error");
    let details: Vec<_> = errors.iter().map(|e| e["detail"].as_str().unwrap()).collect();
    let wanted =
        ["U+0007 at 5", "UTF-8 after its first 4 bytes", "/nonsense", "characters; at most"];
    assert_eq!(details.len(), wanted.len(), "{details:?}");
    for (detail, wanted) in details.iter().zip(wanted) {
        assert!(detail.contains(wanted), "{detail}");
    }
    assert_eq!(lines(&output, "response").len(), 1);
}

#[test]
fn the_agent_can_end_the_chat() {
    let dir = tempfile::tempdir().unwrap();
    let replies = r#"['<tool_call>{"name": "end_call", "arguments": {}}</tool_call>', "Goodbye."]"#;
    let file = agent(dir.path(), replies, "tools:\n  - builtin: end_call\n");
    let output = chat(&file, &[], b"bye then\nstill there?\n");
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).ends_with("agent: Goodbye.\n"), "{}", stdout(&output));
}

#[test]
fn what_a_chat_does_not_have_is_refused_with_what_there_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agent.yaml");
    let cases = [
        ("models: {llm: {provider: lokal}}", "local, scripted"),
        ("models: {llm: {model: qwem}}", "qwen"),
        ("models: {llm: {options: {heat: 1}}}", "temperature"),
        ("models: {llm: {options: {temperature: hot}}}", "a number"),
        ("models: {llm: {provider: scripted}}", "replies"),
        ("tools: [{builtin: wether}]", "weather"),
        ("tools: [{mcp: {name: a, command: b}}]", "built-in tools only"),
        ("nam: x", "name"),
    ];
    for (text, word) in cases {
        fs::write(&file, text).unwrap();
        refused_with(bare(&["chat", file.to_str().unwrap()]), 2, &["agent.yaml:1:", word]);
    }
    refused_with(bare(&["chat", "/nowhere.yaml"]), 2, &["/nowhere.yaml", "cannot be read"]);
}

#[test]
fn the_local_model_answers() {
    model("smollm2");
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("agent.yaml");
    let text = "models: {llm: {model: smollm2}}\nlimits: {max_reply_tokens: 16}\n";
    fs::write(&file, text).unwrap();
    let output = chat(&file, &["--json"], b"Say hello, please.\n");
    assert!(output.status.success(), "{}", stderr(&output));
    let response = &lines(&output, "response")[0];
    assert!(!response["content"].as_str().unwrap().is_empty(), "{response}");
    assert!(response["tokens_used"]["output_tokens"].as_u64().unwrap() <= 16, "{response}");
}
