//! Agents that speak and call tools: `antiphon demo --agent` and `antiphon test --voice`, with
//! real voices and ears, and answers that are given.

use std::{fs, path::Path};

use serde_json::Value;

use super::{
    chat::{SERVER, service},
    stop::replays,
    support::{NO_HUB, antiphon, bare, done, names, one_call, refused_with, stderr, stdout},
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
fn a_rubric_is_judged_by_whom_the_command_line_names() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write(
        "polite.yaml",
        "name: polite\nagent: {replies: [Go away.]}\ncaller: [{user: hello, at: 1.0}]\n\
         expect: [{judge: {rubric: The agent is polite.}}, {heard: go away}]\n",
    );
    for (says, code, wanted) in [
        ("YES. It is polite.", 0, "ok     polite"),
        ("NO. It is rude.", 1, "seen:   scripted said \"NO. It is rude.\""),
        ("Hm, perhaps.", 1, "seen:   scripted gave no verdict, but said \"Hm, perhaps.\""),
    ] {
        let judge = "models: {llm: {provider: scripted, options: {replies: ['REPLY']}}}";
        write("judge.yaml", &judge.replace("REPLY", says));
        let mut command = bare(&["test", "polite.yaml", "--judge", "judge.yaml"]);
        command.current_dir(dir.path());
        let output = command.output().unwrap();
        let said = stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.starts_with("judged by scripted\n"), "{said}");
        assert!(said.contains(wanted), "{said}");
    }
}

/// An agent whose one server is this script, and which asks it.
fn handbook(dir: &Path, script: &str) {
    fs::write(dir.join("server.sh"), script).unwrap();
    let agent = r#"
name: handbook
greeting: Hello.
models: {llm: {provider: scripted, options: {replies: ['<tool_call>{"name": "find", "arguments": {"day": "Friday"}}</tool_call>', The window is free.]}}}
tools: [{mcp: {name: tables, command: sh, args: [server.sh], effects: {find: read}}}]
"#;
    fs::write(dir.join("handbook.yaml"), agent).unwrap();
    let scenario = "name: asks\nagent: {file: ../handbook.yaml}\n\
                    caller: [{user: Is a table free on Friday?}]\n\
                    expect: [{called: {tool: find, result: window}}, {heard: the window is free}]\n";
    fs::create_dir_all(dir.join("scenarios")).unwrap();
    ["one.yaml", "two.yaml", "handbook.yaml"].into_iter().for_each(|name| {
        fs::write(dir.join("scenarios").join(name), scenario).unwrap();
    });
}

/// The server of the tests of `chat`, for any number of calls; each start leaves a line.
fn server() -> String {
    let (begin, call) = SERVER.split_once("read call").unwrap();
    let answer = call.split_once("read end").unwrap().0.trim().replace("\"id\":2", "\"id\":'$n'");
    format!(
        "echo started >> starts\n{begin}\nn=2\nwhile read call; do\n{answer}\nn=$((n+1))\ndone\n"
    )
}

#[test]
fn servers_of_tools_are_started_once_for_all_scenarios_and_serve_a_demo() {
    let dir = tempfile::tempdir().unwrap();
    handbook(dir.path(), &server());
    let demo = ["demo", "--fast", "--json", "--agent", "handbook.yaml", "--out", "out"];
    for options in [&["test", "scenarios"][..], &["test", "scenarios", "--voice"], &demo] {
        let mut command = antiphon(options);
        command.current_dir(dir.path());
        let _one = one_call();
        let output = done(command);
        let said = stdout(&output);
        assert!(said.contains("3 passed, 0 failed") || said.contains("window"), "{said}");
        let loads = stderr(&output).matches("loading the models").count();
        assert_eq!(loads, usize::from(options[0] == "demo" || options.contains(&"--voice")));
        assert!(!said.contains("\"unmet\""), "{said}");
        let starts = dir.path().join("starts");
        assert_eq!(fs::read_to_string(&starts).unwrap(), "started\n", "{options:?}");
        fs::remove_file(starts).unwrap();
    }
}

