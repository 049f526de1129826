//! What a backchannel detector is asked about speech over the agent, and what it said.
//!
//! It is asked while the user speaks, in regular intervals, and about the whole once they stop. That
//! last question takes the place of any before.

use std::time::Duration;

use antiphon_core::{OpId, Timestamp};

use crate::{
    Actions, Effect,
    ops::Ops,
    turn::{Open, PRE_ROLL_SAMPLES},
};

#[derive(Clone, Debug)]
pub(super) struct Question {
    from_sample: u64,
    /// When to ask (again) if the user still speaks by then.
    next: Option<Timestamp>,
    /// Whether the latest question was about the whole.
    whole: bool,
    op: Option<OpId>,
    /// Whether the latest question was answered.
    answered: bool,
    p: Option<f32>,
}

impl Question {
    /// About sound that began at `sample`; to be asked first at `next`, if ever.
    pub(super) const fn new(sample: u64, next: Option<Timestamp>) -> Self {
        let from_sample = sample.saturating_sub(PRE_ROLL_SAMPLES);
        Self { from_sample, next, whole: false, op: None, answered: false, p: None }
    }

    /// Asks if it is time to; while the user speaks, again after `every`.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        every: Duration,
        open: &Open,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let is_over = open.silence().is_some();
        if is_over && !self.whole {
            (self.whole, self.next) = (true, None);
        } else if !is_over && self.whole {
            // The user speaks again: what was the whole is only the beginning.
            (self.whole, self.next) = (false, Some(now + every));
            return;
        } else if self.next.is_some_and(|at| at <= now) {
            self.next = Some(now + every);
            if self.op.is_some() && !self.answered {
                return;
            }
        } else {
            return;
        }
        if let Some(op) = self.op {
            ops.cancel(op, out);
        }
        let (from_sample, transcript) = (self.from_sample, open.text());
        let effect = Effect::PredictBackchannel { from_sample, is_over, transcript };
        self.op = Some(ops.start(now, effect, out));
        self.answered = false;
    }

    /// When the next question is due.
    pub(super) const fn next_at(&self) -> Option<Timestamp> {
        self.next
    }

    pub(super) const fn op(&self) -> Option<OpId> {
        self.op
    }

    pub(super) fn answered(&mut self, op: OpId, p: f32) {
        if self.op == Some(op) {
            self.answered = true;
            self.p = Some(p);
        }
    }

    /// Without an answer it is as if there were no detector.
    pub(super) fn ended(&mut self, op: OpId) {
        if self.op == Some(op) {
            self.op = None;
            self.p = self.p.filter(|_| self.answered);
        }
    }

    /// What was said last; as long as the second question is open, what was said to the first.
    pub(super) const fn p(&self) -> Option<f32> {
        self.p
    }

    /// Whether that was said of the whole.
    pub(super) const fn is_heard_out(&self) -> bool {
        self.answered && self.whole
    }
}
