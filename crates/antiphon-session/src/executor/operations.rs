//! The operations of a conversation in text, polled where the executor is polled. Dropping one
//! cancels it. Knows no machine.

use std::{
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Poll},
};

use antiphon_conversation::OpEvent;
use antiphon_core::{BoxStream, Code, Error, OpId, Result};
use antiphon_llm::LlmRequest;
use antiphon_tools::ToolExecutionStream;
use futures_core::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::{
    Agent,
    lifecycle::panic_text,
    streams::failed,
    warming::{Stopped, wait},
};

#[derive(Default)]
pub(super) struct Operations {
    running: BTreeMap<OpId, BoxStream<OpEvent>>,
}

impl Operations {
    /// Has the agent reply, once `stopped` is out of its way.
    pub(super) fn generate(
        &mut self,
        op: OpId,
        agent: Arc<dyn Agent>,
        request: LlmRequest,
        stopped: Stopped,
    ) {
        let reply = async move {
            wait(stopped).await;
            agent.reply(request).await
        };
        let reply = stream::once(reply).try_flatten();
        self.running.insert(op, contained(reply.map_ok(OpEvent::Llm)));
    }

    pub(super) fn call(&mut self, op: OpId, events: ToolExecutionStream) {
        self.running.insert(op, contained(events.map(|event| Ok(OpEvent::Tool(event)))));
    }

    /// The operation cannot even be begun.
    pub(super) fn fail(&mut self, op: OpId, e: &Error) {
        self.running.insert(op, stream::iter([failed(e)]).boxed());
    }

    pub(super) fn remove(&mut self, op: OpId) {
        self.running.remove(&op);
    }

    /// The next thing that any of them reports. Pending for ever if there is none.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(OpId, OpEvent)> {
        let mut next = None;
        for (op, events) in &mut self.running {
            if let Poll::Ready(event) = events.poll_next_unpin(cx) {
                next = Some((*op, event));
                break;
            }
        }
        match next {
            Some((op, Some(event))) => {
                if matches!(event, OpEvent::Ended | OpEvent::Failed { .. }) {
                    self.running.remove(&op);
                }
                Poll::Ready((op, event))
            }
            // Every stream says how it ends, before it does.
            Some((op, None)) => {
                self.running.remove(&op);
                Poll::Ready((op, OpEvent::Ended))
            }
            None => Poll::Pending,
        }
    }
}

/// The same events, then `Ended` or `Failed`, also if the provider panics.
fn contained(events: impl Stream<Item = Result<OpEvent>> + Send + 'static) -> BoxStream<OpEvent> {
    let events = AssertUnwindSafe(events).catch_unwind().boxed();
    let report = stream::unfold(Some(events), |events| async move {
        let mut events = events?;
        Some(match events.next().await {
            Some(Ok(Ok(event))) => (event, Some(events)),
            Some(Ok(Err(e))) => (failed(&e), None),
            Some(Err(panic)) => {
                let (code, detail) = (Code::Internal, panic_text(&*panic));
                (OpEvent::Failed { code, detail }, None)
            }
            None => (OpEvent::Ended, None),
        })
    });
    report.boxed()
}
