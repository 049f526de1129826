//! `antiphon chat` in a pipe: scripted answers through the real tools, and the real local model.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
    thread,
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
    assert!(said.ends_with("  you: d\n  agent: One.\n"), "{said}");
    let full = chat(&file, &["--max-messages", "2"], b"a\nb\n");
    assert_eq!(full.status.code(), Some(1));
    assert!(stdout(&full).contains("error: the chat has its 2 messages\n help: clear"));
}

/// A chat that is followed line by line.
struct Followed {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Followed {
    fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Enters a line and reads up to the object with `key`.
    fn enter(&mut self, line: &str, key: &str) -> Value {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
        loop {
            let line: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
            if let Some(value) = line.get(key) {
                return value.clone();
            }
        }
    }
}

#[test]
fn an_edit_holds_from_the_next_turn_on_and_a_broken_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let write = |more: &str| agent(dir.path(), "[One., Two., Three., Four.]", more);
    let file = write("tools:\n  - builtin: clock\n");
    let mut chat = Followed::of(bare(&["chat", file.to_str().unwrap(), "--dev", "--json"]));
    assert_eq!(chat.enter("a", "response")["content"], "One.");
    write("instructions: Be brief.\nlimits: {max_reply_tokens: 9}\ntools:\n  - builtin: weather\n");
    let edit = chat.enter("b", "edit");
    let now = |path: &str| {
        let mut changes = edit["changes"].as_array().unwrap().iter();
        changes.find(|c| c["path"] == path).unwrap()["now"].clone()
    };
    assert_eq!((now("instructions"), now("tools.0.builtin")), (true.into(), true.into()));
    assert_eq!(now("limits.max_reply_tokens"), false);
    assert_eq!(chat.enter("/tools", "tools")[0]["name"], "weather");
    for broken in ["tools: [{builtin: wether}]\n", "tols: []\n"] {
        write(broken);
        let kept = chat.enter("c", "edit")["kept"].clone();
        assert!(kept.as_str().unwrap().contains("agent.yaml:"), "{kept}");
        assert_eq!(chat.enter("/tools", "tools")[0]["name"], "weather");
    }
    assert_eq!(chat.enter("/usage", "usage")["turns"], 4, "the chat went on all the time");
    drop(chat.child.stdin.take());
    assert!(chat.child.wait().unwrap().success());
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
        ("tools: [{http: {name: a, url: 'https://a'}}]", "has no description"),
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

/// Serves `answer` to one request on loopback, and gives the request's text back.
pub(crate) fn service(answer: &'static str) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let n = stream.read(&mut request).unwrap();
        let length = answer.len();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{answer}").unwrap();
        String::from_utf8_lossy(&request[..n]).into_owned()
    };
    (origin, thread::Builder::new().name("service".to_owned()).spawn(serve).unwrap())
}

const FIND: &str = r#"["<tool_call>{\"name\": \"find\", \"arguments\": {\"day\": \"1 May\"}}</tool_call>", "The window is free."]"#;

#[test]
fn a_web_service_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (origin, served) = service(r#"{"tables": ["window"]}"#);
    let more = format!(
        "tools:
  - http:
      name: find
      description: Finds a table.
      url: '{origin}/tables?day={{day}}'
      headers: {{Authorization: 'Bearer ${{FIND_KEY}}'}}
      response: /tables/0
      effect: read
      parameters: {{type: object, required: [day], properties: {{day: {{type: string}}}}}}
"
    );
    let file = agent(dir.path(), FIND, &more);
    let mut command = bare(&["chat", file.to_str().unwrap(), "--verbose"]);
    command.env("FIND_KEY", "key-of-the-service");
    let output = piped(command, b"Is a table free on 1 May?\n");
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    assert!(said.contains("[find] said: window") && said.contains("The window is free."), "{said}");
    assert!(!said.contains("key-of-the-service"), "{said}");
    let asked = served.join().unwrap();
    assert!(asked.starts_with("GET /tables?day=1%20May HTTP/1.1"), "{asked}");
    assert!(asked.contains("Bearer key-of-the-service"), "{asked}");
}

/// A server of MCP as a script: it knows in which order it is asked.
pub(crate) const SERVER: &str = r#"
read greeting
echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}'
read ready
read list
echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"find","description":"Finds.","inputSchema":{"type":"object","properties":{"day":{"type":"string"}}}},{"name":"broken","description":"x","inputSchema":1}]}}'
read call
echo '{"jsonrpc":"2.0","id":2,"result":{"content":[{"type":"text","text":"window"}]}}'
read end
"#;

#[test]
fn tools_of_servers_are_called_and_absent_servers_cost_a_warning() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("server.sh"), SERVER).unwrap();
    let script = dir.path().join("server.sh").display().to_string();
    let more = format!(
        "tools:
  - mcp: {{name: there, command: sh, args: ['{script}'], effects: {{find: read}}}}
  - mcp: {{name: absent, command: no-such-program-anywhere}}
"
    );
    let file = agent(dir.path(), FIND, &more);
    let output = chat(&file, &["--verbose"], b"/tools\nIs a table free on 1 May?\n");
    let said = stdout(&output);
    assert!(output.status.success(), "{said}{}", stderr(&output));
    for line in [
        "warning: the tool \"broken\": is not described as the protocol says",
        "warning: \"no-such-program-anywhere\" cannot be started",
        "[find] said: window",
        "The window is free.",
    ] {
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
}
