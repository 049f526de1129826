//! From a committed turn to speech, and from speech to history.

use antiphon_core::{RequestId, TurnId};
use antiphon_state::{Item, Said};
use antiphon_turn::Why;

use super::{Conversation, Phase};
use crate::{
    Action, Actions, Effect, Notice, PlayoutCommand, Waterfall, messages,
    plans::What,
    speech::Speech,
    turn::{Committed, same_words},
    waterfall::mark,
};

impl Conversation {
    /// Text typed by the user is a turn of its own, complete at once.
    pub(super) fn user_text(&mut self, text: String, out: &mut Actions) {
        if self.phase != Phase::Running || text.trim().is_empty() {
            return;
        }
        self.attention.returned();
        self.drop_speculation(out);
        let id = self.turn.next_id();
        if self.speech.as_ref().is_some_and(|s| !s.protected) {
            self.confirm(id, Why::Words, out);
        }
        let mut waterfall = Waterfall::new(id, self.now);
        mark(&mut waterfall.committed, self.now);
        self.commit(Committed { id, text, waterfall }, out);
    }

    /// The user's turn is over: it enters history, and is answered.
    pub(super) fn commit(&mut self, committed: Committed, out: &mut Actions) {
        self.settle_flush(true, out);
        let Committed { id, text, waterfall } = &committed;
        let said = Said::User { text: text.clone() };
        self.history.push(Item { turn: *id, said });
        out.push(Action::Emit(Notice::UserTurn { turn: *id, text: text.clone(), late: false }));
        match &mut self.speech {
            Some(s) if s.speculates_on().is_some_and(|t| same_words(t, text)) => {
                s.commit(waterfall, out);
                self.playout.release(self.now, out);
            }
            _ => {
                self.drop_speculation(out);
                self.waiting.answer(committed);
            }
        }
    }

    /// A preemptive reply whose turn goes on is worth nothing any more.
    pub(super) fn drop_speculation(&mut self, out: &mut Actions) {
        if let Some(mut speech) = self.speech.take_if(|s| s.speculates_on().is_some()) {
            speech.cancel(&mut self.ops, out);
            self.abandon_tools(&mut speech, false, out);
            if speech.has_segments() {
                out.push(Action::Playout(PlayoutCommand::Flush(speech.generation)));
                self.playout.release(self.now, out);
            }
            let (turn, chars, spoken) =
                (speech.turn, speech.composed_chars(), speech.spoken_chars());
            out.push(Action::Emit(Notice::PreemptiveDropped { turn, chars, spoken }));
        }
    }

    /// Starts what waits, once the floor is free. Returns whether it did.
    pub(super) fn start_waiting(&mut self, out: &mut Actions) -> bool {
        let free = self.speech.is_none() && self.phase != Phase::New;
        let Some(plan) = self.waiting.front().filter(|_| free) else { return false };
        if self.turn.open().is_some() && !plan.is_protected() {
            return false;
        }
        let Some(plan) = self.waiting.pop() else { return false };
        match plan.what {
            What::Say { text, clip, protected } => {
                self.settle_flush(true, out);
                let turn = self.turn.next_id();
                let speech = self.new_speech(turn, plan.request, None);
                self.begin(speech.with_text(&text, clip, protected), out);
            }
            What::Reply(committed) => self.reply(committed.id, committed.waterfall, None, out),
            What::Prompt { instructions } => self.prompt(plan.request, instructions, out),
        }
        self.playout.release(self.now, out);
        self.playout.touch(self.now);
        true
    }

    fn begin(&mut self, speech: Speech, out: &mut Actions) {
        if speech.speculates_on().is_none() {
            out.push(Action::Emit(speech.created()));
        }
        self.speech = Some(speech);
    }

    /// Begins a reply: to history, or before the commit to history and `speculative`.
    pub(super) fn reply(
        &mut self,
        turn: TurnId,
        mut waterfall: Waterfall,
        speculative: Option<String>,
        out: &mut Actions,
    ) {
        self.settle_flush(true, out);
        mark(&mut waterfall.llm_started, self.now);
        let request = messages::request(&self.config, &self.history, speculative.as_deref());
        let op = self.ops.start(self.now, Effect::Generate(request), out);
        let speech = self.new_speech(turn, None, Some(waterfall));
        self.begin(speech.with_generation(op, speculative), out);
    }

    /// The agent speaks by itself, by these instructions.
    fn prompt(&mut self, request: Option<RequestId>, instructions: String, out: &mut Actions) {
        self.settle_flush(true, out);
        let turn = self.turn.next_id();
        let mut wanted = messages::request(&self.config, &self.history, None);
        messages::instruct(&mut wanted, instructions.clone());
        let op = self.ops.start(self.now, Effect::Generate(wanted), out);
        let mut speech = self.new_speech(turn, request, None).with_generation(op, None);
        speech.prompt = Some(instructions);
        self.begin(speech, out);
    }

    fn new_speech(
        &mut self,
        turn: TurnId,
        request: Option<RequestId>,
        waterfall: Option<Waterfall>,
    ) -> Speech {
        let id = self.next_speech;
        self.next_speech += 1;
        Speech::new(id, turn, request, waterfall)
    }

    /// A speech is over: what was heard of it enters history.
    pub(super) fn end_speech(
        &mut self,
        s: &Speech,
        interrupted: bool,
        overdue: bool,
        out: &mut Actions,
    ) {
        let cut = s.cut();
        let estimated = cut.estimated || (interrupted && overdue);
        let (heard, unheard) = (cut.heard, cut.unheard);
        out.push(Action::Emit(Notice::SpeechEnded {
            speech: s.id,
            turn: s.turn,
            heard: heard.clone(),
            unheard: unheard.clone(),
            interrupted,
            estimated,
        }));
        if !heard.trim().is_empty() {
            let said = Said::Agent { heard, unheard, interrupted, estimated };
            self.history.push(Item { turn: s.turn, said });
        }
    }
}
