//! A detector that needs no model file: loudness above an adaptive noise floor.
//!
//! It deliberately knows nothing about speech: anything louder than its surroundings passes, a
//! door as well as a word. Use it where no model may be loaded.

use antiphon_core::{Code, Error, FRAME_MS, Result, SPEECH_RATE_HZ};

use crate::Vad;

/// Samples per frame: [`FRAME_MS`] at [`SPEECH_RATE_HZ`].
const FRAME_LEN: usize = (SPEECH_RATE_HZ * FRAME_MS / 1000) as usize;

/// Where the floor starts and how low it may sink, in dB of full scale: a quiet room on a laptop
/// microphone, and little more than the quantisation noise of 16 bits (-98 dB).
const START_FLOOR_DB: f32 = -50.0;
const LOWEST_FLOOR_DB: f32 = -75.0;

/// How fast the floor rises while frames are louder than it, in dB per second. Slow against a
/// sentence, so that speech does not become its own floor; fast enough to swallow a fan in
/// some seconds. It sinks at once, since nothing is quieter than the room.
const RISE_DB_PER_S: f32 = 4.0;

/// The level above the floor at which speech and noise are equally likely, and the level change
/// that multiplies the odds by e, in dB.
const EVEN_ODDS_DB: f32 = 12.0;
const ODDS_SCALE_DB: f32 = 2.0;

/// An energy detector: 16 kHz, frames of 320 samples (20 ms).
///
/// Weak by design. Music, typing and steady noise that has just begun count as speech; soft
/// speech in a loud room does not.
#[derive(Clone, Debug)]
pub struct EnergyVad {
    floor_db: f32,
}

impl EnergyVad {
    /// A detector at the start of its stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { floor_db: START_FLOOR_DB }
    }
}

impl Default for EnergyVad {
    fn default() -> Self {
        Self::new()
    }
}

impl Vad for EnergyVad {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn frame_len(&self) -> usize {
        FRAME_LEN
    }

    fn push(&mut self, frame: &[i16]) -> Result<f32> {
        if frame.len() != FRAME_LEN {
            let detail = format!("a frame of {} samples, expected {FRAME_LEN}", frame.len());
            return Err(Error::new("energy_vad.push", Code::InvalidInput, detail)
                .with_help("cut the stream into frames with antiphon_vad::Blocks"));
        }
        let level = level_db(frame);
        let step = RISE_DB_PER_S * FRAME_MS as f32 / 1000.0;
        self.floor_db = level.min(self.floor_db + step).max(LOWEST_FLOOR_DB);
        let odds = (level - self.floor_db - EVEN_ODDS_DB) / ODDS_SCALE_DB;
        Ok(1.0 / (1.0 + (-odds).exp()))
    }

    fn reset(&mut self) {
        *self = Self::new();
    }
}

/// Level of a frame in dB of full scale, without its DC offset: cheap microphones have one, and
/// it is no sound.
fn level_db(frame: &[i16]) -> f32 {
    let n = frame.len() as f64;
    let (sum, squares) = frame.iter().fold((0_i64, 0_i64), |(sum, squares), &s| {
        (sum + i64::from(s), squares + i64::from(s) * i64::from(s))
    });
    let mean = sum as f64 / n;
    let power = (squares as f64 / n - mean * mean).max(0.0) / (32_768.0 * 32_768.0);
    // Digital silence would be minus infinity.
    (10.0 * power.max(1e-12).log10()) as f32
}
