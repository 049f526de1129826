//! What the user of a chat sees: text as it comes, or JSON lines. Knows no conversation.

use std::cell::Cell;

use antiphon::{
    Error,
    chat::{AgentResponse, ChatSession, ToolExecution},
    state::{History, Said},
    tools::{FrozenTools, ToolCall, ToolEvent},
};
use serde_json::{Value, json};

use crate::{
    live::News,
    screen::{piece, say, visible},
};

pub(super) struct Show {
    json: bool,
    verbose: bool,
    /// The screen is in the middle of an answer's line.
    in_line: Cell<bool>,
}

impl Show {
    pub(super) const fn new(json: bool, verbose: bool) -> Self {
        Self { json, verbose, in_line: Cell::new(false) }
    }

    pub(super) fn agent(&self, name: &str, model: &str) {
        let plain = format!("{name} answers with {model}; /help lists the commands");
        self.either(&json!({"agent": {"name": name, "model": model}}), &plain);
    }

    /// What the agent says first.
    pub(super) fn greeting(&self, history: &History) {
        for item in history.items() {
            if let Said::Agent { heard, .. } = &item.said {
                self.either(&json!({ "greeting": heard }), &format!("agent: {}", heard.trim()));
            }
        }
    }

    pub(super) fn text(&self, text: &str) {
        if self.json {
            say!("{}", json!({ "text": text }));
            return;
        }
        let text = visible(text);
        if self.in_line.replace(true) {
            piece(text);
        } else {
            piece(format_args!("agent: {}", text.trim_start()));
        }
    }

    pub(super) fn tool(&self, call: &ToolCall, event: &ToolEvent) {
        let name = &call.name;
        let plain = match event {
            ToolEvent::Started { .. } if self.verbose => format!("calls it: {}", call.arguments),
            ToolEvent::Started { .. } => "is called".to_owned(),
            ToolEvent::Progress { text, .. } => text.clone(),
            ToolEvent::Deferred { result, .. } => format!("goes on later: {}", result.text),
            ToolEvent::Completed { result, .. } if self.verbose => format!("said: {}", result.text),
            ToolEvent::Completed { .. } => "is done".to_owned(),
            ToolEvent::Failed { why, result, .. } => format!("failed ({why}): {}", result.text),
        };
        self.end_line();
        let json = json!({"tool": {"call": call, "event": event}});
        self.either(&json, &format!("  [{name}] {plain}"));
    }

    pub(super) fn response(&self, response: &AgentResponse) {
        self.end_line();
        if self.json {
            say!("{}", json!({ "response": response }));
            return;
        }
        if response.content.is_empty() {
            say!("agent: (no words)");
        }
        if self.verbose {
            for ToolExecution { call, outcome, execution_time } in &response.tool_executions {
                let took = execution_time.as_secs_f64();
                say!("  [{}] {} after {took:.3} s", call.name, outcome.as_str());
            }
            let tokens = response.tokens_used.map_or_else(String::new, |used| {
                format!(", {} tokens read, {} written", used.input_tokens, used.output_tokens)
            });
            let first = response.first_text.map_or_else(String::new, |first| {
                format!(", the first text after {:.2} s", first.as_secs_f64())
            });
            say!("  ({:.2} s{first}{tokens})", response.execution_time.as_secs_f64());
        }
    }

    /// The answer was stopped by Ctrl-C.
    pub(super) fn stopped(&self) {
        self.end_line();
        self.either(&json!({"warning": "stopped"}), "  (stopped)");
    }

    pub(super) fn hint(&self, text: &str) {
        self.either(&json!({ "hint": text }), &format!("  ({text})"));
    }

    pub(super) fn nearly_full(&self, session: &ChatSession) {
        let text = "messages: the chat is nearly full; /clear forgets it";
        self.warning(&format!("{} {text}", session.messages));
    }

    pub(super) fn warning(&self, text: &str) {
        self.either(&json!({ "warning": text }), &format!("warning: {text}"));
    }

    /// What has happened between turns.
    pub(super) fn news(&self, news: &News) {
        if self.json {
            say!("{}", news.json());
        } else {
            news.lines("chat").iter().for_each(|line| say!("{line}"));
        }
    }

    pub(super) fn error(&self, e: &Error) {
        self.end_line();
        let help = e.help().map(|help| format!("\n help: {help}")).unwrap_or_default();
        let (code, detail) = (e.code(), e.detail());
        let json = json!({"error": {"code": code, "detail": detail, "help": e.help()}});
        self.either(&json, &format!("error: {detail}{help}"));
    }

    pub(super) fn help(&self) {
        let text = super::AFTER_LONG_HELP.split("\n\n").next().unwrap_or_default();
        self.either(&json!({ "help": text }), text);
    }

    pub(super) fn history(&self, history: &History) {
        if self.json {
            let items: Vec<_> = history.items().collect();
            say!("{}", json!({ "history": items }));
            return;
        }
        for item in history.items() {
            match &item.said {
                Said::User { text } => say!("  you: {}", visible(text)),
                Said::Agent { heard, interrupted, .. } => {
                    let mark = if *interrupted { " (stopped)" } else { "" };
                    say!("  agent: {}{mark}", visible(heard.trim()));
                }
                Said::Tool { call, result } => {
                    let ToolCall { name, arguments, .. } = call;
                    say!("  [{name}] {} -> {}", visible(arguments), visible(&result.text));
                }
            }
        }
    }

    pub(super) fn tools(&self, tools: &FrozenTools) {
        if self.json {
            let tools: Vec<_> = tools.specs().map(|spec| spec.definition()).collect();
            say!("{}", json!({ "tools": tools }));
        } else if tools.is_empty() {
            say!("  the agent has no tools");
        } else {
            for spec in tools.specs() {
                say!("  {:12} {}", spec.name, spec.description);
            }
        }
    }

    pub(super) fn usage(&self, session: &ChatSession) {
        let ChatSession { messages, turns, tool_calls, tokens, .. } = session;
        let json = json!({"usage": {
            "messages": messages, "turns": turns, "tool_calls": tool_calls, "tokens": tokens,
        }});
        let plain = format!(
            "  {messages} messages in {turns} turns, {tool_calls} calls, {} tokens read ({} of them \
             from the cache), {} written",
            tokens.input_tokens, tokens.cached_tokens, tokens.output_tokens
        );
        self.either(&json, &plain);
    }

    fn either(&self, json: &Value, plain: &str) {
        if self.json {
            say!("{json}");
        } else {
            say!("{}", visible(plain));
        }
    }

    fn end_line(&self) {
        if self.in_line.replace(false) {
            say!("");
        }
    }
}
