//! Tells speech from calls in the text of a reply.
//!
//! It deliberately knows no dialect, that is [`CallReader`]'s, and checks neither names nor
//! arguments.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_core::ToolCall;
use antiphon_llm::{FinishReason, LlmEvent, LlmRequest, ToolChoice};
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
    names: BTreeSet<String>,
    ids: Ids,
    /// What is called is left out: the model has to speak.
    has_to_speak: bool,
    made: bool,
    /// Whether nothing was said since the last call.
    after_call: bool,
}

impl Calls {
    /// A reader for the reply to `request`; `None` if there is nothing to call. A model that has
    /// called before may do so again, though it is offered no more tools.
    pub(crate) fn new(request: &LlmRequest, ids: &Ids) -> Option<Self> {
        let offered = request.tools.iter().map(|tool| &tool.name);
        let called = request.messages.iter().flat_map(|m| &m.tool_calls).map(|call| &call.name);
        let names: BTreeSet<String> = offered.chain(called).cloned().collect();
        let reader = Some(CallReader::new(names.iter().cloned()));
        let (made, after_call) = (false, false);
        let has_to_speak = request.tool_choice == ToolChoice::None;
        let calls = Self { reader, names, ids: ids.clone(), has_to_speak, made, after_call };
        (!calls.names.is_empty()).then_some(calls)
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
        self.after_call = true;
        if self.has_to_speak {
            return None;
        }
        self.made = true;
        Some(LlmEvent::ToolCall(ToolCall { id: self.ids.next(), name, arguments }))
    }
}
