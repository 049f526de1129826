//! Who has the floor: speech over the agent holds it, interrupts it, or is let pass.

use antiphon_core::{Code, OpId, TurnId};
use antiphon_turn::{MuteFacts, Verdict, Why};

use super::{Conversation, Phase, inputs::dropped, report};
use crate::{Action, Actions, Discard, Notice, ops::Role, overlap::Overlap, speech::Speech};

impl Conversation {
    /// The user speaks while the agent has something to say: hold it until that is understood.
    pub(super) fn begin_overlap(&mut self, sample: u64, out: &mut Actions) {
        let Some((turn, onset)) = self.turn.open().map(|o| (o.id, o.onset)) else { return };
        let interruptible = self.speech.as_ref().is_some_and(|s| !s.protected);
        if !interruptible || !self.config.interruption.enabled {
            return;
        }
        self.playout.hold(out);
        let passed = self.overlap.as_ref().is_some_and(Overlap::is_passed);
        if passed || self.overlap.is_none() {
            // The turn may be older than this: what was let pass counts as a noise for now.
            let onset = if passed { self.now } else { onset };
            self.overlap = Some(Overlap::new(turn, onset, sample, self.now, &self.config));
            out.push(Action::Emit(Notice::OverlapStarted(turn)));
        }
    }

    pub(super) fn settle_overlap(&mut self, out: &mut Actions) {
        let Some(overlap) = &mut self.overlap else { return };
        let turn = overlap.turn;
        let Some(speech) = &self.speech else {
            // The agent had finished before it could be held: an ordinary turn.
            self.overlap = None;
            self.playout.release(self.now, out);
            return;
        };
        let Some(open) = self.turn.open().filter(|o| o.id == turn) else {
            self.overlap = None;
            self.let_go_on(turn, Why::NoWords, out);
            return;
        };
        overlap.ask(self.now, open, &self.config, &mut self.ops, out);
        let agent = speech.recent(&self.config);
        let (verdict, why) = overlap.judge(self.now, open, &agent, &self.config);
        match verdict {
            Verdict::Wait(_) => {}
            Verdict::Confirm => {
                self.overlap = None;
                self.confirm(turn, why, out);
            }
            Verdict::Refuse => {
                let passed = overlap.is_passed();
                overlap.pass();
                let empty = open.text().is_empty() || why == Why::Echo;
                // "Okay" over the last syllables is an answer, not a backchannel.
                let answer = !empty && speech.is_nearly_over(self.config.playout_rate_hz);
                if self.turn.is_understood(self.now, &mut self.ops, out) {
                    let why = if empty { Discard::Empty } else { Discard::Backchannel };
                    if !answer {
                        self.turn.discard(why, &mut self.ops, out);
                    }
                    self.overlap = None;
                }
                if !passed {
                    self.let_go_on(turn, why, out);
                }
            }
        }
    }

    /// A detector answered. What is no probability is no answer.
    pub(super) fn detected(&mut self, op: OpId, role: Role, p: f32, out: &mut Actions) {
        self.ops.unlimit(op);
        if !(0.0..=1.0).contains(&p) {
            self.ops.cancel(op, out);
            self.detection_ended(op);
            report(out, role.name(), Code::Protocol, format!("{p} is no probability"));
        } else if role == Role::Predict {
            self.turn.predicted(self.now, op, p);
        } else if let Some(overlap) = &mut self.overlap {
            overlap.answered(op, p);
        }
    }

    /// A detector said all it has to say, or failed.
    pub(super) fn detection_ended(&mut self, op: OpId) {
        self.turn.prediction_ended(op);
        if let Some(overlap) = &mut self.overlap {
            overlap.question_ended(op);
        }
    }

    /// What the detector was asked about an overlap that is decided, or about one before, is of no
    /// interest any more.
    pub(super) fn drop_questions(&mut self, out: &mut Actions) {
        let asked = self.overlap.as_ref().and_then(Overlap::asked);
        self.ops.cancel_others(Role::Backchannel, asked, out);
    }

    /// Why the user is not to be noticed now, if so.
    pub(super) fn muted(&self) -> Option<&'static str> {
        let speech = self.speech.as_ref().filter(|s| s.speculates_on().is_none());
        let first_speech = speech.is_some() && self.history.is_empty();
        self.config.interruption.mute.muted(&MuteFacts {
            agent_speaks: speech.is_some_and(|s| s.audible),
            first_speech,
            tool_with_effects: self.tools.has_effects(),
        })
    }

    pub(super) fn confirm(&mut self, turn: TurnId, why: Why, out: &mut Actions) {
        out.push(Action::Emit(Notice::Interrupted { turn, why }));
        for plan in self.waiting.drop_unprotected() {
            dropped(&plan, out);
        }
        self.interrupt(out);
    }

    fn let_go_on(&mut self, turn: TurnId, why: Why, out: &mut Actions) {
        out.push(Action::Emit(Notice::Resumed { turn, why }));
        self.playout.release(self.now, out);
    }

    /// Stops the present speech, unless it is protected.
    pub(super) fn interrupt(&mut self, out: &mut Actions) {
        self.drop_speculation(out);
        if let Some(speech) = self.speech.take_if(|s| !s.protected) {
            self.overlap = None;
            self.flush(speech, out);
        }
        self.playout.release(self.now, out);
    }

    fn flush(&mut self, mut speech: Speech, out: &mut Actions) {
        speech.cancel(&mut self.ops, out);
        self.abandon_tools(&mut speech, true, out);
        self.settle_flush(true, out);
        self.playout.flush(self.now, speech, out);
        self.settle_flush(false, out);
    }

    pub(super) fn settle_flush(&mut self, at_once: bool, out: &mut Actions) {
        if let Some(flushed) = self.playout.flushed(self.now, at_once) {
            self.end_speech(&flushed.speech, true, !flushed.exact, out);
        }
    }

    /// Gives up what has been silent for too long.
    pub(super) fn expire(&mut self, out: &mut Actions) {
        while let Some((at, op)) = self.ops.next_expiry()
            && at <= self.now
            && let Some(role) = self.ops.get(op).map(|l| l.role)
        {
            if role == Role::Speak
                && self.speech.as_ref().is_some_and(|s| s.speculates_on().is_some())
            {
                // Playout may be full, and it holds as long as the turn is not committed.
                self.ops.touch(self.now, op);
                continue;
            }
            let detail = format!("nothing came for {:?}", self.ops.patience(role));
            self.ops.cancel(op, out);
            self.op_failed(op, role, Code::Timeout, detail, out);
        }
        let expiry = self.playout.expiry(self.speech.as_ref(), &self.config);
        if expiry.is_some_and(|at| at <= self.now)
            && let Some(speech) = self.speech.take()
        {
            let detail = format!("playout reported nothing for {:?}", self.config.playout_timeout);
            report(out, "playout", Code::Timeout, detail);
            self.flush(speech, out);
        }
    }

    pub(super) fn close(&mut self, out: &mut Actions) {
        self.drop_speculation(out);
        self.turn.discard(Discard::Cleared, &mut self.ops, out);
        self.overlap = None;
        if let Some(speech) = self.speech.take() {
            self.flush(speech, out);
        }
        self.settle_flush(true, out);
        for plan in self.waiting.clear() {
            dropped(&plan, out);
        }
        self.tools.clear();
        self.ops.cancel_all(out);
        self.playout.release(self.now, out);
        self.phase = Phase::Closed;
        self.settle_states(out);
        out.push(Action::Emit(Notice::Ended));
    }
}
