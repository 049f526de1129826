//! One request on its way to sound: its latent, what of it is decoded, its silences trimmed.

use antiphon_core::Result;
use antiphon_tts::{Normalised, TtsEvent, WordTiming};

use crate::{
    model::{HOP, Latent, Vits},
    phonemes::Phonemes,
};

/// Latent frames of the first window: 0.23 s of audio for a quick start.
const FIRST_WINDOW: usize = 20;

/// Latent frames of later windows: 0.7 s, where the overlap costs little.
const WINDOW: usize = 60;

/// Latent frames of context on each side of a window; joins are then inaudible (−60 dB).
const CONTEXT: usize = 8;

/// Longest piece of audio handed out, in milliseconds.
const PIECE_MS: usize = 200;

/// A sample quieter than this (−50 dBFS) is silence at the edges of an utterance.
const QUIET: i16 = 100;

/// Silence kept before the first and after the last sound, in milliseconds.
const LEAD_MS: usize = 20;
const TAIL_MS: usize = 120;

pub(crate) struct Utterance {
    phonemes: Phonemes,
    words: Normalised,
    scales: [f32; 3],
    speaker: i32,
    rate_hz: u32,
    latent: Option<Latent>,
    decoded: usize,
    started: bool,
    trimmed: u64,
}

impl Utterance {
    pub(crate) const fn new(
        words: Normalised,
        phonemes: Phonemes,
        scales: [f32; 3],
        speaker: i32,
        rate_hz: u32,
    ) -> Self {
        Self {
            phonemes,
            words,
            scales,
            speaker,
            rate_hz,
            latent: None,
            decoded: 0,
            started: false,
            trimmed: 0,
        }
    }

    /// One small step: the latent, or a window. Appends what can be heard. Returns whether there
    /// is more to do.
    pub(crate) fn step(&mut self, vits: &Vits, out: &mut Vec<TtsEvent>) -> Result<bool> {
        if self.phonemes.ids.is_empty() {
            return Ok(false);
        }
        if !vits.streams() {
            let samples = vits.whole(&self.phonemes.ids, self.scales, self.speaker)?;
            self.sound(&samples, true, out);
            return Ok(false);
        }
        let Some(latent) = &self.latent else {
            self.latent = Some(vits.latent(&self.phonemes.ids, self.scales, self.speaker)?);
            return Ok(true);
        };
        let window = if self.decoded == 0 { FIRST_WINDOW } else { WINDOW };
        let mut to = (self.decoded + window).min(latent.frames);
        // A last window of a few frames is not worth a run of its own.
        if latent.frames - to < CONTEXT {
            to = latent.frames;
        }
        let samples = vits.decode(latent, self.decoded, to, CONTEXT)?;
        let last = to == latent.frames;
        self.decoded = to;
        self.sound(&samples, last, out);
        Ok(!last)
    }

    fn sound(&mut self, samples: &[f32], last: bool, out: &mut Vec<TtsEvent>) {
        let to_i16 = |s: &f32| (s.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
        let mut samples: Vec<i16> = samples.iter().map(to_i16).collect();
        let ms = |ms: usize| self.rate_hz as usize * ms / 1000;
        let loud = |s: &i16| s.unsigned_abs() > QUIET.unsigned_abs();
        if last {
            let end = samples.iter().rposition(loud).map_or(0, |n| n + 1 + ms(TAIL_MS));
            samples.truncate(end);
        }
        if !self.started {
            let lead = samples.iter().position(loud).unwrap_or(samples.len());
            let lead = lead.saturating_sub(ms(LEAD_MS));
            samples.drain(..lead);
            self.trimmed += lead as u64;
            if samples.is_empty() {
                return;
            }
            self.started = true;
            let words = self.timings();
            if !words.is_empty() {
                out.push(TtsEvent::Words(words));
            }
        }
        out.extend(samples.chunks(ms(PIECE_MS).max(1)).map(|c| TtsEvent::Audio(c.to_vec())));
    }

    /// Words by the durations of their phonemes, counted from the first sample handed out.
    fn timings(&self) -> Vec<WordTiming> {
        let durations = self.latent.as_ref().map(|l| l.durations.as_slice()).unwrap_or_default();
        if durations.len() != self.phonemes.ids.len() {
            return Vec::new();
        }
        let mut edges = vec![0u64];
        for frames in durations {
            edges.push(edges.last().copied().unwrap_or(0) + frames * HOP as u64);
        }
        let at = |n: usize| edges.get(n).copied().unwrap_or(0).saturating_sub(self.trimmed);
        let timing = |(spoken, ids): &(std::ops::Range<usize>, std::ops::Range<usize>)| {
            let within = |w: &&antiphon_tts::SpokenWord| {
                w.spoken.start < spoken.end && spoken.start < w.spoken.end
            };
            let source = self.words.words.iter().find(within)?.source.clone();
            Some(WordTiming { text: source, samples: at(ids.start)..at(ids.end) })
        };
        let mut words: Vec<WordTiming> = Vec::new();
        for word in self.phonemes.words.iter().filter_map(timing) {
            match words.last_mut() {
                // "$3.50" is one written word and four spoken ones.
                Some(last) if last.text == word.text => last.samples.end = word.samples.end,
                _ => words.push(word),
            }
        }
        words
    }
}
