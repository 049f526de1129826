//! The chat template: ChatML, as both supported families use it.

use antiphon_llm::{Message, Role};

/// Ends every message.
pub(crate) const END: &str = "<|im_end|>";

/// Whether a file's template is ChatML.
pub(crate) fn is_chatml(template: &str) -> bool {
    template.contains("<|im_start|>") && template.contains(END)
}

/// The prompt up to where the assistant begins to speak. Control marks within messages are
/// defused: a user cannot speak as somebody else.
pub(crate) fn prompt(messages: &[Message], reply: bool) -> String {
    let mut out = String::new();
    for m in messages {
        let role = match m.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        let content = m.content.replace("<|", "< |");
        out.push_str(&format!("<|im_start|>{role}\n{}{END}\n", content.trim()));
    }
    if reply {
        out.push_str("<|im_start|>assistant\n");
    }
    out
}
