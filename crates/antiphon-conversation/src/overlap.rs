//! Speech over the agent: pause first, then find out what it meant.
//!
//! It deliberately changes nothing itself: it only judges, and says when to ask again.

use antiphon_core::{Timestamp, TurnId};
use antiphon_turn::{Overlap as Facts, Verdict, Why};

use crate::{
    Config,
    turn::{Open, Voice},
};

#[derive(Clone, Debug)]
pub(crate) struct Overlap {
    pub(crate) turn: TurnId,
    /// When the user began.
    onset: Timestamp,
    /// When to judge again if nothing new is known by then; `None` while the agent goes on and
    /// only a transcript that is owed can change that.
    recheck: Option<Timestamp>,
}

impl Overlap {
    pub(crate) const fn new(turn: TurnId, onset: Timestamp, now: Timestamp) -> Self {
        Self { turn, onset, recheck: Some(now) }
    }

    pub(crate) const fn due(&self) -> Option<Timestamp> {
        self.recheck
    }

    /// Whether the agent has gone on before all was known.
    pub(crate) const fn is_passed(&self) -> bool {
        self.recheck.is_none()
    }

    /// The agent goes on; the words that are still to come are judged when they come.
    pub(crate) const fn pass(&mut self) {
        self.recheck = None;
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
            p_backchannel: None,
        });
        if let Verdict::Wait(time) = verdict {
            self.recheck = Some(now + time);
        }
        (verdict, why)
    }
}
