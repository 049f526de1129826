//! Secrets arrive, and are never printed.

use super::{agent, with};
use crate::{Reload, Setting, Sources, Tool};

const CANARY: &str = "canary-5f3c";

const YAML: &str = "models:
  llm:
    provider: openai
    options:
      api_key: ${A_KEY}
      nested: {list: [{env: A_KEY}, plain]}
      literal_token: canary-5f3c
      max_tokens: 7
tools:
  - http:
      name: a
      url: https://a
      headers: {Authorization: 'Bearer ${A_KEY}', Accept: '$${x}'}
";

fn sources() -> Sources {
    let env = [("A_KEY", CANARY), ("ANTIPHON__MODELS__STT__OPTIONS__SECRET", CANARY)];
    Sources::none().with_env(env).with_dotenv(".env", "A_KEY=older\n").unwrap()
}

#[test]
fn references_are_filled_in_everywhere() {
    let effective = with(YAML, &sources()).unwrap();
    let options = &effective.agent().models.llm.options;
    assert_eq!(options["api_key"].expose(), CANARY);
    assert_eq!(options["nested"].expose(), serde_json::json!({"list": [CANARY, "plain"]}));
    assert_eq!(options["literal_token"].expose(), CANARY);
    assert_eq!(options["max_tokens"], Setting::Number(7.into()));
    let Tool::Http(http) = &effective.agent().tools[0] else { panic!("not http") };
    assert_eq!(http.headers["Authorization"].expose(), format!("Bearer {CANARY}"));
    assert_eq!(http.headers["Accept"].expose(), "${x}");
}

#[test]
fn no_output_holds_a_secret() {
    let effective = with(YAML, &sources()).unwrap();
    let json = serde_json::to_string(effective.agent()).unwrap();
    let later = YAML.replace("literal_token: ", "literal_token: x");
    let Reload::Applied { changes, .. } = effective.reload_from(later.as_bytes(), &sources())
    else {
        panic!("a changed secret is a change")
    };
    let outputs = [
        effective.show(),
        format!("{:?}", effective.leaves()),
        format!("{:?} {:?} {:?}", effective, effective.agent(), sources()),
        format!("{changes:?}"),
        json,
    ];
    for output in &outputs {
        assert!(!output.contains(CANARY), "{output}");
    }
    assert!(outputs[0].contains("api_key: \"${A_KEY}\" # agent.yaml:5:16"), "{}", outputs[0]);
    assert!(outputs[0].contains("max_tokens: 7"), "{}", outputs[0]);
}

#[test]
fn no_error_holds_a_secret() {
    let broken = [
        "models: {llm: {options: {api_key: canary-5f3c}}, x: 1}",
        "models: {llm: {api_key: canary-5f3c}}",
        "api_key: canary-5f3c\n",
        "tools: [{http: {name: a, url: b, headers: {Authorization: [canary-5f3c]}}}]",
        "models:\n  llm:\n    options:\n      password: \"canary-5f3c\n",
        "models:\n  llm:\n    options:\n      my-token: canary-5f3c: x\n",
    ];
    for yaml in broken {
        let error = agent(yaml).unwrap_err();
        assert!(!error.to_string().contains(CANARY), "{error}");
        assert!(!format!("{error:?}").contains(CANARY), "{error:?}");
    }
}

#[test]
fn a_missing_variable_is_named_with_its_line() {
    let error = agent(YAML).unwrap_err().to_string();
    expect_test::expect![[r#"
        agent.yaml:5:16: models.llm.options.api_key: the environment variable A_KEY is not set
          |
        5 |       api_key: ${A_KEY}
          |                ^^^^^^^^
          = help: set it in the environment, or write A_KEY=... into the .env file

        agent.yaml:6:23: models.llm.options.nested.list.0: the environment variable A_KEY is not set
          |
        6 |       nested: {list: [{env: A_KEY}, plain]}
          |                       ^
          = help: set it in the environment, or write A_KEY=... into the .env file

        agent.yaml:13:32: tools.0.http.headers.Authorization: the environment variable A_KEY is not set
           |
        13 |       headers: {Authorization: <hidden>
           |                                ^^^^^^^^
           = help: set it in the environment, or write A_KEY=... into the .env file"#]].assert_eq(&error);
    let empty = Sources::none().with_env([("A_KEY", "")]);
    assert!(with(YAML, &empty).is_err(), "an empty variable is a missing one");
}

#[test]
fn a_broken_reference_says_what_is_wrong() {
    let error = agent("models: {llm: {options: {a: '${', b: '${1}', c: {env: a b}}}}").unwrap_err();
    expect_test::expect![[r#"
        agent.yaml:1:29: models.llm.options.a: `${` is not closed
          |
        1 | models: {llm: {options: {a: '${', b: '${1}', c: {env: a b}}}}
          |                             ^^^^

        agent.yaml:1:38: models.llm.options.b: a reference is `${NAME}`: letters, digits and _ only
          |
        1 | models: {llm: {options: {a: '${', b: '${1}', c: {env: a b}}}}
          |                                      ^^^^^^

        agent.yaml:1:49: models.llm.options.c: a reference is `${NAME}`: letters, digits and _ only
          |
        1 | models: {llm: {options: {a: '${', b: '${1}', c: {env: a b}}}}
          |                                                 ^"#]]
    .assert_eq(&error.to_string());
}
