//! Room noise for simulations: the same for the same seed.

/// Low-passed noise, as rooms and headsets have it.
#[derive(Clone, Debug)]
pub struct RoomNoise {
    state: u64,
    low: f64,
    smoothing: f64,
    gain: f64,
}

impl RoomNoise {
    /// Noise at `rate_hz` with an effective level of `dbfs`, 0 dB being full scale.
    #[must_use]
    pub fn new(rate_hz: u32, dbfs: f64, seed: u64) -> Self {
        // One pole at 500 Hz; its output's variance is s / (2 - s) of the input's.
        let smoothing = 1.0 - (-std::f64::consts::TAU * 500.0 / f64::from(rate_hz)).exp();
        let uniform = (1.0f64 / 3.0 * smoothing / (2.0 - smoothing)).sqrt();
        let gain = 10f64.powf(dbfs / 20.0) * 32_768.0 / uniform;
        Self { state: seed | 1, low: 0.0, smoothing, gain }
    }

    /// Overwrites `frame` with noise. Allocates nothing.
    pub fn fill(&mut self, frame: &mut [i16]) {
        for sample in frame {
            // xorshift64 (Marsaglia 2003).
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            let white = (self.state >> 11) as f64 / (1u64 << 52) as f64 - 1.0;
            self.low += self.smoothing * (white - self.low);
            *sample = (self.low * self.gain).round().clamp(-32_768.0, 32_767.0) as i16;
        }
    }
}
