//! Endpointing: how long to wait after the user falls silent before the turn is committed.
//!
//! It deliberately remembers nothing: what was learned of a caller is [`PauseModel`]'s and comes
//! in with the [`Pause`].
//!
//! [`PauseModel`]: crate::PauseModel

use std::time::Duration;

use antiphon_core::{Result, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{pauses::TYPICAL_PAUSE, settings};

/// What decides that a turn is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointingMode {
    /// The turn detector's probability chooses between the delays.
    #[default]
    Detector,
    /// Always `without_detector`, whatever a detector says.
    Fixed,
    /// As `Detector`, with all delays in proportion to this caller's usual pause.
    Dynamic,
    /// The final transcript of the speech-to-text engine, between floor and ceiling. For engines
    /// that decide themselves when a transcript is final.
    SttFinal,
    /// Only the application commits: push-to-talk.
    Manual,
    /// The provider's word: a realtime model, or speech to text with turn events.
    Provider,
}

/// Which delays apply; all are counted from the end of speech.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EndpointingConfig {
    /// What decides. Default `detector`.
    pub mode: EndpointingMode,
    /// Never commit earlier, however finished the turn sounds. Default 300 ms.
    pub floor: Duration,
    /// Wait this long if the turn sounds finished, but not surely; brought between floor and
    /// ceiling. Default 700 ms: see `docs/turn-taking.md` for the reckoning.
    pub middle: Duration,
    /// Commit at the latest, however unfinished it sounds. Default 1.4 s: smart-turn is a hint,
    /// and 1.2–1.5 s of silence is an end whatever it says.
    pub ceiling: Duration,
    /// Wait this long if no turn detector is there to ask; brought between floor and ceiling.
    /// Default 600 ms.
    pub without_detector: Duration,
    /// A turn detector's answer that takes longer is not waited for: as if there were none. Default
    /// 1 s, so that such a turn is still committed before the ceiling.
    pub detector_timeout: Duration,
    /// Whether words count: a transcript that [trails off](crate::trails_off) is not finished,
    /// however it sounds. On by default; it means nothing to the modes that ask no detector.
    pub open_words: bool,
    /// From this probability on the turn counts as finished. Default 0.5.
    pub threshold: f32,
    /// From this probability on it counts as surely finished: the floor is enough. Default 0.9.
    /// A value up to `threshold` takes the middle step away.
    pub sure: f32,
    /// Between what `dynamic` delays stay.
    pub dynamic: DynamicConfig,
    /// In mode `provider`: commit at the latest. Default 8 s, the longest that `OpenAI`'s semantic
    /// turn detection waits (eagerness `low`): the provider decides, this only keeps a lost
    /// message from losing the turn.
    pub provider_ceiling: Duration,
    /// How long past its due time a commit waits for the final transcript. Default 1.5 s.
    pub transcript_grace: Duration,
}

/// Bounds of the delays that are learned from a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DynamicConfig {
    /// However brisk the caller. Default 250 ms: the gate needs 200 ms to see a pause at all.
    pub min: Duration,
    /// However slow the caller. Default 2.5 s, as peers have it.
    pub max: Duration,
}

impl Default for EndpointingConfig {
    fn default() -> Self {
        Self {
            mode: EndpointingMode::Detector,
            floor: Duration::from_millis(300),
            middle: Duration::from_millis(700),
            ceiling: Duration::from_millis(1400),
            without_detector: Duration::from_millis(600),
            detector_timeout: Duration::from_secs(1),
            open_words: true,
            threshold: 0.5,
            sure: 0.9,
            dynamic: DynamicConfig::default(),
            provider_ceiling: Duration::from_secs(8),
            transcript_grace: Duration::from_millis(1500),
        }
    }
}

impl Default for DynamicConfig {
    fn default() -> Self {
        Self { min: Duration::from_millis(250), max: Duration::from_millis(2500) }
    }
}

/// The turn detector's part in a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// There is no detector, or it failed.
    #[default]
    Absent,
    /// It was asked and has not answered.
    Pending,
    /// Probability that the turn is finished.
    Finished(f32),
}

