//! The local voice as other people: slower speech played faster, with every word's place known.

use std::ops::Range;

use antiphon::{Result, SPEECH_RATE_HZ, audio::resample, piper::Piper, tts::TtsRequest};

/// How somebody speaks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Pitch and formants, 1.0 being the voice's own.
    pub(crate) pitch: f64,
    /// Pace, 1.0 being the voice's own.
    pub(crate) pace: f64,
    /// Loudness of the speech, dBFS.
    pub(crate) dbfs: f64,
}

/// Speech at [`SPEECH_RATE_HZ`], without silence around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spoken {
    pub(crate) samples: Vec<i16>,
    /// Bytes of the text, and samples.
    pub(crate) words: Vec<(Range<usize>, Range<usize>)>,
}

/// A sample quieter than this share of the loudest is silence: −34 dB.
const AUDIBLE: f64 = 0.02;

/// Speaks `text`. Blocks.
pub(crate) fn speak(piper: &Piper, text: &str, manner: Manner) -> Result<Spoken> {
    let rate = (manner.pace / manner.pitch).clamp(0.5, 2.0) as f32;
    let speech = piper.synthesise(TtsRequest { text: text.to_owned(), voice: None, rate })?;
    let played_at = f64::from(speech.rate_hz) * manner.pitch;
    let samples = resample(&speech.samples, played_at.round() as u32, SPEECH_RATE_HZ)?;
    let place = |n: u64| (n as f64 * f64::from(SPEECH_RATE_HZ) / played_at) as usize;
    let span = audible(&samples);
    let inside = |n: u64| place(n).clamp(span.start, span.end) - span.start;
    let words = speech.words.iter();
    let words = words.map(|w| (w.text.clone(), inside(w.samples.start)..inside(w.samples.end)));
    let words = words.collect();
    let samples = levelled(samples.get(span).unwrap_or_default(), manner.dbfs);
    Ok(Spoken { samples, words })
}

/// From the first to the last sample that can be heard.
pub(crate) fn audible(samples: &[i16]) -> Range<usize> {
    let peak = samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
    let least = (f64::from(peak) * AUDIBLE) as u16;
    let loud = |s: &i16| s.unsigned_abs() > least;
    let first = samples.iter().position(loud).unwrap_or(0);
    let last = samples.iter().rposition(loud).map_or(first, |n| n + 1);
    first..last
}

/// The same at an effective level of `dbfs`.
pub(crate) fn levelled(samples: &[i16], dbfs: f64) -> Vec<i16> {
    let power = samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let rms = (power / samples.len().max(1) as f64).sqrt().max(1.0);
    let gain = 32_768.0 * 10_f64.powf(dbfs / 20.0) / rms;
    samples.iter().map(|s| (f64::from(*s) * gain).clamp(-32_768.0, 32_767.0) as i16).collect()
}
