//! Muting: when what the user says is not to be noticed at all.
//!
//! Stronger than protected speech, which hears the user out and only does not stop for it. It
//! deliberately knows no session: what is going on comes in as [`MuteFacts`].

use serde::{Deserialize, Serialize};

/// When the user is muted. All off by default: a caller who is not heard says everything twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MuteConfig {
    /// During the agent's first speech: a greeting with a legal notice, or the seconds in which
    /// an echo canceller learns its room.
    pub first_speech: bool,
    /// While a tool with effects runs: nobody can take back what is being booked.
    pub while_tool_runs: bool,
    /// Whenever the agent speaks: half duplex, for speakerphones without echo cancellation.
    pub always: bool,
}

/// What is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MuteFacts {
    /// The agent speaks, or is held.
    pub agent_speaks: bool,
    /// The agent's first speech of the session has not ended; also before it began, if one is
    /// to come.
    pub first_speech: bool,
    /// A tool with effects runs.
    pub tool_with_effects: bool,
}

impl MuteConfig {
    /// Why the user is muted now, for the log; `None`: is heard.
    #[must_use]
    pub fn muted(&self, facts: &MuteFacts) -> Option<&'static str> {
        let reasons = [
            (self.while_tool_runs && facts.tool_with_effects, "tool with effects"),
            (self.first_speech && facts.first_speech, "first speech"),
            (self.always && facts.agent_speaks, "agent speaks"),
        ];
        reasons.into_iter().find_map(|(muted, why)| muted.then_some(why))
    }
}
