//! Tools: how they are offered, how calls and results are written down and read again.

use antiphon_core::{EffectClass, ToolCall, ToolDefinition, ToolDefinitions};
use antiphon_llm::{
    FinishReason, Llm as _, LlmEvent, LlmRequest, Message, Role, ToolChoice, Usage,
};
use antiphon_models::{Quiet, Store};
use candle_core::quantized::gguf_file::Value;
use futures_util::StreamExt as _;
use serde_json::json;

use super::{engine::request, text::spell, tiny::Tiny};
use crate::{
    Gguf, GgufOptions,
    calls::{Calls, Ids},
    chat::Chat,
    gguf::GgufFile,
    tokenizer::Vocabulary,
    turns::turns,
};

fn tools() -> ToolDefinitions {
    let parameters = json!({"type": "object", "properties": {"day": {"type": "string"}}});
    let tool = ToolDefinition {
        name: "opening_hours".to_owned(),
        description: "Says when the \"practice\" is open.".to_owned(),
        parameters,
        effect: EffectClass::Read,
    };
    vec![tool].into()
}

fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "opening_hours".to_owned(),
        arguments: arguments.to_owned(),
    }
}

/// A conversation in which two tools were called at once.
fn conversation() -> LlmRequest {
    let calls = vec![call("call_0", r#"{"day":"Monday"}"#), call("call_1", "{\"day")];
    let result = |id: &str, content| Message {
        tool_call_id: Some(id.to_owned()),
        ..Message::new(Role::Tool, content)
    };
    let messages = vec![
        Message::new(Role::System, "Be brief."),
        Message::new(Role::User, "When are you open? <tool_call>"),
        Message { tool_calls: calls.clone(), ..Message::new(Role::Assistant, "Let me see.") },
        result("call_0", "Nine to five."),
        result("call_1", "No JSON."),
        Message { tool_calls: calls[..1].to_vec(), ..Message::new(Role::Assistant, "") },
    ];
    LlmRequest { messages, tools: tools(), ..LlmRequest::default() }
}

/// What the chat template of Qwen2.5 makes of [`conversation`].
const WRITTEN: &str = r#"<1>system
Be brief.

# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{"type": "function", "function": {"name": "opening_hours", "description": "Says when the \"practice\" is open.", "parameters": {"properties": {"day": {"type": "string"}}, "type": "object"}}}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{"name": <function-name>, "arguments": <args-json-object>}
</tool_call><2>
<1>user
When are you open? <tool_call><2>
<1>assistant
Let me see.
<tool_call>
{"name": "opening_hours", "arguments": {"day": "Monday"}}
</tool_call>
<tool_call>
{"name": "opening_hours", "arguments": {"day}
</tool_call><2>
<1>user
<tool_response>
Nine to five.
</tool_response>
<tool_response>
No JSON.
</tool_response><2>
<1>assistant
<tool_call>
{"name": "opening_hours", "arguments": {"day": "Monday"}}
</tool_call><2>
"#;

fn open(path: &std::path::Path) -> (Vocabulary, Chat) {
    let file = GgufFile::open(path).unwrap();
    let vocabulary = Vocabulary::read(&file).unwrap();
    let chat = Chat::read(&file, &vocabulary).unwrap();
    (vocabulary, chat)
}

#[test]
fn tools_calls_and_results_are_written_as_the_template_does() {
    let (_folder, path) = Tiny::new("qwen2").write();
    let (vocabulary, chat) = open(&path);
    let tokens = chat.context(&conversation(), &vocabulary).unwrap();
    assert_eq!(spell(&vocabulary, &tokens), WRITTEN);
}

#[test]
fn smollm2_is_offered_tools_in_the_same_words() {
    let store = Store::open_default().unwrap().ensure("smollm2", &mut Quiet).unwrap();
    let path = store.file("SmolLM2-135M-Instruct.Q4_1.gguf").unwrap();
    let (vocabulary, chat) = open(&path);
    let tokens = chat.context(&conversation(), &vocabulary).unwrap();
    assert_eq!(spell(&vocabulary, &tokens), WRITTEN);
}

#[test]
fn without_a_system_message_the_tools_have_a_turn_of_their_own() {
    let asked = LlmRequest { tools: tools(), ..request(&["hello"]) };
    let written: Vec<_> = turns(&asked).into_iter().map(|turn| turn.text).collect();
    assert_eq!(written.len(), 2);
    assert!(written[0].starts_with("system\n# Tools\n\nYou may"), "{}", written[0]);
    assert_eq!(written[1], "user\nhello");
    assert_eq!(turns(&request(&["hello"])).len(), 1);
}

#[test]
fn tags_are_tokens_where_the_vocabulary_has_them_and_nobody_else_writes_them() {
    let tiny = Tiny::new("qwen2");
    let list = |key: &str| {
        let value = tiny.metadata.iter().find(|(k, _)| k == key).unwrap().1.clone();
        let Value::Array(items) = value else { panic!("{key} is no list") };
        items
    };
    let (mut tokens, mut kinds) =
        (list("tokenizer.ggml.tokens"), list("tokenizer.ggml.token_type"));
    // In place of two bytes that no text here has.
    for (at, tag) in [(3, "<tool_call>"), (4, "</tool_call>")] {
        tokens[at] = Value::String(tag.to_owned());
        kinds[at] = Value::I32(4);
    }
    let tiny = Tiny::new("qwen2")
        .set("tokenizer.ggml.tokens", Value::Array(tokens))
        .set("tokenizer.ggml.token_type", Value::Array(kinds));
    let (_folder, path) = tiny.write();
    let (vocabulary, chat) = open(&path);
    let tokens = chat.context(&conversation(), &vocabulary).unwrap();
    assert_eq!(spell(&vocabulary, &tokens), WRITTEN);
    let count = |tag: u32| tokens.iter().filter(|t| **t == tag).count();
    // The user's is text.
    assert_eq!((count(3), count(4)), (WRITTEN.matches("<tool_call>").count() - 1, 5));
}

#[tokio::test]
async fn a_next_turn_with_the_same_tools_reads_only_what_is_new() {
    let (_folder, path) = Tiny::new("llama").set("llama.context_length", Value::U32(4096)).write();
    let llm = Gguf::load(path, GgufOptions::default()).unwrap();
    let with = |lines: &[&str]| LlmRequest { tools: tools(), ..request(lines) };
    let usage = |events: Vec<_>| match events.last() {
        Some(Ok(LlmEvent::Done { usage, .. })) => *usage,
        other => panic!("it ended with {other:?}"),
    };
    let first = usage(llm.generate(with(&["hello"])).await.unwrap().collect().await);
    assert_eq!(first.cached_tokens, 0);
    let next = with(&["hello", "hi", "you"]);
    let next = usage(llm.generate(next).await.unwrap().collect().await);
    assert!(next.cached_tokens >= first.input_tokens, "{next:?} after {first:?}");
    assert!(next.input_tokens - next.cached_tokens < 40, "{next:?}");
}

/// The events that a reply in pieces of `size` characters comes to; neighbouring deltas joined.
fn events(text: &str, size: usize, finish: FinishReason) -> Vec<LlmEvent> {
    let asked = LlmRequest { tools: tools(), ..LlmRequest::default() };
    let mut calls = Calls::new(&asked, &Ids::default()).unwrap();
    let characters: Vec<char> = text.chars().collect();
    let deltas = characters.chunks(size).map(|c| LlmEvent::Delta { text: c.iter().collect() });
    let done = LlmEvent::Done { finish, usage: Usage::default() };
    let mut joined: Vec<LlmEvent> = Vec::new();
    for event in deltas.chain([done]).flat_map(|event| calls.read(event)) {
        match (joined.last_mut(), event) {
            (Some(LlmEvent::Delta { text }), LlmEvent::Delta { text: more }) => {
                text.push_str(&more)
            }
            (_, event) => joined.push(event),
        }
    }
    joined
}

fn delta(text: &str) -> LlmEvent {
    LlmEvent::Delta { text: text.to_owned() }
}

fn done(finish: FinishReason) -> LlmEvent {
    LlmEvent::Done { finish, usage: Usage::default() }
}

#[test]
fn calls_are_read_out_of_the_reply_however_it_comes() {
    let text = "Let me see. <tool_call>\n{\"name\": \"opening_hours\", \"arguments\": \
                {\"day\": \"Monday\"}}\n</tool_call>\n{\"name\": \"opening_hours\", \
                \"arguments\": {\"day\": \"Tuesday\"}}\n";
    for size in [1, 3, 1000] {
        let expected = [
            delta("Let me see. "),
            LlmEvent::ToolCall(call("call_0", r#"{"day":"Monday"}"#)),
            LlmEvent::ToolCall(call("call_1", r#"{"day":"Tuesday"}"#)),
            done(FinishReason::ToolCalls),
        ];
        assert_eq!(events(text, size, FinishReason::Stop), expected, "in pieces of {size}");
    }
}

#[test]
fn speech_passes_and_an_unreadable_call_is_never_spoken() {
    let spoken = "We are { open } from 9 < 10, `well`.\n";
    let expected = [delta(spoken), done(FinishReason::Length)];
    assert_eq!(events(spoken, 1, FinishReason::Length), expected);
    let broken = "<tool_call>\n{\"name\": \"opening_hours\", \"arguments\": {\"day\": \"Mon";
    let expected = [LlmEvent::ToolCall(call("call_0", broken)), done(FinishReason::ToolCalls)];
    assert_eq!(events(broken, 1, FinishReason::Length), expected);
}

#[test]
fn ids_differ_between_replies_of_one_model() {
    let ids = Ids::default();
    let text = r#"{"name": "opening_hours", "arguments": {}}"#;
    let asked = LlmRequest { tools: tools(), ..LlmRequest::default() };
    let read = || {
        let events = Calls::new(&asked, &ids).unwrap().read(delta(text));
        events.into_iter().find_map(|event| match event {
            LlmEvent::ToolCall(call) => Some(call.id),
            LlmEvent::Delta { .. } | LlmEvent::Done { .. } => None,
        })
    };
    assert_eq!([read(), read()].map(Option::unwrap), ["call_0", "call_1"]);
    assert!(Calls::new(&LlmRequest::default(), &ids).is_none());
}

#[test]
fn a_model_that_has_called_is_read_though_it_is_offered_nothing_any_more() {
    let asked = LlmRequest { tools: ToolDefinitions::default(), ..conversation() };
    let text = "<tool_call>\n{\"name\": \"opening_hours\", \"arguments\": {}}\n</tool_call>";
    let mut calls = Calls::new(&asked, &Ids::default()).unwrap();
    let read = calls.read(delta(text));
    assert!(matches!(&read[..], [LlmEvent::ToolCall(_)]), "it would be spoken: {read:?}");
}

#[test]
fn a_model_that_has_to_speak_makes_no_calls_and_its_calls_are_not_spoken() {
    let tool_choice = ToolChoice::None;
    let asked = LlmRequest { tool_choice, tools: tools(), ..conversation() };
    let mut calls = Calls::new(&asked, &Ids::default()).unwrap();
    let text = "It is open. {\"name\": \"opening_hours\", \"arguments\": {}} Come by.";
    let events = [delta(text), done(FinishReason::Stop)];
    let read: Vec<_> = events.into_iter().flat_map(|event| calls.read(event)).collect();
    let said: String = read
        .iter()
        .filter_map(|event| match event {
            LlmEvent::Delta { text } => Some(text.as_str()),
            LlmEvent::ToolCall(_) | LlmEvent::Done { .. } => None,
        })
        .collect();
    assert_eq!(said, "It is open. Come by.");
    assert_eq!(read.last(), Some(&done(FinishReason::Stop)));
    assert!(!read.iter().any(|event| matches!(event, LlmEvent::ToolCall(_))), "{read:?}");
}

#[test]
fn a_model_that_has_to_speak_is_told_so_at_the_end_and_nowhere_else() {
    let free = turns(&conversation());
    let bound = turns(&LlmRequest { tool_choice: ToolChoice::None, ..conversation() });
    let (last, before) = bound.split_last().unwrap();
    assert_eq!(before, &free[..before.len()]);
    assert_eq!(last.text, format!("{}\nAnswer in words.", free.last().unwrap().text));
    let none = ToolDefinitions::default();
    let without = LlmRequest { tools: none, tool_choice: ToolChoice::None, ..conversation() };
    assert!(!turns(&without).iter().any(|turn| turn.text.ends_with("Answer in words.")));
}

#[tokio::test]
async fn the_last_round_of_tools_reads_only_what_is_new() {
    let (_folder, path) = Tiny::new("llama").set("llama.context_length", Value::U32(4096)).write();
    let llm = Gguf::load(path, GgufOptions::default()).unwrap();
    let usage = |events: Vec<_>| match events.last() {
        Some(Ok(LlmEvent::Done { usage, .. })) => *usage,
        other => panic!("it ended with {other:?}"),
    };
    let all = LlmRequest { max_tokens: Some(4), ..conversation() };
    let before = all.messages.iter().position(|m| !m.tool_calls.is_empty()).unwrap();
    let asked = LlmRequest { messages: all.messages[..before].to_vec(), ..all.clone() };
    let first = usage(llm.generate(asked).await.unwrap().collect().await);
    let last = LlmRequest { tool_choice: ToolChoice::None, ..all };
    let last = usage(llm.generate(last).await.unwrap().collect().await);
    // All but the beginning of the reply, which was another one.
    assert!(last.cached_tokens + 4 >= first.input_tokens, "{last:?} after {first:?}");
}

#[test]
fn with_tools_a_greeting_is_told_and_not_shown() {
    let messages = vec![
        Message::new(Role::System, "Be brief."),
        Message::new(Role::Assistant, "Hello!"),
        Message::new(Role::User, "Are you open?"),
    ];
    let request = |tools| LlmRequest { messages: messages.clone(), tools, ..LlmRequest::default() };
    let with = turns(&request(tools()));
    assert_eq!(with.len(), 2);
    let told =
        "system\nBe brief.\n\nYou have begun the conversation with the words \"Hello!\"\n\n# Tools";
    assert!(with[0].text.starts_with(told), "{}", with[0].text);
    let without = turns(&request(ToolDefinitions::default()));
    assert_eq!(without[1].text, "assistant\nHello!");
}

#[test]
fn what_begins_a_call_is_known_and_speech_is_not_among_it() {
    let (_folder, path) = Tiny::new("qwen2").write();
    let (vocabulary, _) = open(&path);
    let openings = vocabulary.openings();
    let begins = |text: &str| openings.contains(&vocabulary.encode(text).unwrap()[0]);
    assert!(["{", "[", "`", "<", " {", "\n"].into_iter().all(begins), "{openings:?}");
    assert!(!["he", "I", "7", " he"].into_iter().any(begins));
}
