//! Sounds that are no speech, made from noise and sines: coughs, bangs, hiss, music.
//!
//! They deliberately come from formulas: their onset is exact, and there is nothing to license.

use std::f64::consts::TAU;

use antiphon::{
    Result, SPEECH_RATE_HZ,
    audio::{G711, resample},
};

use super::random::Random;

const RATE: f64 = SPEECH_RATE_HZ as f64;

fn seconds(s: f64) -> usize {
    (s * RATE) as usize
}

/// A two-pole resonance, in place.
fn resonate(samples: &mut [f64], hz: f64, width_hz: f64) {
    let r = (-TAU / 2.0 * width_hz / RATE).exp();
    let (a, b) = (2.0 * r * (TAU * hz / RATE).cos(), -r * r);
    let (mut y1, mut y2) = (0.0, 0.0);
    for sample in samples {
        let y = (1.0 - r) * *sample + a * y1 + b * y2;
        (y2, y1) = (y1, y);
        *sample = y;
    }
}

fn noise(random: &mut Random, len: usize) -> Vec<f64> {
    (0..len).map(|_| random.between(-1.0, 1.0)).collect()
}

fn to_pcm(samples: &[f64]) -> Vec<i16> {
    let peak = samples.iter().fold(1e-9_f64, |peak, s| peak.max(s.abs()));
    samples.iter().map(|s| (s / peak * 20_000.0) as i16).collect()
}

/// One to three coughs: a burst of the glottis, then breath through the vocal tract, a little
/// voice at the end.
pub(crate) fn cough(random: &mut Random) -> Vec<i16> {
    let mut all = Vec::new();
    for _ in 0..1 + (random.unit() * 3.0) as usize {
        let len = seconds(random.between(0.15, 0.35));
        let mut breath = noise(random, len);
        let pitch = random.between(90.0, 180.0);
        for (n, sample) in breath.iter_mut().enumerate() {
            let t = n as f64 / RATE;
            let voice = if t > 0.12 { 0.5 * (TAU * pitch * t).sin().signum() } else { 0.0 };
            let burst = if t < 0.03 { 2.0 } else { 0.7 };
            *sample = (*sample * burst + voice) * (-t * 12.0).exp();
        }
        let shift = random.between(0.85, 1.2);
        let mut sum = vec![0.0; len];
        for (hz, width, gain) in [(600.0, 150.0, 1.0), (1500.0, 250.0, 0.7), (2700.0, 400.0, 0.4)] {
            let mut part = breath.clone();
            resonate(&mut part, hz * shift, width);
            sum.iter_mut().zip(&part).for_each(|(s, p)| *s += gain * p);
        }
        all.extend(sum);
        all.extend(vec![0.0; seconds(random.between(0.05, 0.2))]);
    }
    to_pcm(&all)
}

/// A door, a run of keys, or hiss that comes and goes.
pub(crate) fn bang(random: &mut Random) -> Vec<i16> {
    let kind = random.pick(&[0, 1, 2]);
    let len = seconds(random.between(0.5, 1.5));
    let mut sound = noise(random, len);
    match kind {
        0 => {
            for (n, sample) in sound.iter_mut().enumerate() {
                *sample *= (-(n as f64) / RATE * 14.0).exp();
            }
            resonate(&mut sound, random.between(80.0, 200.0), 120.0);
        }
        1 => {
            let gap = seconds(random.between(0.09, 0.16));
            for (n, sample) in sound.iter_mut().enumerate() {
                *sample *= (-((n % gap) as f64) / RATE * 220.0).exp();
            }
            resonate(&mut sound, random.between(1800.0, 3200.0), 900.0);
        }
        _ => {
            for (n, sample) in sound.iter_mut().enumerate() {
                *sample *= (TAU / 2.0 * n as f64 / len as f64).sin();
            }
            resonate(&mut sound, random.between(800.0, 2500.0), 1500.0);
        }
    }
    to_pcm(&sound)
}

/// Two to four seconds of a broken chord over a bass, each note with its harmonics and its decay.
pub(crate) fn music(random: &mut Random) -> Vec<i16> {
    const SCALE: [f64; 5] = [1.0, 9.0 / 8.0, 5.0 / 4.0, 3.0 / 2.0, 5.0 / 3.0];
    let len = seconds(random.between(2.0, 4.0));
    let (base, beat) = (random.between(180.0, 320.0), seconds(random.between(0.18, 0.35)));
    let mut sum = vec![0.0; len];
    for start in (0..len).step_by(beat) {
        let hz = base * random.pick(&SCALE) * random.pick(&[1.0, 2.0]);
        for (hz, gain) in [(hz, 1.0), (base / 2.0, 0.6)] {
            note(sum.get_mut(start..).unwrap_or_default(), hz, gain);
        }
    }
    to_pcm(&sum)
}

fn note(out: &mut [f64], hz: f64, gain: f64) {
    for (n, sample) in out.iter_mut().take(seconds(1.0)).enumerate() {
        let t = n as f64 / RATE;
        let envelope = gain * (1.0 - (-t * 200.0).exp()) * (-t * 4.0).exp();
        let tone: f64 =
            (1..5).map(|k| (TAU * hz * f64::from(k) * t).sin() / f64::from(k * k)).sum();
        *sample += envelope * tone;
    }
}

/// As it comes from across the room: darker, with early reflections.
pub(crate) fn far_away(samples: &[i16]) -> Vec<i16> {
    let smoothing = 1.0 - (-TAU * 1500.0 / RATE).exp();
    let mut low = 0.0;
    let dark: Vec<f64> = samples
        .iter()
        .map(|s| {
            low += smoothing * (f64::from(*s) - low);
            low
        })
        .collect();
    let mut sum = dark.clone();
    for (delay, gain) in [(0.011, 0.6), (0.023, 0.45), (0.041, 0.3), (0.067, 0.2)] {
        let late = sum.iter_mut().skip(seconds(delay));
        late.zip(&dark).for_each(|(s, d)| *s += gain * d);
    }
    to_pcm(&sum)
}

/// As a telephone brings it: 8 kHz, µ-law. As long as it was, to within a few samples.
pub(crate) fn by_phone(samples: &[i16]) -> Result<Vec<i16>> {
    let mut narrow = resample(samples, SPEECH_RATE_HZ, G711::RATE_HZ)?;
    for sample in &mut narrow {
        *sample = G711::MuLaw.decode(G711::MuLaw.encode(*sample));
    }
    resample(&narrow, G711::RATE_HZ, SPEECH_RATE_HZ)
}

/// Adds `sound` to `bed` from sample `at` on.
pub(crate) fn mix(bed: &mut [i16], sound: &[i16], at: usize) {
    for (out, sample) in bed.iter_mut().skip(at).zip(sound) {
        *out = out.saturating_add(*sample);
    }
}
