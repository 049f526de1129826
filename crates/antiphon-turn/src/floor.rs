//! Limits of holding and leaving the floor: the longest turn, the longest silence.
//!
//! It deliberately decides nothing about pauses: that is endpointing.

use std::time::Duration;

use antiphon_core::{Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::settings;

/// How long the user may have the floor, and may leave it empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FloorConfig {
    /// A turn is committed at this age, paused or not: a television in the room, or a monologue
    /// that no context window holds. `None`: never. Default 60 s.
    pub max_turn: Option<Duration>,
    /// The user counts as away after being silent for so long while the agent is silent too.
    /// `None`: never. Default 15 s, as peers have it.
    pub away_after: Option<Duration>,
}

impl Default for FloorConfig {
    fn default() -> Self {
        Self { max_turn: Some(Duration::from_secs(60)), away_after: Some(Duration::from_secs(15)) }
    }
}

impl FloorConfig {
    /// When a turn that began at `onset` is committed anyway.
    #[must_use]
    pub fn turn_ends(&self, onset: Timestamp) -> Option<Timestamp> {
        self.max_turn.map(|limit| onset + limit)
    }

    /// When the user counts as away if neither side has spoken since `silent_since`.
    #[must_use]
    pub fn away_at(&self, silent_since: Timestamp) -> Option<Timestamp> {
        self.away_after.map(|limit| silent_since + limit)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// `invalid_input` naming the field, its value and what it may be.
    pub fn validate(&self) -> Result<()> {
        let least = Duration::from_secs(1);
        for (name, limit) in [("max_turn", self.max_turn), ("away_after", self.away_after)] {
            if let Some(limit) = limit.filter(|&limit| limit < least) {
                let detail = format!("floor.{name} is {limit:?}");
                return settings::bad(detail, "give at least 1 s, or null for no limit");
            }
        }
        Ok(())
    }
}
