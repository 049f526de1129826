//! From history to the messages a language model reads.

use antiphon_core::{ToolCall, ToolResult};
use antiphon_llm::{LlmRequest, Message, Role};
use antiphon_state::{History, Said};

use crate::Config;

/// Ends the heard part of an interrupted reply, so that the model can see the interruption.
const INTERRUPTED: &str = " —";

/// Adds instructions for this one reply.
pub(crate) fn instruct(request: &mut LlmRequest, instructions: String) {
    request.messages.push(Message::new(Role::System, instructions));
}

/// What the agent said before the calls at the end of the request.
pub(crate) fn say_before_calls(request: &mut LlmRequest, text: &str) {
    let calls = request.messages.iter_mut().rev().find(|m| !m.tool_calls.is_empty());
    if let Some(message) = calls {
        text.trim().clone_into(&mut message.content);
    }
}

/// The request for a reply to `history`, followed by `user` if that is not in it yet.
///
/// Consecutive texts of one side are one message: chat templates alternate.
pub(crate) fn request(config: &Config, history: &History, user: Option<&str>) -> LlmRequest {
    let mut messages = Vec::with_capacity(history.len() + 2);
    add(&mut messages, Role::System, config.instructions.clone());
    for item in history.items() {
        match &item.said {
            Said::User { text } => add(&mut messages, Role::User, text.clone()),
            Said::Agent { heard, interrupted, .. } => {
                let mark = if *interrupted { INTERRUPTED } else { "" };
                add(&mut messages, Role::Assistant, format!("{}{mark}", heard.trim()));
            }
            Said::Tool { call, result } => add_pair(&mut messages, call, result),
        }
    }
    if let Some(text) = user {
        add(&mut messages, Role::User, text.to_owned());
    }
    let (tools, max_tokens) = (config.tools.clone(), config.max_reply_tokens);
    LlmRequest { messages, tools, max_tokens, ..LlmRequest::default() }
}

fn add(messages: &mut Vec<Message>, role: Role, text: String) {
    match messages.last_mut() {
        Some(last) if last.role == role && last.tool_calls.is_empty() && role != Role::Tool => {
            last.content.push(' ');
            last.content.push_str(&text);
        }
        _ if text.is_empty() => {}
        _ => messages.push(Message::new(role, text)),
    }
}

/// A call and its result. Calls of one step stand in one message, their results after it.
fn add_pair(messages: &mut Vec<Message>, call: &ToolCall, result: &ToolResult) {
    let results = messages.iter().rev().take_while(|m| m.role == Role::Tool).count();
    let at = messages.len() - results;
    let open = at.checked_sub(1).and_then(|i| messages.get_mut(i));
    match open.filter(|m| !m.tool_calls.is_empty()) {
        Some(step) => step.tool_calls.push(call.clone()),
        None => {
            let mut step = Message::new(Role::Assistant, "");
            step.tool_calls.push(call.clone());
            messages.insert(at, step);
        }
    }
    let mut told = Message::new(Role::Tool, result.text.clone());
    told.tool_call_id = Some(call.id.clone());
    messages.push(told);
}
