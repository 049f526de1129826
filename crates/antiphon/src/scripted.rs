//! A language model that says given replies: for trying out an agent's tools, and for tests.

use std::sync::Arc;

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_llm::{
    FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Message, Role, Usage,
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

/// Says one of its replies after the other, word by word, and begins anew after the last. Uses no
/// tokens. Within [`TextTools`](crate::TextTools) a reply can be a call.
///
/// A reply is chosen by its place in the conversation: the first answers the first message of the
/// user, and after each round of calls comes the next. One that was begun before its turn and
/// dropped therefore comes again.
#[derive(Clone, Debug)]
pub struct ScriptedLlm {
    replies: Arc<[String]>,
}

impl ScriptedLlm {
    /// A model with these replies.
    #[must_use]
    pub fn new(replies: impl IntoIterator<Item = String>) -> Self {
        Self { replies: replies.into_iter().collect() }
    }
}

#[async_trait]
impl Llm for ScriptedLlm {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { model: "scripted".to_owned(), context_tokens: usize::MAX, tools: false }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let refuse = |what: &'static str| Error::new("llm.generate", Code::InvalidInput, what);
        if request.messages.is_empty() {
            return Err(refuse("there is no message to answer"));
        }
        let asks = |m: &&Message| m.role == Role::User || !m.tool_calls.is_empty();
        let n = request.messages.iter().filter(asks).count().saturating_sub(1);
        let at = n.checked_rem(self.replies.len());
        let reply = at.and_then(|at| self.replies.get(at)).ok_or_else(|| refuse("no replies"))?;
        let words = reply.split_inclusive(' ').map(|w| LlmEvent::Delta { text: w.to_owned() });
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        let events: Vec<_> = words.chain([done]).map(Ok).collect();
        Ok(stream::iter(events).boxed())
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }
}