/// What is known of a pause that may be the end of the turn.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pause {
    /// When speech ended.
    pub speech_end: Timestamp,
    /// What the turn detector says of this pause.
    pub prediction: Prediction,
    /// Whether the transcript [trails off](crate::trails_off).
    pub trails_off: bool,
    /// When the transcript of everything said became final, if it has.
    pub transcript_final_at: Option<Timestamp>,
    /// When the provider declared the turn over, if it has since the last speech began.
    pub provider_ended: Option<Timestamp>,
    /// This caller's usual pause, from [`PauseModel::usual`](crate::PauseModel::usual); `None`
    /// counts as typical. Only mode `dynamic` looks at it.
    pub usual: Option<Duration>,
}

impl EndpointingConfig {
    /// When the turn is due, given what is known; `None`: never by itself.
    ///
    /// An answer that is still pending counts as "not finished", so a ceiling always holds, but
    /// in mode `manual`.
    #[must_use]
    pub fn due(&self, pause: &Pause) -> Option<Timestamp> {
        let end = pause.speech_end;
        let due = match self.mode {
            EndpointingMode::Manual => return None,
            EndpointingMode::Fixed => end + self.within(self.without_detector),
            EndpointingMode::Detector => end + self.within(self.delay(pause)),
            EndpointingMode::Dynamic => {
                end + self.paced(self.within(self.delay(pause)), pause.usual)
            }
            EndpointingMode::SttFinal => {
                let (floor, ceiling) = (end + self.within(self.floor), end + self.ceiling);
                pause.transcript_final_at.map_or(ceiling, |at| at.clamp(floor, ceiling))
            }
            EndpointingMode::Provider => {
                let ceiling = end + self.provider_ceiling;
                pause.provider_ended.map_or(ceiling, |at| at.clamp(end, ceiling))
            }
        };
        Some(due)
    }

    fn delay(&self, pause: &Pause) -> Duration {
        match pause.prediction {
            _ if pause.trails_off && self.open_words => self.ceiling,
            Prediction::Absent => self.without_detector,
            Prediction::Finished(p) if p >= self.sure.max(self.threshold) => self.floor,
            Prediction::Finished(p) if p >= self.threshold => self.middle,
            Prediction::Finished(_) | Prediction::Pending => self.ceiling,
        }
    }

    fn within(&self, delay: Duration) -> Duration {
        delay.max(self.floor).min(self.ceiling)
    }

    /// `delay` in proportion to the caller's usual pause, in bounds.
    pub(crate) fn paced(&self, delay: Duration, usual: Option<Duration>) -> Duration {
        let usual = usual.unwrap_or(TYPICAL_PAUSE);
        // In whole microseconds: the same on every machine, so that a replay is exact.
        let scaled =
            delay.as_micros().saturating_mul(usual.as_micros()) / TYPICAL_PAUSE.as_micros();
        let scaled = Duration::from_micros(u64::try_from(scaled).unwrap_or(u64::MAX));
        scaled.max(self.dynamic.min).min(self.dynamic.max)
    }

    /// Checks what the types cannot.
    ///
    /// # Errors
    /// `invalid_input` naming the field, its value and what it may be.
    pub fn validate(&self) -> Result<()> {
        settings::probability("endpointing.threshold", self.threshold)?;
        settings::probability("endpointing.sure", self.sure)?;
        let floor = ("endpointing.floor", self.floor);
        settings::ordered(floor, ("endpointing.ceiling", self.ceiling))?;
        let (min, max) = (self.dynamic.min, self.dynamic.max);
        settings::ordered(("endpointing.dynamic.min", min), ("endpointing.dynamic.max", max))?;
        for (name, delay) in [
            ("endpointing.middle", self.middle),
            ("endpointing.ceiling", self.ceiling),
            ("endpointing.without_detector", self.without_detector),
            ("endpointing.detector_timeout", self.detector_timeout),
            ("endpointing.dynamic.max", max),
            ("endpointing.provider_ceiling", self.provider_ceiling),
            ("endpointing.transcript_grace", self.transcript_grace),
        ] {
            settings::at_most(name, delay, Duration::from_secs(60))?;
        }
        settings::not_zero("endpointing.detector_timeout", self.detector_timeout)
    }
}
