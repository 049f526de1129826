//! Tells speech from calls in the text of a reply.
//!
//! It deliberately knows no dialect, that is [`CallReader`]'s, and checks neither names nor
//! arguments.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use antiphon_core::{ToolCall, ToolDefinition};
use antiphon_llm::{FinishReason, LlmEvent};
use antiphon_tools::{CallReader, Piece};

/// Numbers the calls of a model, so that no two in a session are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids(Arc<AtomicU64>);

impl Ids {
    fn next(&self) -> String {
        format!("call_{}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Reads the calls of one reply.
#[derive(Debug)]
pub(crate) struct Calls {
    /// `None` once the reply has ended.
    reader: Option<CallReader>,
    names: Vec<String>,
    ids: Ids,
    made: bool,
    /// Whether nothing was said since the last call.
    after_call: bool,
}

impl Calls {
    /// A reader for a reply that may call `tools`; `None` if there is nothing to call.
    pub(crate) fn new(tools: &[ToolDefinition], ids: &Ids) -> Option<Self> {
        let names: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
        let reader = Some(CallReader::new(names.clone()));
        let calls = Self { reader, names, ids: ids.clone(), made: false, after_call: false };
        (!tools.is_empty()).then_some(calls)
    }

    /// What an event of the model comes to.
    pub(crate) fn read(&mut self, event: LlmEvent) -> Vec<LlmEvent> {
        match event {
            LlmEvent::Delta { text } => {
                let pieces = self.reader.as_mut().map(|reader| reader.push(&text));
                self.events(pieces.unwrap_or_default())
            }
            LlmEvent::ToolCall(_) => vec![event],
            LlmEvent::Done { finish, usage } => {
                let pieces = self.reader.take().map(CallReader::finish).unwrap_or_default();
                let mut events = self.events(pieces);
                let finish = if self.made { FinishReason::ToolCalls } else { finish };
                events.push(LlmEvent::Done { finish, usage });
                events
            }
        }
    }

    fn events(&mut self, pieces: Vec<Piece>) -> Vec<LlmEvent> {
        pieces.into_iter().filter_map(|piece| self.event(piece)).collect()
    }

    fn event(&mut self, piece: Piece) -> Option<LlmEvent> {
        let (name, arguments) = match piece {
            Piece::Speech(text) => {
                // White space between calls, or behind the last one, is nothing said.
                let text = if self.after_call { text.trim_start().to_owned() } else { text };
                self.after_call &= text.is_empty();
                return (!text.is_empty()).then_some(LlmEvent::Delta { text });
            }
            Piece::Call { name, arguments } => (name, arguments),
            // Whoever checks the call tells the model that this is no JSON.
            Piece::Broken { text, .. } => {
                let named = self.names.iter().find(|name| text.contains(name.as_str()));
                (named.map_or_else(|| "unreadable".to_owned(), String::clone), text)
            }
        };
        (self.made, self.after_call) = (true, true);
        Some(LlmEvent::ToolCall(ToolCall { id: self.ids.next(), name, arguments }))
    }
}
