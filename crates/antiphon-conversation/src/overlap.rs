//! Speech over the agent: pause first, then find out what it meant.
//!
//! It deliberately changes nothing itself: it only judges, and says when to ask again.

use antiphon_core::{Timestamp, TurnId};
use antiphon_turn::{InterruptionConfig, Overlap as Facts, Verdict};

use crate::turn::{Open, Voice};

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

    /// Judges by what is known of the user's turn now.
    pub(crate) fn judge(
        &mut self,
        now: Timestamp,
        open: &Open,
        policy: &InterruptionConfig,
    ) -> Verdict {
        let transcript = open.text();
        let facts = match &open.voice {
            Voice::Speaking => Facts {
                speech: now.since(open.onset),
                silence: None,
                transcript: &transcript,
                is_final: false,
                ..Facts::default()
            },
            Voice::Silent(silence) => Facts {
                speech: silence.since.since(open.onset),
                silence: Some(now.since(silence.since)),
                transcript: &transcript,
                is_final: silence.flushed,
                ..Facts::default()
            },
        };
        let verdict = policy.judge(facts);
        if let Verdict::Wait(time) = verdict {
            self.recheck = now + time;
        }
        verdict
    }
}
