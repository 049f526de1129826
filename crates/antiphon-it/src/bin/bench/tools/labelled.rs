//! The labelled sets: what callers say, and what should come of it.

use std::collections::BTreeMap;

use antiphon::{
    Code, Error, Result,
    llm::{LlmRequest, Message, Role},
    tools::{EffectClass, ToolSpec},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reading::Made;

/// An agent, its tools, and messages to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Labelled {
    instructions: String,
    tools: Vec<Offered>,
    pub(super) cases: Vec<Case>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Offered {
    name: String,
    description: String,
    parameters: Value,
}

/// A message of a caller.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What was said before, by the caller and the agent in turns.
    #[serde(default)]
    before: Vec<String>,
    pub(super) user: String,
    pub(super) wanted: Wanted,
    /// The tool to call.
    pub(super) tool: Option<String>,
    /// Its arguments, each with every value that is right.
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, Vec<Value>>,
}

/// What should come of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wanted {
    /// A call: everything it needs has been said.
    Call,
    /// A question for what a call still needs.
    Question,
    /// An answer in words.
    Words,
}

impl Labelled {
    /// Guests of a restaurant: the messages that the gate was made with.
    pub(crate) fn read() -> Result<Self> {
        Self::parse(include_str!("../../../../data/tool_calls.json"))
    }

    /// Callers of a parcel service: messages that nothing was ever adjusted to.
    pub(crate) fn held_out() -> Result<Self> {
        Self::parse(include_str!("../../../../data/tool_calls_held_out.json"))
    }

    fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| {
            Error::new("bench.tools", Code::Internal, "the labelled set cannot be read")
                .with_source(e)
        })
    }

    pub(crate) fn specs(&self) -> impl Iterator<Item = ToolSpec> {
        self.tools.iter().map(|tool| {
            ToolSpec::new(&tool.name, &tool.description)
                .with_parameters(tool.parameters.clone())
                .with_effect(EffectClass::Read)
        })
    }

    /// What the model is asked.
    pub(super) fn request(&self, case: &Case, max_tokens: u32) -> LlmRequest {
        let roles = [Role::User, Role::Assistant].into_iter().cycle();
        let said = case.before.iter().chain([&case.user]);
        let said = said.zip(roles).map(|(text, role)| Message::new(role, text));
        let system = Message::new(Role::System, &self.instructions);
        LlmRequest {
            messages: [system].into_iter().chain(said).collect(),
            tools: self.specs().map(|spec| spec.definition()).collect(),
            max_tokens: Some(max_tokens),
            temperature: Some(0.0),
            ..LlmRequest::default()
        }
    }
}

impl Case {
    /// All that the caller said, a line each.
    pub(super) fn said(&self) -> String {
        let before = self.before.iter().step_by(2);
        before.chain([&self.user]).map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    /// Whether `call` is of the tool that is wanted.
    pub(super) fn wants(&self, call: &Made) -> bool {
        self.wanted == Wanted::Call && self.tool.as_deref() == Some(&call.name)
    }

    /// Whether every argument of `call` is right, and there is none too many.
    pub(super) fn is_exact(&self, call: &Made) -> bool {
        let Some(made) = call.arguments.as_object() else { return false };
        let right = |(name, values): (&String, &Vec<Value>)| {
            made.get(name).is_some_and(|made| values.iter().any(|value| same(value, made)))
        };
        let extra = |(name, value): (&String, &Value)| {
            // What is left out is what is not wanted.
            !self.arguments.contains_key(name) && !matches!(value, Value::Null | Value::Bool(false))
        };
        self.arguments.iter().all(right) && !made.iter().any(extra)
    }
}

/// Texts by their words, all else by its value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::String(b)) => words(a) == words(b),
        _ => a == b,
    }
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words = words.map(str::to_lowercase);
    words.filter(|word| !matches!(word.as_str(), "at" | "on" | "the")).collect()
}
