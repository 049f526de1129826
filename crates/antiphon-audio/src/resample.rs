//! Sample-rate conversion of one channel.
//!
//! A windowed-sinc filter bank, because the tick and the voice push blocks of any size, want no
//! allocation, and need output sample 0 to lie at the time of input sample 0.

use antiphon_core::{Code, Error, Result};

/// Zero crossings of the kernel on each side. With the window below, images stay some 80 dB down,
/// under the noise of 16-bit speech.
const ZEROS: usize = 16;

/// Kaiser window parameter (Kaiser, Schafer 1980: about 90 dB of stop band).
const BETA: f64 = 9.0;

/// Phases of the filter bank at most; a ratio that needs more uses the nearest phase.
const MAX_PHASES: u64 = 2048;

/// A streaming converter between two rates.
#[derive(Clone, Debug)]
pub struct Resampler {
    up: u64,
    down: u64,
    phases: u64,
    taps: usize,
    bank: Vec<f32>,
    /// The last `taps` input samples, twice, so that a window is always one slice.
    ring: Vec<f32>,
    head: usize,
    /// Input samples taken, and output samples given, since the start.
    taken: u64,
    given: u64,
}

impl Resampler {
    /// A converter from `from_hz` to `to_hz`.
    ///
    /// # Errors
    /// `invalid_input` if a rate is outside 4–768 kHz.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self> {
        for rate in [from_hz, to_hz] {
            if !(4_000..=768_000).contains(&rate) {
                let what = format!("{rate} Hz is no sample rate for speech");
                return Err(Error::new("audio.resample", Code::InvalidInput, what));
            }
        }
        let (from, to) = (u64::from(from_hz), u64::from(to_hz));
        let divisor = gcd(from, to);
        let (up, down) = (to / divisor, from / divisor);
        let phases = up.min(MAX_PHASES);
        let cutoff = (to as f64 / from as f64).min(1.0);
        let taps = 2 * (ZEROS as f64 / cutoff).ceil() as usize;
        let bank =
            (0..phases).flat_map(|p| kernel(p as f64 / phases as f64, taps, cutoff)).collect();
        let (ring, head) = (vec![0.0; 2 * taps], 0);
        Ok(Self { up, down, phases, taps, bank, ring, head, taken: 0, given: 0 })
    }

    /// Whether input and output rates are the same; samples then pass unchanged.
    #[must_use]
    pub const fn is_identity(&self) -> bool {
        self.up == self.down
    }

    /// Converts `input` and appends what can be given to `out`. Allocates only if `out` grows.
    ///
    /// Half a kernel, 16 samples at the lower rate, stays behind until more input comes.
    pub fn process(&mut self, input: &[i16], out: &mut Vec<i16>) {
        if self.is_identity() {
            out.extend_from_slice(input);
            return;
        }
        for sample in input {
            self.put(f32::from(*sample));
            self.give(out);
        }
    }

    /// Appends what stayed behind, so that the output is as long as the input, and starts anew.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        if self.is_identity() {
            return;
        }
        let total = (self.taken * self.up).div_ceil(self.down);
        while self.given < total {
            self.put(0.0);
            let before = out.len();
            self.give(out);
            let excess = self.given.saturating_sub(total);
            out.truncate(out.len() - usize::try_from(excess).unwrap_or(0).min(out.len() - before));
        }
        self.ring.fill(0.0);
        (self.head, self.taken, self.given) = (0, 0, 0);
    }

    fn put(&mut self, sample: f32) {
        for at in [self.head, self.head + self.taps] {
            if let Some(slot) = self.ring.get_mut(at) {
                *slot = sample;
            }
        }
        self.head = (self.head + 1) % self.taps;
        self.taken += 1;
    }

    /// Gives every output whose kernel lies within the input taken so far.
    fn give(&mut self, out: &mut Vec<i16>) {
        loop {
            // The output's time in input samples, and the newest input its kernel reaches.
            let at = self.given * self.down;
            let (whole, part) = (at / self.up, at % self.up);
            if whole + self.taps as u64 / 2 + 1 > self.taken {
                return;
            }
            let phase = usize::try_from(part * self.phases / self.up).unwrap_or(0);
            let kernel = self.bank.get(phase * self.taps..).unwrap_or_default();
            let window = self.ring.get(self.head..).unwrap_or_default();
            let sum: f32 = kernel.iter().zip(window).take(self.taps).map(|(k, x)| k * x).sum();
            out.push(sum.round().clamp(-32768.0, 32767.0) as i16);
            self.given += 1;
        }
    }
}

/// Converts a whole recording; the result is as long as the input to within a sample.
///
/// # Errors
/// As [`Resampler::new`].
pub fn resample(input: &[i16], from_hz: u32, to_hz: u32) -> Result<Vec<i16>> {
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let ratio = f64::from(to_hz) / f64::from(from_hz);
    let mut out = Vec::with_capacity((input.len() as f64 * ratio) as usize + 1);
    resampler.process(input, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

/// Taps for an output that lies `phase` input samples after the middle of the window.
fn kernel(phase: f64, taps: usize, cutoff: f64) -> impl Iterator<Item = f32> {
    let half = taps as f64 / 2.0;
    let tap = move |n: usize| {
        let x = n as f64 - (half - 1.0) - phase;
        let window = bessel(BETA * (1.0 - (x / half).powi(2)).max(0.0).sqrt()) / bessel(BETA);
        cutoff * sinc(cutoff * x) * window
    };
    let sum: f64 = (0..taps).map(tap).sum();
    (0..taps).map(move |n| (tap(n) / sum) as f32)
}

fn sinc(x: f64) -> f64 {
    let px = std::f64::consts::PI * x;
    if px.abs() < 1e-9 { 1.0 } else { px.sin() / px }
}

/// The modified Bessel function of the first kind and order 0, by its power series.
fn bessel(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}
