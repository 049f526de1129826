//! Whisper's log-mel features of the last eight seconds (Radford et al. 2022, §2.2, and the
//! published feature extractor): what the network sees of the sound.
//!
//! It deliberately knows no network.
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over fixed lengths")]

use std::{f64::consts::TAU, sync::Arc};

use realfft::{RealFftPlanner, RealToComplex, num_complex::Complex};

/// Mel bands per frame.
pub(crate) const BANDS: usize = 80;

/// Frames in the window, 10 ms apart.
pub(crate) const FRAMES: usize = 800;

/// Samples in the window: 8 seconds.
const WINDOW: usize = FRAMES * HOP;

const RATE_HZ: f64 = 16_000.0;
const HOP: usize = 160;
const FFT: usize = 400;
const BINS: usize = FFT / 2 + 1;

/// The transform with its tables and buffers.
pub(crate) struct LogMel {
    fft: Arc<dyn RealToComplex<f32>>,
    hann: [f32; FFT],
    bands: Vec<Band>,
    /// The normalised window, with half a frame of mirror image at either end.
    samples: Vec<f32>,
    frame: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

/// A triangle over the power spectrum, without its zeros.
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

impl LogMel {
    pub(crate) fn new() -> Self {
        let fft = RealFftPlanner::new().plan_fft_forward(FFT);
        Self {
            hann: std::array::from_fn(|n| (0.5 - 0.5 * (TAU * n as f64 / FFT as f64).cos()) as f32),
            bands: bands(),
            samples: vec![0.0; WINDOW + FFT],
            frame: fft.make_input_vec(),
            spectrum: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
        }
    }

    /// Writes the features of the last 8 seconds of `audio` (16 kHz) to `features`, [`FRAMES`] rows
    /// of [`BANDS`]. Shorter audio is preceded by silence.
    pub(crate) fn extract(&mut self, audio: &[i16], features: &mut [f32]) {
        let audio = &audio[audio.len().saturating_sub(WINDOW)..];
        let silence = WINDOW - audio.len();
        self.lay_out(audio);
        // Frames that lie in the leading silence are all alike: one is computed, the rest copied.
        let silent_frames = silence.saturating_sub(FFT / 2).div_ceil(HOP);
        for t in 0..FRAMES {
            let row = t * BANDS..(t + 1) * BANDS;
            if t == 0 || t >= silent_frames {
                self.log_bands(t, &mut features[row]);
            } else {
                features.copy_within(..BANDS, row.start);
            }
        }
        // Whisper keeps 80 dB below the loudest value, and scales to about -1 to 1.
        let floor = features.iter().copied().fold(f32::NEG_INFINITY, f32::max) - 8.0;
        for value in features {
            *value = (value.max(floor) + 4.0) / 4.0;
        }
    }

    /// Normalises the padded window to zero mean and unit variance, silence included.
    fn lay_out(&mut self, audio: &[i16]) {
        let (sum, squares) = audio.iter().fold((0.0, 0.0), |(sum, squares), &s| {
            let x = f64::from(s) / 32_768.0;
            (sum + x, squares + x * x)
        });
        let mean = sum / WINDOW as f64;
        let variance = (squares / WINDOW as f64 - mean * mean).max(0.0);
        let scale = (variance + 1e-7).sqrt().recip();
        let normal = |x: f64| ((x - mean) * scale) as f32;

        let (start, end) = (FFT / 2, FFT / 2 + WINDOW);
        let first = end - audio.len();
        self.samples[start..first].fill(normal(0.0));
        for (x, &s) in self.samples[first..end].iter_mut().zip(audio) {
            *x = normal(f64::from(s) / 32_768.0);
        }
        for n in 1..=FFT / 2 {
            self.samples[start - n] = self.samples[start + n];
        }
        for n in 0..FFT / 2 {
            self.samples[end + n] = self.samples[end - 2 - n];
        }
    }

    /// Base-10 logarithms of the band powers of frame `t`.
    fn log_bands(&mut self, t: usize, row: &mut [f32]) {
        let samples = &self.samples[t * HOP..][..FFT];
        for ((x, sample), hann) in self.frame.iter_mut().zip(samples).zip(&self.hann) {
            *x = sample * hann;
        }
        let (frame, spectrum) = (&mut self.frame, &mut self.spectrum);
        let done = self.fft.process_with_scratch(frame, spectrum, &mut self.scratch);
        // It fails on wrong lengths only, and these are its own.
        debug_assert!(done.is_ok(), "{done:?}");
        let powers: [f32; BINS] = std::array::from_fn(|bin| self.spectrum[bin].norm_sqr());
        for (value, band) in row.iter_mut().zip(&self.bands) {
            let powers = &powers[band.first_bin..];
            let power: f32 = band.weights.iter().zip(powers).map(|(w, p)| w * p).sum();
            *value = power.max(1e-10).log10();
        }
    }
}

/// Slaney's mel filters (Auditory Toolbox 1998): triangles of unit area, evenly spaced in mel from
/// 0 Hz to half the rate.
fn bands() -> Vec<Band> {
    let top = mel(RATE_HZ / 2.0);
    let edge = |n: usize| hertz(top * n as f64 / (BANDS + 1) as f64);
    (0..BANDS)
        .map(|n| {
            let (low, centre, high) = (edge(n), edge(n + 1), edge(n + 2));
            let weight = |bin: usize| {
                let hz = bin as f64 * RATE_HZ / FFT as f64;
                let rise = (hz - low) / (centre - low);
                let fall = (high - hz) / (high - centre);
                (rise.min(fall).max(0.0) * 2.0 / (high - low)) as f32
            };
            let first_bin = (0..BINS).position(|bin| weight(bin) > 0.0).unwrap_or(BINS);
            let weights = (first_bin..BINS).map(weight).take_while(|&w| w > 0.0).collect();
            Band { first_bin, weights }
        })
        .collect()
}

/// Slaney's mel scale: linear to 1000 Hz, logarithmic above.
fn mel(hz: f64) -> f64 {
    if hz < 1000.0 { hz * 3.0 / 200.0 } else { 15.0 + (hz / 1000.0).ln() * LOG_MELS }
}

fn hertz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1000.0 * ((mel - 15.0) / LOG_MELS).exp() }
}

/// 27 mels to a factor of 6.4: `27 / ln(6.4)`.
const LOG_MELS: f64 = 14.545_078_505_785_561;
