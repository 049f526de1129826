//! What a session remembers of its calls, to refuse those that must not run.
//!
//! It deliberately runs nothing and knows no tool: name, arguments, turn and time decide.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use antiphon_core::{Timestamp, TurnId};
use serde_json::Value;

use crate::{EffectClass, Failure, RateLimit, ToolSpec};

/// Calls remembered; of a call older than that a repetition is not recognised.
const MAX_CALLS: usize = 256;

/// Turns after which a question to the user is forgotten.
const CONFIRMATION_TURNS: u32 = 3;

/// A call as the guards see it.
#[derive(Clone, Debug)]
pub(crate) struct Attempt<'a> {
    pub(crate) turn: TurnId,
    pub(crate) spec: &'a ToolSpec,
    pub(crate) arguments: &'a Value,
    /// The application has asked the user itself.
    pub(crate) confirmed: bool,
}

/// A refusal in words for the model.
pub(crate) type Refusal = (Failure, String);

#[derive(Debug)]
struct Made {
    turn: TurnId,
    what: String,
    effect: EffectClass,
}

/// The memory of one session. Everything in it is bounded.
#[derive(Debug, Default)]
pub(crate) struct Guards {
    ids: VecDeque<String>,
    made: VecDeque<Made>,
    asked: VecDeque<Made>,
    calls: BTreeMap<String, VecDeque<Timestamp>>,
}

impl Guards {
    /// Notes a call id, once.
    pub(crate) fn first_of(&mut self, id: &str) -> Result<(), Refusal> {
        if self.ids.iter().any(|known| known == id) {
            let text = format!("The call id {id:?} was used before. This call was not made.");
            return Err((Failure::Duplicate, text));
        }
        remember(&mut self.ids, id.to_owned());
        Ok(())
    }

    /// Whether the call may run; if so it is noted as made.
    pub(crate) fn admit(&mut self, now: Timestamp, attempt: &Attempt<'_>) -> Result<(), Refusal> {
        let what = format!("{} {}", attempt.spec.name, attempt.arguments);
        self.not_twice(attempt, &what)?;
        // Before the confirmation, which is used up by the call it lets through.
        self.within_rate(now, attempt.spec)?;
        self.confirm(attempt, &what)?;
        if attempt.spec.rate_limit.is_some() {
            self.calls.entry(attempt.spec.name.clone()).or_default().push_back(now);
        }
        let effect = attempt.spec.effect;
        remember(&mut self.made, Made { turn: attempt.turn, what, effect });
        Ok(())
    }

    /// A call failed. What changes nothing may be tried again in the same reply; what may have
    /// changed something before it failed may not.
    pub(crate) fn failed(&mut self, turn: TurnId, spec: &ToolSpec, arguments: &Value) {
        if spec.effect == EffectClass::Read {
            let what = format!("{} {arguments}", spec.name);
            self.made.retain(|made| made.turn != turn || made.what != what);
        }
    }

    /// Nobody uses what the calls of `turn` have brought. Those that change nothing may be made
    /// again.
    pub(crate) fn forget_reads(&mut self, turn: TurnId) {
        self.made.retain(|made| made.turn != turn || made.effect != EffectClass::Read);
    }

    fn not_twice(&self, attempt: &Attempt<'_>, what: &str) -> Result<(), Refusal> {
        if !self.made.iter().any(|made| made.turn == attempt.turn && made.what == what) {
            return Ok(());
        }
        let text = "This call was made already with the same arguments. It was not made again. \
                    Use what came back.";
        Err((Failure::Duplicate, text.to_owned()))
    }

    /// Passes if the same call was asked about in an earlier turn: the user has answered since,
    /// and the model, which heard the answer, calls again.
    fn confirm(&mut self, attempt: &Attempt<'_>, what: &str) -> Result<(), Refusal> {
        if attempt.confirmed || !attempt.spec.needs_confirmation() {
            return Ok(());
        }
        let TurnId(now) = attempt.turn;
        self.asked.retain(|asked| now.saturating_sub(asked.turn.0) <= CONFIRMATION_TURNS);
        let answered = self.asked.iter().any(|a| a.what == what && a.turn < attempt.turn);
        self.asked.retain(|asked| asked.what != what);
        if answered {
            return Ok(());
        }
        let asked = Made { turn: attempt.turn, what: what.to_owned(), effect: attempt.spec.effect };
        remember(&mut self.asked, asked);
        // Small models say what they are told as it stands: then it is a question.
        let text = attempt.spec.question_for(attempt.arguments).unwrap_or_else(|| {
            "Not done yet: the user has to confirm it. Say in one sentence what will be done and \
             ask. Only if the user then agrees, call again with the same arguments."
                .to_owned()
        });
        Err((Failure::Unconfirmed, text))
    }

    fn within_rate(&mut self, now: Timestamp, spec: &ToolSpec) -> Result<(), Refusal> {
        let Some(RateLimit { calls, per }) = spec.rate_limit else { return Ok(()) };
        if self.calls.len() >= MAX_CALLS {
            self.calls.pop_first();
        }
        let made = self.calls.entry(spec.name.clone()).or_default();
        made.retain(|at| now.since(*at) < per);
        if let Some(oldest) = made.front()
            && made.len() >= calls as usize
        {
            let wait = per.saturating_sub(now.since(*oldest)).max(Duration::from_secs(1));
            let text = format!(
                "This tool may be called {calls} times in {} s. Call it again in {} s, not before.",
                per.as_secs_f64(),
                wait.as_secs_f64().ceil()
            );
            return Err((Failure::RateLimited, text));
        }
        Ok(())
    }
}

fn remember<T>(memory: &mut VecDeque<T>, item: T) {
    if memory.len() >= MAX_CALLS {
        memory.pop_front();
    }
    memory.push_back(item);
}
