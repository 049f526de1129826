//! Which layer wins, and what each value's origin is.

use antiphon_conversation::Config;
use proptest::prelude::*;
use serde_json::Value;

use super::{agent, with};
use crate::{Origin, Sources};

const FILE: &str = "models: {llm: {model: file}}\n";

fn sources(dotenv: bool, env: bool, set: bool) -> Sources {
    let variable = |there: bool, value: &str| {
        there.then(|| ("ANTIPHON__MODELS__LLM__MODEL".to_owned(), value.to_owned()))
    };
    let dotenv = if dotenv { "ANTIPHON__MODELS__LLM__MODEL=dotenv" } else { "" };
    let set = if set { vec!["models.llm.model=set".to_owned()] } else { vec![] };
    let sources = Sources::none().with_dotenv(".env", dotenv).unwrap();
    sources.with_env(variable(env, "env")).with_set(set)
}

#[test]
fn command_line_over_environment_over_dotenv_over_file_over_default() {
    let name = || "ANTIPHON__MODELS__LLM__MODEL".to_owned();
    let cases = [
        ("", (false, false, false), None, Origin::Default),
        (FILE, (false, false, false), Some("file"), Origin::File { line: 1, column: 23 }),
        (FILE, (true, false, false), Some("dotenv"), Origin::DotEnv(name())),
        (FILE, (true, true, false), Some("env"), Origin::Env(name())),
        (FILE, (true, true, true), Some("set"), Origin::CommandLine),
        ("", (true, false, false), Some("dotenv"), Origin::DotEnv(name())),
    ];
    for (file, (dotenv, env, set), model, origin) in cases {
        let effective = with(file, &sources(dotenv, env, set)).unwrap();
        assert_eq!(effective.agent().models.llm.model.as_deref(), model);
        assert_eq!(effective.origin("models.llm.model"), Some(&origin));
        assert_eq!(effective.origin("models.stt.model"), Some(&Origin::Default));
    }
}

#[test]
fn nothing_set_is_the_default_of_the_conversation() {
    let effective = agent("").unwrap();
    assert_eq!(effective.agent().to_conversation_config(), Config::default());
    assert_eq!(*effective.agent(), crate::AgentFile::default());
}

#[test]
fn every_setting_of_the_conversation_arrives() {
    let yaml = "
language: fr
instructions: I
greeting: G
reprompt: R
apology: A
filler: F
voice: {name: V, rate: 1.5}
models: {turn_detector: {provider: none}}
turn_taking:
  preemptive: false
  preemptive_after_ms: 1
  preemptive_speech: false
  endpointing: {mode: fixed, floor_ms: 2, middle_ms: 3, ceiling_ms: 4, without_detector_ms: 5, detector_timeout_ms: 14,
    open_words: false, threshold: 0.7, sure: 0.8, dynamic: {min_ms: 6, max_ms: 7}, provider_ceiling_ms: 8,
    transcript_grace_ms: 9}
  interruption: {enabled: false, min_words: 5, min_speech_ms: 60, ignore_shorter_ms: 7,
    transcript_grace_ms: 8, backchannels: [oui], backchannel_from: 0.9, interruption_up_to: 0.2,
    background_from: 0.95, detector_after_ms: 22, detector_timeout_ms: 13,
    echo: {enabled: false, window_ms: 9, min_words: 3, longest_ms: 10},
    mute: {first_speech: true, while_tool_runs: true, always: true}, fade_ms: 11}
  floor: {max_turn_ms: 1000, away_after_ms: null}
limits: {max_reply_tokens: 8, max_history_items: 9, max_reprompts: 7, max_tool_steps: 6, model_timeout_ms: 10,
  playout_timeout_ms: 11}
";
    let config = agent(yaml).unwrap().agent().to_conversation_config();
    let json = serde_json::to_value(&config).unwrap();
    let default = serde_json::to_value(Config::default()).unwrap();
    let mut same = Vec::new();
    unchanged(&json, &default, "", &mut same);
    // What depends on the engines, the tools and the place of use is not in the file.
    let others = [
        "/backchannel_detector",
        "/filler_after",
        "/ground_tool_calls",
        "/playout_rate_hz",
        "/segments_ahead",
        "/speak",
        "/tool_timeout",
        "/tools",
    ];
    assert_eq!(same, others, "no agent file speaks of others");
}

