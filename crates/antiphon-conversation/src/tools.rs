//! Tool calls of one reply: a step is what the model wants at once, and ends when every call has
//! its result.
//!
//! It deliberately decides nothing about speech: the reply goes on when its step is complete.

use std::collections::BTreeMap;

use antiphon_core::{EffectClass, OpId, SpeechId, Timestamp, ToolCall, ToolResult, TurnId};

/// Calls of one step; more are refused to the model.
pub(crate) const MAX_CALLS: usize = 16;

/// What the model wants called before it goes on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Step {
    wanted: Vec<ToolCall>,
    running: usize,
    results: Vec<(ToolCall, ToolResult)>,
    /// When to say something in the meantime.
    pub(crate) filler_at: Option<Timestamp>,
}

impl Step {
    /// One more call. Returns whether there was room for it.
    pub(crate) fn want(&mut self, call: ToolCall) -> bool {
        let room = self.wanted.len() + self.running + self.results.len() < MAX_CALLS;
        if room {
            self.wanted.push(call);
        }
        room
    }

    /// The calls that may begin: all, or only those for which `may` holds.
    pub(crate) fn begin(&mut self, may: impl Fn(&ToolCall) -> bool) -> Vec<ToolCall> {
        let (begun, wait) = std::mem::take(&mut self.wanted).into_iter().partition(may);
        self.wanted = wait;
        let begun: Vec<_> = begun;
        self.running += begun.len();
        begun
    }

    pub(crate) fn result(&mut self, call: ToolCall, result: ToolResult) {
        self.running = self.running.saturating_sub(1);
        self.results.push((call, result));
    }

    /// Whether nothing was called.
    pub(crate) const fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.running == 0 && self.results.is_empty()
    }

    /// Whether every call has its result.
    pub(crate) const fn is_complete(&self) -> bool {
        self.wanted.is_empty() && self.running == 0 && !self.results.is_empty()
    }

    /// The results there are, in the order in which they came; the step is empty afterwards.
    pub(crate) fn take(&mut self) -> Vec<(ToolCall, ToolResult)> {
        std::mem::take(self).results
    }
}

/// The tools that run, whatever became of the reply that called them.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningTools {
    running: BTreeMap<OpId, Running>,
}

/// A call that runs.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) call: ToolCall,
    pub(crate) turn: TurnId,
    /// The reply that waits for it; `None` once that is over or has its result.
    pub(crate) speech: Option<SpeechId>,
    pub(crate) effect: EffectClass,
    /// The reply got a provisional result; the real one will be news.
    pub(crate) deferred: bool,
}

impl RunningTools {
    pub(crate) fn start(&mut self, op: OpId, running: Running) {
        self.running.insert(op, running);
    }

    pub(crate) fn get_mut(&mut self, op: OpId) -> Option<&mut Running> {
        self.running.get_mut(&op)
    }

    pub(crate) fn end(&mut self, op: OpId) -> Option<Running> {
        self.running.remove(&op)
    }

    /// The reply is over. Gives the calls that may be dropped: those that change nothing.
    pub(crate) fn abandon(&mut self, speech: SpeechId) -> Vec<OpId> {
        let mut harmless = Vec::new();
        for (op, running) in &mut self.running {
            if running.speech == Some(speech) {
                running.speech = None;
                harmless.extend((running.effect == EffectClass::Read).then_some(*op));
            }
        }
        for op in &harmless {
            self.running.remove(op);
        }
        harmless
    }

    /// Whether something is being changed.
    pub(crate) fn has_effects(&self) -> bool {
        self.running.values().any(|r| r.effect != EffectClass::Read && !r.deferred)
    }

    pub(crate) fn clear(&mut self) {
        self.running.clear();
    }
}
