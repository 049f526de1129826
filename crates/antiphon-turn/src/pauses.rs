//! What one caller's pauses are like, learned as the conversation goes.
//!
//! People differ in how long they pause inside a turn. Such pauses are close to memoryless (Linke
//! and Ramscar 2021), so one number, their mean, says what delay leaves the same share of them
//! uncut: all delays go in proportion to it. Peers average pauses inside turns and pauses before
//! replies separately (`LiveKit`: weight 0.1 for the newest, within the configured minimum and
//! maximum). The second is our own waiting, and learning from it would be learning from ourselves;
//! here the end of a turn only lets the mean fade.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::EndpointingConfig;

/// A pause inside a turn of a caller of whom nothing is known: the middle of the class that
/// Campione and Véronis (2002) call medium, 200 to 1000 ms, in five languages.
pub(crate) const TYPICAL_PAUSE: Duration = Duration::from_millis(500);

/// Bounds of the mean: a quarter and four times the typical pause. They keep a caller of whom
/// odd things were learned within reach of the next few pauses.
const SHORTEST: Duration = Duration::from_millis(125);
const LONGEST: Duration = Duration::from_secs(2);

/// Weight of a new pause, and of an end of turn: 1/8, and 1/32. The first is the gain of the
/// round-trip estimator of RFC 6298, made for the same question: how long to wait for someone
/// of whom a few delays are known.
const PAUSE_WEIGHT: u32 = 8;
const FADE_WEIGHT: u32 = 32;

/// The usual pause of one caller: an exponential average. Serialisable, so that it can be kept
/// for the caller's next conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PauseModel {
    usual: Duration,
}

/// The shortest and the longest delay of the endpointing policy for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delays {
    /// If the turn surely sounds finished.
    pub min: Duration,
    /// If it sounds unfinished.
    pub max: Duration,
}

impl Default for PauseModel {
    fn default() -> Self {
        Self { usual: TYPICAL_PAUSE }
    }
}

impl PauseModel {
    /// The caller went on after `pause`: it was inside a turn.
    ///
    /// Also to be called when the caller goes on before anything of the reply was heard: then the
    /// turn was cut off, and such pauses are the ones most worth learning from.
    pub fn resumed(&mut self, pause: Duration) {
        // At most twice what is usual counts, so no single pause moves the delays by more than
        // an eighth; a caller who means it is followed within a few pauses.
        let counted = pause.min(self.usual() * 2);
        self.approach(counted, PAUSE_WEIGHT);
    }

    /// A pause ended the turn, and the caller left it at that.
    ///
    /// How long it lasted was our decision, so it has no say; but what was learned long ago
    /// fades, and a caller who stops pausing is not waited for all through the call.
    pub fn ended(&mut self) {
        self.approach(TYPICAL_PAUSE, FADE_WEIGHT);
    }

    fn approach(&mut self, value: Duration, weight: u32) {
        let usual = self.usual();
        self.usual = (usual * (weight - 1) + value) / weight;
    }

    /// The caller's usual pause inside a turn, 125 ms to 2 s.
    #[must_use]
    pub fn usual(&self) -> Duration {
        // Bounded here rather than when stored: a kept model may hold anything.
        self.usual.clamp(SHORTEST, LONGEST)
    }

    /// The delays that mode `dynamic` uses for this caller, within `config.dynamic`.
    #[must_use]
    pub fn delays(&self, config: &EndpointingConfig) -> Delays {
        let usual = Some(self.usual());
        Delays { min: config.paced(config.floor, usual), max: config.paced(config.ceiling, usual) }
    }
}
