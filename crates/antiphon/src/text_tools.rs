//! Tools for language models that were not trained to call any: they are described in the system
//! message, and calls are read out of the text.
//!
//! It deliberately trusts nothing the model writes: names and arguments are checked where calls
//! are run.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_core::{BoxStream, Result, ToolCall, ToolDefinitions};
use antiphon_llm::{
    FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, ToolChoice,
};
use antiphon_tools::{CallReader, Piece};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};

/// What a call is refused under that could not be read.
const UNREADABLE: &str = "unreadable";

/// A language model that calls tools by writing so.
#[derive(Clone)]
pub struct TextTools {
    llm: Arc<dyn Llm>,
    calls: Arc<AtomicU64>,
}

impl TextTools {
    /// Lets `llm` call tools. Requests without tools reach it as they are, and so do all if it
    /// can call tools by itself.
    #[must_use]
    pub fn new(llm: Arc<dyn Llm>) -> Self {
        Self { llm, calls: Arc::default() }
    }
}

impl std::fmt::Debug for TextTools {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TextTools").field("llm", &self.llm.capabilities()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Llm for TextTools {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { tools: true, ..self.llm.capabilities() }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        if self.llm.capabilities().tools {
            return self.llm.generate(request).await;
        }
        let names: Vec<String> = request.tools.iter().map(|tool| tool.name.clone()).collect();
        let has_to_speak = request.tool_choice == ToolChoice::None;
        let events = self.llm.generate(in_words(request)).await?;
        if names.is_empty() {
            return Ok(events);
        }
        let reader = Some(CallReader::new(names));
        let calls = self.calls.clone();
        Ok(Reading { events, reader, calls, has_to_speak, called: false }.stream())
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        if self.llm.capabilities().tools {
            return self.llm.warm(request).await;
        }
        self.llm.warm(in_words(request)).await
    }
}

/// The request with its tools, calls and results written out.
fn in_words(request: LlmRequest) -> LlmRequest {
    let LlmRequest { messages, tools, tool_choice, .. } = request;
    let mut messages: Vec<Message> = messages.into_iter().map(message_in_words).collect();
    if !tools.is_empty() {
        if let Some(last) = messages.last_mut().filter(|_| tool_choice == ToolChoice::None) {
            // At the end: all before it may come from a cache.
            last.content.push_str("\nAnswer in words.");
        }
        let mut told = String::from("\n\nYou can call these functions:\n");
        for tool in tools.iter() {
            let (name, parameters) = (&tool.name, &tool.parameters);
            let line = json!({
                "name": name, "description": tool.description, "parameters": parameters,
            });
            let _ = writeln!(told, "{line}");
        }
        told.push_str(
            "To call one, answer with nothing but\n<tool_call>\n{\"name\": \"function\", \
             \"arguments\": {}}\n</tool_call>\nand you are given its result. Call one only when \
             the user asks for what it does.",
        );
        match messages.first_mut().filter(|m| m.role == Role::System) {
            Some(system) => system.content.push_str(&told),
            None => messages.insert(0, Message::new(Role::System, told.trim_start())),
        }
    }
    LlmRequest { messages, tools: ToolDefinitions::default(), ..request }
}

fn message_in_words(message: Message) -> Message {
    let Message { role, mut content, tool_calls, .. } = message;
    for ToolCall { name, arguments, .. } in tool_calls {
        let arguments: Value = serde_json::from_str(&arguments).unwrap_or(Value::String(arguments));
        let call = json!({"name": name, "arguments": arguments});
        let _ = write!(content, "\n<tool_call>\n{call}\n</tool_call>");
    }
    match role {
        // The templates of small models know no other role for it.
        Role::Tool => {
            Message::new(Role::User, format!("<tool_response>\n{content}\n</tool_response>"))
        }
        Role::System | Role::User | Role::Assistant => Message::new(role, content.trim_start()),
    }
}

/// A reply that is being read.
struct Reading {
    events: BoxStream<Result<LlmEvent>>,
    reader: Option<CallReader>,
    calls: Arc<AtomicU64>,
    /// What is called is left out.
    has_to_speak: bool,
    called: bool,
}

impl Reading {
    fn stream(self) -> BoxStream<Result<LlmEvent>> {
        let read = stream::unfold(self, |mut reading| async move {
            let event = reading.events.next().await?;
            let read = reading.read(event);
            Some((stream::iter(read), reading))
        });
        read.flatten().boxed()
    }

    fn read(&mut self, event: Result<LlmEvent>) -> Vec<Result<LlmEvent>> {
        match event {
            Ok(LlmEvent::Delta { text }) => {
                let pieces = self.reader.as_mut().map(|r| r.push(&text)).unwrap_or_default();
                self.events_of(pieces)
            }
            Ok(LlmEvent::Done { finish, usage }) => {
                let pieces = self.reader.take().map(CallReader::finish).unwrap_or_default();
                let mut last = self.events_of(pieces);
                let finish = if self.called { FinishReason::ToolCalls } else { finish };
                last.push(Ok(LlmEvent::Done { finish, usage }));
                last
            }
            other @ (Ok(LlmEvent::ToolCall(_)) | Err(_)) => vec![other],
        }
    }

    fn events_of(&mut self, pieces: Vec<Piece>) -> Vec<Result<LlmEvent>> {
        let silent = self.has_to_speak;
        let pieces = pieces.into_iter();
        let pieces = pieces.filter(|piece| !silent || matches!(piece, Piece::Speech(_)));
        let event = |piece| match piece {
            Piece::Speech(text) => LlmEvent::Delta { text },
            Piece::Call { name, arguments } => self.call(name, arguments),
            // Refused as an unknown tool, which tells the model what there is.
            Piece::Broken { text, .. } => self.call(UNREADABLE.to_owned(), text),
        };
        pieces.map(event).map(Ok).collect()
    }

    fn call(&mut self, name: String, arguments: String) -> LlmEvent {
        self.called = true;
        let id = format!("call-{}", self.calls.fetch_add(1, Ordering::Relaxed));
        LlmEvent::ToolCall(ToolCall { id, name, arguments })
    }
}

#[cfg(test)]
mod tests;
