//! What follows: everything is derived from the states of the sub-machines and the time.

use antiphon_core::Timestamp;

use super::{Conversation, Phase};
use crate::{
    Action, Actions, AgentState, Discard, Notice, UserState, plans::Plan, speech::Speech,
    turn::same_words,
};

impl Conversation {
    pub(super) fn settle(&mut self, out: &mut Actions) {
        if self.phase == Phase::Closed {
            return;
        }
        self.expire(out);
        self.settle_flush(false, out);
        self.settle_overlap(out);
        self.settle_turn(out);
        self.settle_speech(out);
        // A speech that begins settles the one before it, and a turn may have waited for that.
        if self.turn_due().is_some_and(|due| due <= self.now) {
            self.settle_turn(out);
            self.settle_speech(out);
        }
        self.speculate(out);
        self.settle_attention(out);
        self.drop_questions(out);
        if self.phase == Phase::Leaving
            && self.turn.is_heard_out()
            && self.speech.is_none()
            && self.waiting.is_empty()
        {
            self.close(out);
        }
        self.settle_states(out);
    }

    fn settle_turn(&mut self, out: &mut Actions) {
        if self.turn.limit(&self.config).is_some_and(|at| at <= self.now) {
            self.turn.cut(self.now, &self.config, &mut self.ops, out);
        }
        self.turn.flush_overdue(self.now, &self.config, &mut self.ops, out);
        if self.overlap.is_some() {
            return;
        }
        if self.turn_due().is_some_and(|due| due <= self.now) {
            self.end_turn(out);
        }
        if self.muted().is_none()
            && let Some(start) = self.turn.goes_on(self.now)
        {
            self.listen(start, out);
            self.settle_overlap(out);
        }
    }

    /// When the user's turn is over, if nothing changes. An overlap must be judged before; and what
    /// was heard of an interrupted speech, known in a moment, comes first in history.
    pub(super) fn turn_due(&self) -> Option<Timestamp> {
        let free = self.overlap.is_none() && self.playout.flush_due().is_none();
        self.turn.due(&self.config.endpointing).filter(|_| free)
    }

    fn end_turn(&mut self, out: &mut Actions) {
        if self.turn.open().is_some_and(|o| o.text().is_empty()) {
            self.drop_speculation(out);
            self.turn.discard(Discard::Empty, &mut self.ops, out);
        } else if let Some(committed) = self.turn.commit(self.now, &mut self.ops, out) {
            self.commit(committed, out);
        }
    }

    /// Begins a reply before the turn is committed, once the transcript stands still; in the place
    /// of one that answers other words.
    fn speculate(&mut self, out: &mut Actions) {
        if self.speculation_due().is_none_or(|at| at > self.now) {
            return;
        }
        self.drop_speculation(out);
        let Some((id, waterfall, text)) = self.turn.speculate() else { return };
        self.reply(id, waterfall, Some(text), out);
    }

    /// When the transcript will have stood still for long enough to begin a reply, if none answers
    /// it yet.
    pub(super) fn speculation_due(&self) -> Option<Timestamp> {
        let free = self.config.preemptive
            && self.overlap.is_none()
            && self.playout.flush_due().is_none()
            && self.waiting.is_empty();
        let open = self.turn.open().filter(|_| free)?;
        let stale = |s: &Speech| s.speculates_on().is_some_and(|t| !same_words(t, &open.text()));
        let wanted = self.speech.as_ref().is_none_or(stale);
        open.stable_at(self.config.preemptive_after).filter(|_| wanted)
    }

    fn settle_speech(&mut self, out: &mut Actions) {
        loop {
            if self.speech.as_ref().is_some_and(|s| s.wants_head_start(&self.config)) {
                self.playout.hold(out);
            }
            if let Some(speech) = &mut self.speech
                && speech.pump(self.now, &self.config, &mut self.ops, out)
            {
                self.playout.touch(self.now);
            }
            self.settle_tools(out);
            if let Some(speech) = self.speech.take_if(|s| s.is_mute()) {
                self.end_speech(&speech, false, false, out);
            } else if !self.start_waiting(out) {
                break;
            }
        }
    }

    fn settle_attention(&mut self, out: &mut Actions) {
        let quiet = self.phase == Phase::Running
            && self.turn.is_heard_out()
            && self.speech.is_none()
            && self.waiting.is_empty();
        if self.attention.settle(self.now, quiet, &self.config) {
            // Nothing waits, so there is room.
            let _ = self.waiting.push(Plan::say(self.config.reprompt.clone()));
            self.settle_speech(out);
        }
    }

    pub(super) fn settle_states(&mut self, out: &mut Actions) {
        let agent = match (self.phase, &self.speech) {
            (Phase::New, _) => AgentState::Initializing,
            (Phase::Closed, _) => AgentState::Closed,
            (_, Some(s)) if s.audible => AgentState::Speaking,
            (_, Some(s)) if s.speculates_on().is_none() => AgentState::Thinking,
            (Phase::Leaving, None) => AgentState::Idle,
            (Phase::Running | Phase::Leaving, _) => AgentState::Listening,
        };
        if agent != self.agent_state {
            self.agent_state = agent;
            out.push(Action::Emit(Notice::AgentState(agent)));
        }
        let user = match self.phase {
            Phase::New | Phase::Running if self.turn.is_speaking() => UserState::Speaking,
            Phase::New | Phase::Running if self.attention.is_away() => UserState::Away,
            Phase::New | Phase::Running => UserState::Listening,
            Phase::Leaving | Phase::Closed => UserState::Away,
        };
        if user != self.user_state {
            self.user_state = user;
            out.push(Action::Emit(Notice::UserState(user)));
        }
    }
}
