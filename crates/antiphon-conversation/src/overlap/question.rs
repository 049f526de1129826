//! What a backchannel detector is asked about speech over the agent, and what it said.
//!
//! It is asked twice: early, while the user still speaks, and about the whole once they stop. The
//! second question takes the place of the first.

use antiphon_core::{OpId, Timestamp};

use crate::{
    Actions, Effect,
    ops::Ops,
    turn::{Open, PRE_ROLL_SAMPLES},
};

#[derive(Clone, Debug)]
pub(super) struct Question {
    from_sample: u64,
    stage: Stage,
    op: Option<OpId>,
    /// Whether the latest question was answered.
    answered: bool,
    p: Option<f32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// To be asked at this time if the user still speaks; `None` until that is known.
    Waits(Option<Timestamp>),
    /// Asked while the user spoke.
    Early,
    /// Asked about the whole.
    Whole,
}

impl Question {
    /// About sound that began at `sample`.
    pub(super) const fn new(sample: u64) -> Self {
        let from_sample = sample.saturating_sub(PRE_ROLL_SAMPLES);
        Self { from_sample, stage: Stage::Waits(None), op: None, answered: false, p: None }
    }

    /// Asks if it is time to; for the first time, while the user speaks, from `first_at` on.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        first_at: Timestamp,
        open: &Open,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let is_over = open.silence().is_some();
        self.stage = match (is_over, self.stage) {
            (true, Stage::Whole) | (false, Stage::Early) => return,
            (false, Stage::Waits(_)) if now < first_at => {
                self.stage = Stage::Waits(Some(first_at));
                return;
            }
            // The user speaks again: what was the whole is only the beginning.
            (false, Stage::Whole) => {
                self.stage = Stage::Early;
                return;
            }
            (true, Stage::Waits(_) | Stage::Early) => Stage::Whole,
            (false, Stage::Waits(_)) => Stage::Early,
        };
        if let Some(op) = self.op {
            ops.cancel(op, out);
        }
        let (from_sample, transcript) = (self.from_sample, open.text());
        let effect = Effect::PredictBackchannel { from_sample, is_over, transcript };
        self.op = Some(ops.start(now, effect, out));
        self.answered = false;
    }

    /// When the first question is due.
    pub(super) const fn next_at(&self) -> Option<Timestamp> {
        match self.stage {
            Stage::Waits(at) => at,
            Stage::Early | Stage::Whole => None,
        }
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
    pub(super) fn is_heard_out(&self) -> bool {
        self.answered && self.stage == Stage::Whole
    }
}
