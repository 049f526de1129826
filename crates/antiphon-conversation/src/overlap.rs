//! Speech over the agent: pause first, then find out what it meant.
//!
//! It deliberately changes nothing itself: it only judges, and says when to ask again.

mod question;

use antiphon_core::{OpId, Timestamp, TurnId};
use antiphon_turn::{Overlap as Facts, Verdict, Why};

use crate::{
    Actions, Config,
    ops::Ops,
    turn::{Open, Voice},
};
use question::Question;

#[derive(Clone, Debug)]
pub(crate) struct Overlap {
    pub(crate) turn: TurnId,
    /// When the user began.
    onset: Timestamp,
    /// When to judge again if nothing new is known by then.
    recheck: Timestamp,
    /// The agent has gone on before all was known.
    passed: bool,
    question: Question,
}

impl Overlap {
    /// The user began at `onset`, and again at `sample`.
    pub(crate) fn new(
        turn: TurnId,
        onset: Timestamp,
        sample: u64,
        now: Timestamp,
        config: &Config,
    ) -> Self {
        let first = config.backchannel_detector.then(|| onset + config.interruption.detector_after);
        let question = Question::new(sample, first);
        Self { turn, onset, recheck: now, passed: false, question }
    }

    /// When something is to be done about it. While the agent goes on, only what is still to be
    /// understood can stop it.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        let ask = self.question.next_at();
        let judge = (!self.passed).then_some(self.recheck);
        ask.into_iter().chain(judge).min()
    }

    /// Whether the agent has gone on before all was known.
    pub(crate) const fn is_passed(&self) -> bool {
        self.passed
    }

    /// The agent goes on; the words that are still to come are judged when they come.
    pub(crate) const fn pass(&mut self) {
        self.passed = true;
    }

    /// Asks the backchannel detector, if there is one and the time has come.
    pub(crate) fn ask(
        &mut self,
        now: Timestamp,
        open: &Open,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        if config.backchannel_detector {
            self.question.ask(now, config.interruption.detector_after, open, ops, out);
        }
    }

    /// The question that is under way.
    pub(crate) const fn asked(&self) -> Option<OpId> {
        self.question.op()
    }

    /// The backchannel detector answered.
    pub(crate) fn answered(&mut self, op: OpId, p: f32) {
        self.question.answered(op, p);
    }

    /// The backchannel detector said all it has to say, or failed.
    pub(crate) fn question_ended(&mut self, op: OpId) {
        self.question.ended(op);
    }

    /// Judges by what is known of the user's turn now, and of what the `agent` has just said.
    pub(crate) fn judge(
        &mut self,
        now: Timestamp,
        open: &Open,
        agent: &str,
        config: &Config,
    ) -> (Verdict, Why) {
        let transcript = open.text();
        let (speech, silence, is_final) = match &open.voice {
            Voice::Speaking => (now.since(self.onset), None, false),
            Voice::Silent(silence) => {
                let lasts = Some(now.since(silence.since));
                (silence.since.since(self.onset), lasts, silence.flushed)
            }
        };
        let (verdict, why) = config.interruption.judge_why(Facts {
            speech,
            silence,
            transcript: &transcript,
            is_final,
            language: config.language.as_deref(),
            agent,
            p_backchannel: self.question.p(),
            heard_out: self.question.is_heard_out(),
        });
        if let Verdict::Wait(time) = verdict {
            self.recheck = now + time;
        }
        (verdict, why)
    }
}
