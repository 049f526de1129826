//! What the turns of a conversation say: messages, the tools on offer, calls and their results.
//!
//! The wording is that of the chat template of Qwen2.5. SmolLM2 was trained on the same tags. It
//! deliberately knows no tokens, and reads no calls: that is `calls`.

use std::io::{self, Write};

use antiphon_core::{ToolCall, ToolDefinition};
use antiphon_llm::{LlmRequest, Message, Role, ToolChoice};
use serde::Serialize as _;
use serde_json::{Serializer, Value, from_str, ser::Formatter};

/// Tags that some vocabularies hold as a token each.
pub(crate) const TAGS: [&str; 2] = ["<tool_call>", "</tool_call>"];

const OFFER: &str = "# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>";

const FORM: &str = "
</tools>

For each function call, return a json object with function name and arguments within \
<tool_call></tool_call> XML tags:
<tool_call>
{\"name\": <function-name>, \"arguments\": <args-json-object>}
</tool_call>";

/// A conversation that begins with the assistant is none that a model has seen with tools: Qwen
/// 0.5B then answers every question out of its own head. So the greeting is told, not shown.
const GREETED: &str = "You have begun the conversation with the words ";

/// Ends a request for words where there are tools: kept from calling, Qwen 0.5B otherwise describes
/// the call. It stands at the end, so that all before it may come from the cache.
const SPEAK: &str = "\nAnswer in words.";

/// A turn of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Who speaks, and what.
    pub(crate) text: String,
    /// Whether [`TAGS`] in it are tags. In what comes from outside they are text.
    pub(crate) tagged: bool,
}

/// The turns of a request. They begin alike as long as its messages and tools do; the last may end
/// otherwise.
pub(crate) fn turns(request: &LlmRequest) -> Vec<Turn> {
    let LlmRequest { messages, tools, tool_choice, .. } = request;
    let mut turns: Vec<Turn> =
        messages.chunk_by(|a, b| (a.role, b.role) == (Role::Tool, Role::Tool)).map(turn).collect();
    let called = messages.iter().any(|message| !message.tool_calls.is_empty());
    if tools.is_empty() && !called {
        return turns;
    }
    let greeting = match messages.as_slice() {
        [system, greeting, ..] if system.role == Role::System => Some(greeting),
        _ => None,
    };
    let has_to_speak = !tools.is_empty() && *tool_choice == ToolChoice::None;
    if let Some(last) = turns.last_mut().filter(|_| has_to_speak) {
        last.text += SPEAK;
    }
    let mut added = String::new();
    if let Some(greeting) =
        greeting.filter(|m| m.role == Role::Assistant && m.tool_calls.is_empty())
    {
        added = format!("\n\n{GREETED}{:?}", greeting.content);
        turns.remove(1);
    }
    if !tools.is_empty() {
        let offer = tools.iter().map(|tool| format!("\n{}", signature(tool)));
        added += &format!("\n\n{OFFER}{}{FORM}", offer.collect::<String>());
    }
    match turns.first_mut() {
        Some(first) if messages.first().is_some_and(|m| m.role == Role::System) => {
            first.text += &added;
            first.tagged |= !tools.is_empty();
        }
        Some(_) | None => {
            turns.insert(0, Turn { text: format!("system\n{}", added.trim_start()), tagged: true });
        }
    }
    turns
}

/// The turn of one message, or of the results of several calls.
fn turn(messages: &[Message]) -> Turn {
    let mut text = String::new();
    let mut tagged = false;
    for Message { role, content, tool_calls, .. } in messages {
        match role {
            Role::System => text = format!("system\n{content}"),
            Role::User => text = format!("user\n{content}"),
            Role::Assistant if tool_calls.is_empty() => text = format!("assistant\n{content}"),
            Role::Assistant => {
                let said = if content.is_empty() { "" } else { "\n" };
                text = format!("assistant{said}{content}");
                tool_calls.iter().for_each(|call| text.push_str(&calling(call)));
                tagged = true;
            }
            Role::Tool => {
                let who = if text.is_empty() { "user" } else { "" };
                text += &format!("{who}\n<tool_response>\n{content}\n</tool_response>");
            }
        }
    }
    Turn { text, tagged }
}

fn signature(ToolDefinition { name, description, parameters, .. }: &ToolDefinition) -> String {
    let [name, description] = [name, description].map(|text| spaced(&text.as_str().into()));
    let parameters = spaced(parameters);
    format!(
        r#"{{"type": "function", "function": {{"name": {name}, "description": {description}, "parameters": {parameters}}}}}"#
    )
}

fn calling(ToolCall { name, arguments, .. }: &ToolCall) -> String {
    // What is no JSON stays as the model wrote it.
    let arguments = from_str(arguments).map_or_else(|_| arguments.clone(), |v: Value| spaced(&v));
    format!("\n<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}\n</tool_call>")
}

/// JSON on one line with a space after each comma and colon: Python's way, which the models were
/// trained on.
fn spaced(value: &Value) -> String {
    let mut text = Vec::new();
    let written = value.serialize(&mut Serializer::with_formatter(&mut text, Spaced));
    let text = written.ok().and_then(|()| String::from_utf8(text).ok());
    text.unwrap_or_else(|| value.to_string())
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, to: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { to.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, to: &mut W) -> io::Result<()> {
        to.write_all(b": ")
    }
}
