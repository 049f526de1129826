//! What a person reads when something is wrong.

use expect_test::{Expect, expect};

use super::{agent, complaint};
use crate::Origin;

fn check(yaml: &str, expected: Expect) {
    expected.assert_eq(&complaint(yaml));
}

#[test]
fn a_slip_in_a_field_is_pointed_at_and_mended() {
    check(
        "name: a\nmodels:\n  llm:\n    modle: qwen\n",
        expect![[r#"
        agent.yaml:4:5: models.llm.modle: there is no field `modle`
          |
        4 |     modle: qwen
          |     ^^^^^
          = help: did you mean `model`?"#]],
    );
}

#[test]
fn all_faults_are_found_at_once() {
    let yaml = "nmae: a\ngreeting: [hi]\nlimits:\n  max_tool_steps: many\n  max_history_items: -3\n\
                voice:\n  rate: fast\ntools:\n  - builtn: end_call\n  - http: {name: a}\n";
    check(
        yaml,
        expect![[r#"
            agent.yaml:1:1: nmae: there is no field `nmae`
              |
            1 | nmae: a
              | ^^^^
              = help: did you mean `name`?

            agent.yaml:2:11: greeting: expected text, found a list
              |
            2 | greeting: [hi]
              |           ^

            agent.yaml:4:19: limits.max_tool_steps: expected a whole number, 0 or more, found text
              |
            4 |   max_tool_steps: many
              |                   ^^^^

            agent.yaml:5:22: limits.max_history_items: expected a whole number, 0 or more
              |
            5 |   max_history_items: -3
              |                      ^^

            agent.yaml:7:9: voice.rate: expected a number, found text
              |
            7 |   rate: fast
              |         ^^^^

            agent.yaml:9:5: tools.0.builtn: `builtn` is not known here
              |
            9 |   - builtn: end_call
              |     ^^^^^^
              = help: did you mean `builtin`?

            agent.yaml:10:11: tools.1.http: `url` is missing
               |
            10 |   - http: {name: a}
               |           ^
               = help: add `url:`"#]],
    );
}

#[test]
fn bounds_of_the_schema_are_kept() {
    let yaml = "name: \"\"\nvoice: {rate: 3}\nturn_taking:\n  endpointing:\n    threshold: .nan\n\
                \x20   floor_ms: 70000\ntools:\n\x20 - http: {name: a, url: 'https://a', timeout_ms: 0}\n";
    check(
        yaml,
        expect![[r#"
            agent.yaml:1:7: name: must be between 1 and 64 characters
              |
            1 | name: ""
              |       ^^

            agent.yaml:2:15: voice.rate: must be between 0.5 and 2
              |
            2 | voice: {rate: 3}
              |               ^

            agent.yaml:5:16: turn_taking.endpointing.threshold: must be between 0 and 1
              |
            5 |     threshold: .nan
              |                ^^^^

            agent.yaml:6:15: turn_taking.endpointing.floor_ms: must be between 0 and 60000
              |
            6 |     floor_ms: 70000
              |               ^^^^^

            agent.yaml:8:51: tools.0.http.timeout_ms: must be between 1 and 600000
              |
            8 |   - http: {name: a, url: 'https://a', timeout_ms: 0}
              |                                                   ^"#]],
    );
}

#[test]
fn settings_must_go_together() {
    let yaml = "turn_taking:\n  endpointing:\n    floor_ms: 900\n    ceiling_ms: 500\n\
                language: english please\n";
    check(
        yaml,
        expect![[r#"
        agent.yaml:3:15: turn_taking.endpointing.floor_ms: endpointing.floor (900ms) exceeds endpointing.ceiling (500ms)
          |
        3 |     floor_ms: 900
          |               ^^^
          = help: lower the first or raise the second

        agent.yaml:5:11: language: is not a BCP 47 tag
          |
        5 | language: english please
          |           ^^^^^^^^^^^^^^
          = help: write it as `en` or `pt-BR`"#]],
    );
}

#[test]
fn a_tool_elsewhere_is_reached_as_it_can_be() {
    let yaml = "tools:\n  - mcp: {name: b, command: b, prefix: 'b.'}\n  \
                - http: {name: c, url: 'https://{host}/', response: items}\n";
    check(
        yaml,
        expect![[r#"
        agent.yaml:2:40: tools.0.mcp.prefix: models cannot call tools of such names
          |
        2 |   - mcp: {name: b, command: b, prefix: 'b.'}
          |                                        ^^^^
          = help: use letters, digits, `_` and `-`

        agent.yaml:3:26: tools.1.http.url: lets the model choose the host
          |
        3 |   - http: {name: c, url: 'https://{host}/', response: items}
          |                          ^^^^^^^^^^^^^^^^^
          = help: write the host out

        agent.yaml:3:26: tools.1.http.url: `{host}` is not one of the parameters
          |
        3 |   - http: {name: c, url: 'https://{host}/', response: items}
          |                          ^^^^^^^^^^^^^^^^^
          = help: add it to `parameters: properties:`

        agent.yaml:3:55: tools.1.http.response: is no JSON pointer
          |
        3 |   - http: {name: c, url: 'https://{host}/', response: items}
          |                                                       ^^^^^
          = help: write it as /items/0/name"#]],
    );
}

#[test]
fn tools_must_make_sense() {
    let yaml = "tools:\n  - mcp: {name: a}\n  - mcp: {name: b, url: ftp://b, env: {A: b}}\n  \
                - http: {name: a b, url: 'https://x/{id}', parameters: {type: string}}\n  \
                - builtin: a\n";
    check(
        yaml,
        expect![[r#"
            agent.yaml:2:17: tools.0.mcp.name: the server has neither `command` nor `url`
              |
            2 |   - mcp: {name: a}
              |                 ^
              = help: add `command:` to start it or `url:` to reach it

            agent.yaml:3:25: tools.1.mcp.url: is not an address
              |
            3 |   - mcp: {name: b, url: ftp://b, env: {A: b}}
              |                         ^^^^^^^
              = help: write it as https://host/path

            agent.yaml:3:39: tools.1.mcp.env: means nothing without `command`
              |
            3 |   - mcp: {name: b, url: ftp://b, env: {A: b}}
              |                                       ^
              = help: remove it

            agent.yaml:4:18: tools.2.http.name: models cannot call a tool of this name
              |
            4 |   - http: {name: a b, url: 'https://x/{id}', parameters: {type: string}}
              |                  ^^^
              = help: use letters, digits, `_` and `-`

            agent.yaml:4:28: tools.2.http.url: `{id}` is not one of the parameters
              |
            4 |   - http: {name: a b, url: 'https://x/{id}', parameters: {type: string}}
              |                            ^^^^^^^^^^^^^^^^
              = help: add it to `parameters: properties:`

            agent.yaml:4:58: tools.2.http.parameters: must be the schema of an object
              |
            4 |   - http: {name: a b, url: 'https://x/{id}', parameters: {type: string}}
              |                                                          ^
              = help: begin it with `type: object`

            agent.yaml:5:14: tools.3.builtin: there is another tool `a`
              |
            5 |   - builtin: a
              |              ^"#]],
    );
}

#[test]
fn broken_syntax_says_where() {
    check(
        "name: a\ngreeting: \"hello\nvoice: {rate: 1\n",
        expect![[r#"
            agent.yaml:3:1: this is not YAML: invalid indentation in multiline quoted scalar
              |
            3 | voice: {rate: 1
              | ^"#]],
    );
    check(
        "name: a\ngreeting: Hello: you\n",
        expect![[r#"
        agent.yaml:2:16: this is not YAML: mapping values are not allowed in this context
          |
        2 | greeting: Hello: you
          |                ^
          = help: text with `: ` in it must be quoted"#]],
    );
    check(
        "models:\n\tllm: {}\n",
        expect![[r#"
        agent.yaml:2:2: this is not YAML: tabs disallowed within this context (block indentation)
          |
        2 |  llm: {}
          |  ^
          = help: indent with spaces: YAML has no tabs there"#]],
    );
    check(
        "name: a\nname: b\nvoice: !fast {}\n",
        expect![[r#"
            agent.yaml:2:1: `name` is here twice
              |
            2 | name: b
              | ^^^^

            agent.yaml:3:8: tags (`!name`) mean nothing here
              |
            3 | voice: !fast {}
              |        ^^^^^
              = help: remove the tag; quote what must be text"#]],
    );
    check(
        "name: a\n---\nname: b\n",
        expect![[r#"
        agent.yaml:2:1: a second document begins here
          |
        2 | ---
          | ^
          = help: one file holds one agent: remove `---` and the rest"#]],
    );
    check(
        "- name: a\n",
        expect![[r#"
        agent.yaml:1:1: an agent is a mapping
          |
        1 | - name: a
          | ^
          = help: begin with `name:`"#]],
    );
}

#[test]
fn others_can_refuse_a_value_with_its_place() {
    let effective = agent("models:\n  llm:\n    provider: opnai\n").unwrap();
    let error = effective.refuse(
        "models.llm.provider",
        "there is no provider `opnai`",
        "opnai",
        &["local", "openai"],
    );
    expect![[r#"
        agent.yaml:3:15: models.llm.provider: there is no provider `opnai`
          |
        3 |     provider: opnai
          |               ^^^^^
          = help: did you mean `openai`?"#]]
    .assert_eq(&error.to_string());
    assert_eq!(error.problems()[0].origin, Some(Origin::File { line: 3, column: 15 }));
}

#[test]
fn an_error_becomes_the_error_of_the_workspace() {
    let error = antiphon_core::Error::from(agent("nmae: a").unwrap_err());
    assert_eq!(error.code(), antiphon_core::Code::AgentInvalid);
    assert!(error.detail().contains("did you mean `name`?"), "{error}");
}
