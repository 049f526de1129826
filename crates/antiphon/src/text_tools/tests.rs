//! Tools in words, with a model that says what it is told to.

use std::sync::{Arc, Mutex};

use antiphon_core::{BoxStream, EffectClass, Result, ToolCall, ToolDefinition};
use antiphon_llm::{
    FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, ToolChoice, Usage,
};
use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream};

use super::TextTools;

#[derive(Default)]
struct Says {
    pieces: Vec<&'static str>,
    asked: Mutex<Vec<LlmRequest>>,
}

#[async_trait]
impl Llm for Says {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { model: "test".into(), context_tokens: 100, tools: false }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        self.asked.lock().unwrap().push(request);
        let pieces = self.pieces.iter().map(|p| Ok(LlmEvent::Delta { text: (*p).to_owned() }));
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(stream::iter(pieces.chain([Ok(done)]).collect::<Vec<_>>()).boxed())
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }
}

fn weather() -> ToolDefinition {
    ToolDefinition {
        name: "weather".into(),
        description: "Tells the weather.".into(),
        parameters: serde_json::json!({"type": "object"}),
        effect: EffectClass::Read,
    }
}

fn asked(messages: Vec<Message>, tools: Vec<ToolDefinition>) -> LlmRequest {
    LlmRequest { messages, tools: tools.into(), ..LlmRequest::default() }
}

/// What comes of `pieces` when there is a tool, and what the model was asked.
fn run(pieces: Vec<&'static str>, request: LlmRequest) -> (Vec<LlmEvent>, LlmRequest) {
    let llm = Arc::new(Says { pieces, ..Says::default() });
    let events = TextTools::new(llm.clone()).generate(request).now_or_never().unwrap().unwrap();
    let events = events.map(Result::unwrap).collect().now_or_never().unwrap();
    let asked = llm.asked.lock().unwrap().remove(0);
    (events, asked)
}

#[test]
fn a_call_in_words_becomes_a_call_and_the_words_around_it_stay() {
    let pieces = vec![
        "Let me see. <tool",
        "_call>{\"name\": \"weather\", \"argu",
        "ments\": ",
        "{\"place\": \"Rome\"}}</tool_call>",
    ];
    let question = Message::new(Role::User, "weather?");
    let (events, _) = run(pieces, asked(vec![question], vec![weather()]));
    let said: String = events
        .iter()
        .filter_map(|e| match e {
            LlmEvent::Delta { text } => Some(text.as_str()),
            LlmEvent::ToolCall(_) | LlmEvent::Done { .. } => None,
        })
        .collect();
    assert_eq!(said.trim(), "Let me see.");
    let call = events.iter().find_map(|e| match e {
        LlmEvent::ToolCall(call) => Some(call),
        LlmEvent::Delta { .. } | LlmEvent::Done { .. } => None,
    });
    let call = call.unwrap();
    assert_eq!((call.id.as_str(), call.name.as_str()), ("call-0", "weather"));
    assert!(call.arguments.contains("Rome"));
    let last = events.last().unwrap();
    assert!(matches!(last, LlmEvent::Done { finish: FinishReason::ToolCalls, .. }), "{last:?}");
}

#[test]
fn tools_calls_and_results_are_written_out_for_the_model() {
    let call = ToolCall { id: "c".into(), name: "weather".into(), arguments: "{\"a\":1}".into() };
    let mut called = Message::new(Role::Assistant, "");
    called.tool_calls.push(call);
    let mut result = Message::new(Role::Tool, "Sunny.");
    result.tool_call_id = Some("c".into());
    let messages =
        vec![Message::new(Role::System, "Be kind."), Message::new(Role::User, "?"), called, result];
    let (_, asked) = run(vec!["Sunny."], asked(messages, vec![weather()]));
    assert!(asked.tools.is_empty());
    let [system, _, call, result] = asked.messages.as_slice() else { panic!("{asked:?}") };
    assert!(system.content.starts_with("Be kind.") && system.content.contains("\"weather\""));
    assert!(call.tool_calls.is_empty() && call.content.starts_with("<tool_call>\n{"));
    assert_eq!(result.role, Role::User);
    assert_eq!(result.content, "<tool_response>\nSunny.\n</tool_response>");
}

#[test]
fn a_model_that_has_to_speak_is_told_of_its_tools_and_makes_no_calls() {
    let pieces =
        vec!["Sunny. <tool_call>{\"name\": \"weather\",", " \"arguments\": {}}</tool_call>"];
    let question = asked(vec![Message::new(Role::User, "?")], vec![weather()]);
    let question = LlmRequest { tool_choice: ToolChoice::None, ..question };
    let (events, asked) = run(pieces, question);
    assert!(asked.messages[0].content.contains("\"weather\""), "the prompt begins as before");
    assert_eq!(asked.messages.last().unwrap().content, "?\nAnswer in words.");
    let [LlmEvent::Delta { text }, LlmEvent::Done { finish: FinishReason::Stop, .. }] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(text.trim(), "Sunny.");
}

#[test]
fn without_tools_a_reply_is_left_alone() {
    let pieces = vec!["<tool_call>{}</tool_call>"];
    let question = asked(vec![Message::new(Role::User, "?")], vec![]);
    let (events, _) = run(pieces.clone(), question);
    assert_eq!(events[0], LlmEvent::Delta { text: pieces[0].to_owned() });
}
