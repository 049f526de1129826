//! Endpointing: how long to wait after the user falls silent before the turn is committed.

use std::time::Duration;

use antiphon_core::Timestamp;
use serde::{Deserialize, Serialize};

/// Delays of the endpointing policy, all counted from the end of speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointingConfig {
    /// Never commit earlier, however finished the turn sounds. Default 300 ms.
    pub floor: Duration,
    /// Commit at the latest, however unfinished it sounds. Default 1.4 s: smart-turn is a hint,
    /// and 1.2–1.5 s of silence is an end whatever it says.
    pub ceiling: Duration,
    /// Wait this long if no turn detector is there to ask. Default 600 ms.
    pub without_detector: Duration,
    /// From this probability on the turn counts as finished. Default 0.5.
    pub threshold: f32,
    /// How long past its due time a commit waits for the final transcript. Default 1.5 s.
    pub transcript_grace: Duration,
}

impl Default for EndpointingConfig {
    fn default() -> Self {
        Self {
            floor: Duration::from_millis(300),
            ceiling: Duration::from_millis(1400),
            without_detector: Duration::from_millis(600),
            threshold: 0.5,
            transcript_grace: Duration::from_millis(1500),
        }
    }
}

/// The turn detector's part in a pause.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// There is no detector, or it failed.
    Absent,
    /// It was asked and has not answered.
    Pending,
    /// Probability that the turn is finished.
    Finished(f32),
}

impl EndpointingConfig {
    /// When a turn whose speech ended at `speech_end` is due, given what is known.
    ///
    /// An answer that is still pending counts as "not finished", so the ceiling always holds.
    #[must_use]
    pub fn due(&self, speech_end: Timestamp, prediction: Prediction) -> Timestamp {
        let delay = match prediction {
            Prediction::Absent => self.without_detector,
            Prediction::Finished(p) if p >= self.threshold => self.floor,
            Prediction::Finished(_) | Prediction::Pending => self.ceiling,
        };
        speech_end + delay.clamp(self.floor.min(self.ceiling), self.ceiling)
    }
}