/// The paths of `value` that are as in `default`; whole and part of a duration count as one.
fn unchanged(value: &Value, default: &Value, path: &str, same: &mut Vec<String>) {
    match value.as_object() {
        Some(fields) if !fields.contains_key("nanos") => {
            for (key, value) in fields {
                unchanged(value, &default[key], &format!("{path}/{key}"), same);
            }
        }
        _ if value == default => same.push(path.to_owned()),
        _ => {}
    }
}

#[test]
fn variables_reach_into_lists_and_take_yaml_in_brackets() {
    let yaml = "tools:\n  - http: {name: a, url: https://a}\n";
    let set = ["tools.0.http.url=https://b", "turn_taking.interruption.backchannels=[oui, non]"];
    let effective = with(yaml, &Sources::none().with_set(set.map(str::to_owned).to_vec())).unwrap();
    let crate::Tool::Http(http) = &effective.agent().tools[0] else { panic!("not http") };
    assert_eq!(http.url, "https://b");
    assert_eq!(effective.agent().turn_taking.interruption.backchannels, ["oui", "non"]);
}

#[test]
fn text_outside_the_file_needs_no_quotes() {
    let env = [("ANTIPHON__GREETING", "Hello: how are # you?"), ("ANTIPHON__NAME", "7")];
    let effective = with("", &Sources::none().with_env(env)).unwrap();
    assert_eq!(effective.agent().greeting, "Hello: how are # you?");
    assert_eq!(effective.agent().name, "7");
}

#[test]
fn a_wrong_variable_is_named() {
    let set = ["models.lm.model=q", "tools.3=x", "nonsense"].map(str::to_owned).to_vec();
    let env = [("ANTIPHON__VOICE__RATE", "fast"), ("ANTIPHON_MODELS", "/elsewhere")];
    let error = with("", &Sources::none().with_env(env).with_set(set)).unwrap_err().to_string();
    expect_test::expect![[r#"
        command line: tools.3: the list is not that long

        --set: there is no `=`
         = help: write --set models.llm.model=qwen

        command line: models.lm: there is no field `lm`
         = help: did you mean `llm`?

        environment ANTIPHON__VOICE__RATE: voice.rate: expected a number, found text"#]]
    .assert_eq(&error);
}

#[test]
fn a_dotenv_file_is_read_as_people_write_it() {
    let text = "\n# comment\nA=plain # said\nexport B='a b # $c'\nC=\"x\\ny \\\"z\\\"\"\nD=\n";
    let sources = Sources::none().with_dotenv(".env", text).unwrap();
    let value = |name| sources.variable(name);
    assert_eq!(value("A").as_deref(), Some("plain"));
    assert_eq!(value("B").as_deref(), Some("a b # $c"));
    assert_eq!(value("C").as_deref(), Some("x\ny \"z\""));
    assert_eq!(value("D").as_deref(), Some(""));
    let error = Sources::none().with_dotenv(".env", "A=1\nB\nC='x").unwrap_err().to_string();
    assert!(error.contains("line 2: there is no `=`"), "{error}");
    assert!(error.contains("line 3: the quotes are not closed"), "{error}");
}

#[test]
fn a_key_without_a_value_keeps_the_defaults_below_it() {
    let effective = agent("models:\nvoice:\nlimits: {}\n").unwrap();
    assert_eq!(*effective.agent(), crate::AgentFile::default());
}

#[test]
fn scalars_mean_what_is_wanted() {
    let effective = agent("name: 1.10\ngreeting: no\nlimits: {max_tool_steps: 0x10}\n").unwrap();
    assert_eq!(effective.agent().name, "1.10");
    assert_eq!(effective.agent().greeting, "no");
    assert_eq!(effective.agent().limits.max_tool_steps, 16);
}

proptest! {
    #[test]
    fn dotenv_takes_any_text(text in any::<String>()) {
        let _ = Sources::none().with_dotenv(".env", &text);
    }

    #[test]
    fn quoted_values_survive_a_dotenv_file(value in "[^\\x00-\\x1f]{0,40}") {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let sources = Sources::none().with_dotenv(".env", &format!("A=\"{escaped}\"")).unwrap();
        prop_assert_eq!(sources.variable("A"), Some(value));
    }
}
