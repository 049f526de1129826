//! Audio format: what a run of PCM samples means.
//!
//! Between crates PCM is always interleaved signed 16-bit (`&[i16]`), mono unless a format
//! says otherwise; the rate travels beside it.

use serde::{Deserialize, Serialize};

/// Rate at which speech is analysed (voice activity, turn detection, speech to text), in hertz.
pub const SPEECH_RATE_HZ: u32 = 16_000;

/// Length of a media frame in milliseconds, as RTP audio profiles commonly use (RFC 3551 §4.2).
pub const FRAME_MS: u32 = 20;

/// Sample rate and channel count of interleaved 16-bit PCM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AudioFormat {
    /// Samples per second and channel.
    pub rate_hz: u32,
    /// Interleaved channels, at least 1.
    pub channels: u16,
}

impl AudioFormat {
    /// One channel at `rate_hz`.
    #[must_use]
    pub const fn mono(rate_hz: u32) -> Self {
        Self { rate_hz, channels: 1 }
    }

    /// Samples per channel in a span of `ms` milliseconds, rounded down.
    #[must_use]
    pub const fn samples_in_ms(self, ms: u32) -> usize {
        (self.rate_hz as u64 * ms as u64 / 1000) as usize
    }

    /// Duration of `samples` samples per channel in microseconds, rounded down.
    #[must_use]
    pub const fn micros(self, samples: u64) -> u64 {
        (samples as u128 * 1_000_000 / self.rate_hz as u128) as u64
    }
}
