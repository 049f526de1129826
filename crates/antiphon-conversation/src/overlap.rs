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
    /// When to judge again if nothing new is known by then.
    pub(crate) recheck: Timestamp,
}

impl Overlap {
    pub(crate) const fn new(turn: TurnId, now: Timestamp) -> Self {
        Self { turn, recheck: now }
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
            Voice::Speaking => (now.since(open.onset), None, false),
            Voice::Silent(silence) => {
                let lasts = Some(now.since(silence.since));
                (silence.since.since(open.onset), lasts, silence.flushed)
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
            self.recheck = now + time;
        }
        (verdict, why)
    }
}
