//! The published schema: up to date, and of one mind with the loader.

use std::path::{Path, PathBuf};

use antiphon_config::{ConfigError, Effective, Sources, load, parse, schema};
use expect_test::expect_file;
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn example(name: &str) -> Result<Effective, ConfigError> {
    let env = [("RESTAURANT_TOKEN", "r"), ("OPENAI_API_KEY", "o"), ("TICKETS_TOKEN", "t")];
    let path = root().join("examples/agents").join(name);
    load(&path, &Sources::none().with_env(env))
}

#[test]
fn the_published_schema_is_up_to_date() {
    let text = format!("{}\n", serde_json::to_string_pretty(schema()).unwrap());
    // To write it anew: UPDATE_EXPECT=1 cargo test -p antiphon-config --test schema
    expect_file!["../../../docs/agent.schema.json"].assert_eq(&text);
}

#[test]
fn the_examples_load() {
    assert_eq!(example("hello.yaml").unwrap().agent().name, "hello");
    let restaurant = example("restaurant.yaml").unwrap();
    assert_eq!(restaurant.agent().tools.len(), 1);
    assert_eq!(restaurant.agent().turn_taking.endpointing.ceiling_ms, 1800);
    let support = example("support.yaml").unwrap();
    assert!(support.agent().instructions.text().starts_with("You are the first line of support"));
    for effective in [restaurant, support] {
        effective.agent().to_conversation_config().validate().unwrap();
    }
}

/// The values of a file as an editor sees them.
fn as_json(yaml: &str) -> Result<Value, Box<dyn std::error::Error>> {
    let tool = format!(
        "tools: [{{http: {{name: a, url: 'https://a', parameters: {{type: object, x: {yaml}}}}}}}]"
    );
    let effective = parse(Path::new("a"), tool.as_bytes(), &Sources::none())?;
    let tools = serde_json::to_value(&effective.agent().tools)?;
    Ok(tools.pointer("/0/http/parameters/x").cloned().ok_or("lost")?)
}

#[test]
fn schema_and_loader_agree() {
    let validator = jsonschema::validator_for(schema()).unwrap();
    let cases = [
        ("{name: a, language: null}", true),
        ("{instructions: {file: Cargo.toml}}", true),
        ("{instructions: {path: a}}", false),
        ("{nmae: a}", false),
        ("{name: ''}", false),
        ("{voice: {rate: 2}}", true),
        ("{voice: {rate: 2.1}}", false),
        ("{voice: {rate: fast}}", false),
        ("{limits: {max_history_items: 1}}", false),
        ("{limits: {max_reply_tokens: -1}}", false),
        ("{turn_taking: {endpointing: {threshold: 1.5}}}", false),
        ("{turn_taking: {endpointing: {floor_ms: 70000, ceiling_ms: 80000}}}", false),
        ("{models: {llm: {provider: ''}}}", false),
        ("{models: {llm: {options: {a: [1, {b: null}]}}}}", true),
        ("{tools: [{builtin: end_call}]}", true),
        ("{tools: [{builtin: a, mcp: {name: a, url: 'https://a'}}]}", false),
        ("{tools: [{mcp: {name: a, command: b, args: [c], env: {D: e}}}]}", true),
        ("{tools: [{mcp: {name: '', command: b}}]}", false),
        ("{tools: [{mcp: {name: a, command: b, timeout_ms: 0}}]}", false),
        ("{tools: [{http: {name: a, url: 'https://a', method: POST, effect: read}}]}", true),
        ("{tools: [{http: {name: a b, url: 'https://a'}}]}", false),
        ("{tools: [{http: {name: a, url: 'https://a', method: post}}]}", false),
        ("{tools: [{http: {name: a}}]}", false),
        ("{context: {max_messages: 1}}", false),
    ];
    for (yaml, good) in cases {
        let json = as_json(yaml).unwrap();
        assert_eq!(validator.is_valid(&json), good, "the schema on {yaml}");
        let loaded = parse(Path::new("a"), yaml.as_bytes(), &Sources::none());
        assert_eq!(loaded.is_ok(), good, "the loader on {yaml}: {loaded:?}");
    }
}

#[test]
fn every_field_is_described() {
    let mut bare = Vec::new();
    let definitions = schema()["$defs"].as_object().unwrap();
    for (name, definition) in definitions.iter().chain([(&"agent".to_owned(), schema())]) {
        for (field, schema) in definition["properties"].as_object().into_iter().flatten() {
            if schema.get("description").is_none() {
                bare.push(format!("{name}.{field}"));
            }
        }
    }
    assert!(bare.is_empty(), "without description: {bare:?}");
}
