//! One turn as it happens: the driver of a conversation in text.

use std::{
    collections::VecDeque,
    future::poll_fn,
    task::{Context, Poll},
};

use antiphon_conversation::{AgentState, Command, Event, Notice, OpEvent};
use antiphon_core::{BoxFuture, Code, Error, OpId, Result, ToolCall, ToolEvent};
use antiphon_llm::LlmEvent;
use futures_util::FutureExt as _;

use super::{AgentExecutor, AgentResponse, response::Tally};
use crate::handle::Order;

/// What happens in a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnEvent {
    /// More text.
    Text(String),
    /// Something happened to a call.
    Tool {
        /// The call.
        call: ToolCall,
        /// What happened.
        event: ToolEvent,
    },
    /// The turn is over. Nothing follows.
    Done(AgentResponse),
}

/// The response in which what `next` gives ends.
pub(super) async fn response(
    op: &'static str,
    mut next: impl AsyncFnMut() -> Option<Result<TurnEvent>>,
) -> Result<AgentResponse> {
    loop {
        match next().await {
            Some(Ok(TurnEvent::Done(response))) => return Ok(response),
            Some(Ok(TurnEvent::Text(_) | TurnEvent::Tool { .. })) => {}
            Some(Err(e)) => return Err(e),
            None => {
                return Err(Error::new(op, Code::Internal, "the turn ended without a response"));
            }
        }
    }
}

/// A turn that is under way. Dropping it before its end interrupts the reply.
#[derive(Debug)]
pub struct TurnStream<'a> {
    executor: &'a mut AgentExecutor,
    /// What the user said, until the agent has told its news.
    message: Option<String>,
    ready: VecDeque<TurnEvent>,
    tally: Tally,
    /// Calls whose end is still to come, for their names.
    calls: Vec<ToolCall>,
    failed: Option<Error>,
    over: bool,
}

enum Woken {
    Order(Order),
    Entered(Result<()>),
    Op(OpId, OpEvent),
    Deadline,
}

impl<'a> TurnStream<'a> {
    pub(super) fn new(executor: &'a mut AgentExecutor, message: String) -> Self {
        let tally = Tally::new(executor.clock.now());
        let (ready, calls) = (VecDeque::new(), Vec::new());
        Self { executor, message: Some(message), ready, tally, calls, failed: None, over: false }
    }

    /// What happens next; `None` after [`TurnEvent::Done`] or an error. Cancel safe.
    ///
    /// # Errors
    /// What the language model failed with, and nothing follows. What it had said until then is
    /// in the history, and the next turn works.
    pub async fn next(&mut self) -> Option<Result<TurnEvent>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            let woken = match self.executor.machine.agent_state() {
                AgentState::Listening => match self.message.take() {
                    Some(text) => self.hand_over(text).await,
                    None => return Some(self.end()),
                },
                AgentState::Closed => return Some(self.end()),
                AgentState::Initializing
                | AgentState::Idle
                | AgentState::Thinking
                | AgentState::Speaking => Some(self.wait().await),
            };
            if let Some(woken) = woken {
                self.woken(woken);
            }
        }
    }

    /// Waits for what happens next.
    async fn wait(&mut self) -> Woken {
        let deadline = self.executor.machine.deadline();
        let mut due = deadline.map(|d| self.executor.clock.sleep_until(d.at));
        poll_fn(|cx| self.executor.poll(cx, due.as_mut())).await
    }

    /// Hands over the message, unless something has been reported since the last turn: that comes
    /// first, since it may be news to be told.
    async fn hand_over(&mut self, text: String) -> Option<Woken> {
        let waiting = poll_fn(|cx| Poll::Ready(self.executor.poll(cx, None))).await;
        if let Poll::Ready(woken) = waiting {
            self.message = Some(text);
            return Some(woken);
        }
        let notices = self.executor.handle(Event::App(Command::UserText { text }));
        self.take(notices);
        None
    }

    fn woken(&mut self, woken: Woken) {
        let notices = match woken {
            Woken::Order(order) => self.executor.order(order),
            Woken::Entered(entered) => {
                self.executor.entered(entered);
                return;
            }
            Woken::Op(op, event) => {
                if let OpEvent::Llm(LlmEvent::Done { usage, .. }) = &event {
                    self.tally.used(*usage);
                }
                self.executor.handle(Event::Op(op, event))
            }
            Woken::Deadline => self.executor.handle(Event::Tick),
        };
        self.take(notices);
    }

    /// What the notices mean to whoever follows the turn.
    fn take(&mut self, notices: Vec<Notice>) {
        for notice in notices {
            if let Notice::ReplyText { text, .. } = notice {
                self.tally.wrote(self.executor.clock.now());
                self.ready.push_back(TurnEvent::Text(text));
            } else if let Notice::SpeechEnded { heard, .. } = notice {
                self.tally.said(&heard);
            } else if let Notice::ToolCalled { call, .. } = notice {
                self.tally.called(self.executor.clock.now(), call.clone());
                self.calls.push(call);
            } else if let Notice::Tool { call, name, event } = notice {
                self.tool(&call, name, event);
            } else if let Notice::Error { op, code, detail } = notice
                && op == "llm.generate"
            {
                let help = "what was said until then is in the history; the next turn works";
                self.failed = Some(Error::new("llm.generate", code, detail).with_help(help));
            }
        }
    }

    fn tool(&mut self, id: &str, name: String, event: ToolEvent) {
        self.tally.tool(id, &event);
        let known = self.calls.iter().find(|c| c.id == id).cloned();
        // Of a call of an earlier turn the arguments are not known any more.
        let unknown = || ToolCall { id: id.to_owned(), name, arguments: String::new() };
        let call = known.unwrap_or_else(unknown);
        self.ready.push_back(TurnEvent::Tool { call, event });
    }

    fn end(&mut self) -> Result<TurnEvent> {
        self.over = true;
        self.executor.warm();
        if let Some(e) = self.failed.take() {
            return Err(e);
        }
        if self.message.is_some() || self.executor.machine.agent_state() == AgentState::Closed {
            let what = "the conversation was ended";
            return Err(Error::new("executor.turn", Code::Cancelled, what));
        }
        let now = self.executor.clock.now();
        let tally = std::mem::replace(&mut self.tally, Tally::new(now));
        Ok(TurnEvent::Done(tally.finish(now)))
    }
}

impl Drop for TurnStream<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.executor.handle(Event::App(Command::Interrupt));
            self.executor.warm();
        }
    }
}

impl AgentExecutor {
    /// What woke the conversation: what was asked for, the deadline, what operations report.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        deadline: Option<&mut BoxFuture<'static, ()>>,
    ) -> Poll<Woken> {
        // The sender lives as long as the executor does, so the channel never ends.
        if let Poll::Ready(Some(order)) = self.orders.poll_recv(cx) {
            return Poll::Ready(Woken::Order(*order));
        }
        if let Some(Poll::Ready(entered)) = self.entering.as_mut().map(|e| e.poll_unpin(cx)) {
            return Poll::Ready(Woken::Entered(entered));
        }
        if let Some(Poll::Ready(())) = deadline.map(|d| d.poll_unpin(cx)) {
            return Poll::Ready(Woken::Deadline);
        }
        self.operations.poll(cx).map(|(op, event)| Woken::Op(op, event))
    }
}