#[test]
fn a_scenario_asks_a_web_service() {
    let dir = tempfile::tempdir().unwrap();
    handbook(dir.path(), &server());
    let (origin, served) = service("window");
    let file = dir.path().join("handbook.yaml");
    let agent = fs::read_to_string(&file).unwrap();
    let agent = agent.split_once("tools:").unwrap().0;
    let tool = format!(
        "tools: [{{http: {{name: find, description: Finds a table., url: '{origin}/{{day}}', effect: read, \
         parameters: {{type: object, required: [day], properties: {{day: {{type: string}}}}}}}}}}]\n"
    );
    fs::write(file, format!("{agent}{tool}")).unwrap();
    let mut command = bare(&["test", "scenarios/one.yaml"]);
    command.current_dir(dir.path());
    assert!(stdout(&done(command)).contains("1 passed, 0 failed"));
    assert!(served.join().unwrap().starts_with("GET /Friday HTTP/1.1"));
}

#[test]
fn a_server_that_cannot_start_is_told_with_its_place_before_anything_is_loaded() {
    let dir = tempfile::tempdir().unwrap();
    handbook(dir.path(), "exit 1");
    for options in [&["test", "scenarios"][..], &["demo", "--fast", "--agent", "handbook.yaml"]] {
        let mut command = bare(options);
        // There are no models in this folder, and none to be had.
        command
            .current_dir(dir.path())
            .env("ANTIPHON_MODELS", dir.path())
            .env("HF_ENDPOINT", NO_HUB);
        refused_with(command, 3, &["handbook.yaml:5:", "\"tables\"", "help: ", "by hand"]);
    }
}

/// The edits are made while a tool is at work, so that each falls into its turn.
#[test]
fn an_edit_during_a_call_holds_from_the_next_turn_on_and_a_broken_one_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let call = |tool: &str| {
        format!("'<tool_call>{{\"name\": \"{tool}\", \"arguments\": {{}}}}</tool_call>'")
    };
    let agent = |tools: &str| {
        format!(
            "name: edited\ngreeting: Hello.\nmodels: {{llm: {{provider: scripted, options: {{replies: \
             [{0}, One., {0}, Two., {1}, Three.]}}}}}}\ntools: [{{mcp: {{name: editor, command: sh, args: \
             [server.sh], effects: {{edit: read}}}}}}{tools}]\n",
            call("edit"),
            call("clock")
        )
    };
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
    write("agent.yaml", &agent(""));
    write("edit-2", &agent(", {builtin: clock}"));
    write("edit-3", &agent(", {builtin: clok}"));
    write(
        "server.sh",
        &server()
            .replace("window", "done")
            .replace("find", "edit")
            .replace("while read call; do", "while read call; do\ncp edit-$n agent.yaml"),
    );
    write(
        "caller.yaml",
        "name: caller\ncaller: [{user: Please edit the first.}, {user: Please edit the second.}, \
         {user: What time is it now?}]\nexpect: [{heard: three}]\n",
    );
    let options = ["demo", "--fast", "--json", "--dev", "--agent", "agent.yaml"];
    let mut command = antiphon(&[&options[..], &["--caller", "caller.yaml"]].concat());
    command.current_dir(dir.path());
    let _one = one_call();
    let said = stdout(&done(command));
    let lines: Vec<Value> = said.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let edits: Vec<&Value> = lines.iter().filter_map(|l| l.get("edit")).collect();
    assert_eq!(edits.len(), 2, "{said}");
    assert_eq!(edits[0]["changes"][0]["path"], "tools.1.builtin", "{said}");
    assert_eq!(edits[0]["changes"][0]["now"], true);
    assert!(edits[1]["kept"].as_str().unwrap().contains("agent.yaml:"), "{said}");
    let results =
        lines.iter().filter_map(|l| l["notice"]["tool_result"]["result"]["text"].as_str());
    let results: Vec<&str> = results.collect();
    assert_eq!(results[..2], ["done", "done"]);
    assert!(results[2].contains("UTC"), "the tool of the good edit: {results:?}");
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
