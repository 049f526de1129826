//! From per-frame probabilities to the two edges everybody else cares about: speech began, speech
//! ended.
//!
//! It deliberately knows no audio and no clock: a probability and a frame length are all it sees,
//! and its time is the sample index.

use antiphon_core::{AudioFormat, Code, Error, Result};

use crate::Vad;

/// How much evidence an edge needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateConfig {
    /// A frame at or above this probability is evidence that speech began. In (0, 1]; 0.5 is the
    /// value Silero's model card recommends.
    pub start_threshold: f32,
    /// While speech lasts, a frame below this is silence. In (0, `start_threshold`]: the gap
    /// between the two keeps unvoiced consonants from chopping a word; 0.15 is Silero's own gap.
    pub stop_threshold: f32,
    /// Evidence in a row that [`GateEdge::Started`] needs, in milliseconds.
    ///
    /// The default of 64 is two Silero frames. With the frame the detector itself needs, the edge
    /// comes 64 to 96 ms after the true onset: short enough to stop our own voice politely, long
    /// enough that a click does not.
    pub start_ms: u32,
    /// Silence in a row that [`GateEdge::Stopped`] needs, in milliseconds. Rounded up to whole
    /// frames.
    pub stop_ms: u32,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self { start_threshold: 0.5, stop_threshold: 0.35, start_ms: 64, stop_ms: 200 }
    }
}

/// A change between silence and speech.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateEdge {
    /// Speech has begun.
    Started {
        /// Index of the first sample of the first speech frame, at the stream's rate. Lies before
        /// [`SpeechGate::position`] by the evidence the edge needed.
        onset: u64,
    },
    /// Speech has ended.
    Stopped {
        /// Index of the sample after the last speech frame, at the stream's rate; before that by
        /// [`Vad::release`], if the gate is [behind](SpeechGate::behind) a detector.
        end: u64,
    },
}

/// Turns speech probabilities into [`GateEdge`]s, `Started` and `Stopped` strictly in turn.
#[derive(Clone, Debug)]
pub struct SpeechGate {
    start_threshold: f32,
    stop_threshold: f32,
    start_samples: u64,
    stop_samples: u64,
    release_samples: u64,
    position: u64,
    state: State,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// `onset` is where the current run of speech frames began, if one is under way.
    Silence { onset: Option<u64> },
    /// `end` is the sample after the last speech frame.
    Speech { onset: u64, end: u64 },
}

impl SpeechGate {
    /// A gate for a stream of `rate_hz`, in silence at sample 0.
    ///
    /// # Errors
    /// `invalid_input` if a threshold lies outside (0, 1], the stop threshold above the start
    /// threshold, or the rate is 0.
    pub fn new(config: GateConfig, rate_hz: u32) -> Result<Self> {
        let GateConfig { start_threshold, stop_threshold, start_ms, stop_ms } = config;
        let ordered =
            0.0 < stop_threshold && stop_threshold <= start_threshold && start_threshold <= 1.0;
        if !ordered || rate_hz == 0 {
            return Err(invalid(config, rate_hz));
        }
        let samples = |ms| AudioFormat::mono(rate_hz).samples_in_ms(ms) as u64;
        Ok(Self {
            start_threshold,
            stop_threshold,
            start_samples: samples(start_ms),
            stop_samples: samples(stop_ms),
            release_samples: 0,
            position: 0,
            state: State::Silence { onset: None },
        })
    }

    /// The gate behind this detector: what it takes to let go of speech is no speech. When an end is
    /// reported does not change, only where it is said to lie.
    #[must_use]
    pub fn behind(self, vad: &dyn Vad) -> Self {
        let release = vad.release().as_micros() * u128::from(vad.rate_hz()) / 1_000_000;
        Self { release_samples: u64::try_from(release).unwrap_or(u64::MAX), ..self }
    }

    /// Takes in the speech probability of the next `frame_len` samples.
    ///
    /// A probability that is NaN or outside 0.0 to 1.0 counts as 0: a broken detector must not
    /// hold the turn.
    pub fn push(&mut self, prob: f32, frame_len: usize) -> Option<GateEdge> {
        let prob = if (0.0..=1.0).contains(&prob) { prob } else { 0.0 };
        let frame_start = self.position;
        self.position = self.position.saturating_add(frame_len as u64);
        match self.state {
            State::Silence { onset } => self.listen(prob, onset.unwrap_or(frame_start)),
            State::Speech { onset, end } => self.follow(prob, onset, end),
        }
    }

    /// Whether the last edge was [`GateEdge::Started`].
    #[must_use]
    pub const fn is_speaking(&self) -> bool {
        matches!(self.state, State::Speech { .. })
    }

    /// Samples seen since the start or the last [`reset`](Self::reset).
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Forgets everything, as at the start of a stream. No edge is reported for speech that was
    /// under way.
    pub const fn reset(&mut self) {
        self.position = 0;
        self.state = State::Silence { onset: None };
    }

    const fn listen(&mut self, prob: f32, onset: u64) -> Option<GateEdge> {
        if prob < self.start_threshold {
            self.state = State::Silence { onset: None };
            return None;
        }
        if self.position - onset < self.start_samples {
            self.state = State::Silence { onset: Some(onset) };
            return None;
        }
        self.state = State::Speech { onset, end: self.position };
        Some(GateEdge::Started { onset })
    }

    fn follow(&mut self, prob: f32, onset: u64, end: u64) -> Option<GateEdge> {
        if prob >= self.stop_threshold {
            self.state = State::Speech { onset, end: self.position };
            return None;
        }
        if self.position - end < self.stop_samples {
            return None;
        }
        self.state = State::Silence { onset: None };
        Some(GateEdge::Stopped { end: end.saturating_sub(self.release_samples).max(onset) })
    }
}

fn invalid(config: GateConfig, rate_hz: u32) -> Error {
    let detail = format!("{config:?} at {rate_hz} Hz");
    Error::new("vad.gate", Code::InvalidInput, detail)
        .with_help("use 0 < stop_threshold <= start_threshold <= 1 and a rate above 0")
}
