//! From history to the messages a language model reads.

use antiphon_llm::{LlmRequest, Message, Role};
use antiphon_state::{History, Said};

use crate::Config;

/// Ends the heard part of an interrupted reply, so that the model can see the interruption.
const INTERRUPTED: &str = " —";

/// The request for a speech by the agent's own initiative.
pub(crate) fn prompt(config: &Config, history: &History, instructions: &str) -> LlmRequest {
    let mut request = request(config, history, None);
    let content = instructions.to_owned();
    request.messages.push(Message { role: Role::System, content });
    request
}

/// The request for a reply to `history`, followed by `user` if that is not in it yet.
///
/// Consecutive texts of one side are one message: chat templates alternate.
pub(crate) fn request(config: &Config, history: &History, user: Option<&str>) -> LlmRequest {
    let mut messages = Vec::with_capacity(history.len() + 2);
    let mut add = |role: Role, text: String| match messages.last_mut() {
        Some(Message { role: last, content }) if *last == role => {
            content.push(' ');
            content.push_str(&text);
        }
        _ if text.is_empty() => {}
        _ => messages.push(Message { role, content: text }),
    };
    add(Role::System, config.instructions.clone());
    for item in history.items() {
        match &item.said {
            Said::User { text } => add(Role::User, text.clone()),
            Said::Agent { heard, interrupted, .. } => {
                let mark = if *interrupted { INTERRUPTED } else { "" };
                add(Role::Assistant, format!("{}{mark}", heard.trim()));
            }
        }
    }
    if let Some(text) = user {
        add(Role::User, text.to_owned());
    }
    LlmRequest { messages, max_tokens: config.max_reply_tokens, temperature: None }
}
