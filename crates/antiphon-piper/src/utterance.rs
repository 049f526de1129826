//! One request on its way to sound, phrase by phrase and window by window.
//!
//! It deliberately knows no threads and no listeners.

use std::{collections::VecDeque, ops::Range};

use antiphon_core::Result;
use antiphon_tts::{
    Normalised, Splitter, SplitterConfig, SpokenWord, TtsEvent, TtsRequest, WordTiming, normalise,
};

use crate::{
    config::VoiceConfig,
    decoding::Decoding,
    phonemes::Phonemes,
    trim::{Keep, Trim},
    vits::{Manner, Vits},
};

/// Longest phrase, in characters. The encoder's cost grows with the square of the length, and
/// nothing sounds before it is done.
const PHRASE: usize = 180;

/// Longest piece of audio handed out, in milliseconds.
const PIECE_MS: usize = 200;

/// Silence kept before the first and after the last sound of a phrase, in milliseconds.
const LEAD_MS: u64 = 20;
const TAIL_MS: u64 = 120;

/// A loaded voice.
pub(crate) struct Voice {
    pub(crate) vits: Vits,
    pub(crate) config: VoiceConfig,
}

pub(crate) struct Utterance {
    text: String,
    manner: Manner,
    /// Bytes of the text that are still to be begun.
    phrases: VecDeque<Range<usize>>,
    phrase: Option<Phrase>,
    /// Samples handed out.
    sent: u64,
}

struct Phrase {
    decoding: Decoding,
    trim: Trim,
    /// Words that were not announced yet, in samples of the phrase before trimming.
    words: Vec<WordTiming>,
}

impl Utterance {
    pub(crate) fn new(request: TtsRequest, manner: Manner) -> Self {
        let phrases = phrases(&request.text);
        Self { text: request.text, manner, phrases, phrase: None, sent: 0 }
    }

    /// Samples handed out so far.
    pub(crate) const fn sent(&self) -> u64 {
        self.sent
    }

    /// One small step: a phrase's encoder, or a window. Appends what can be heard. Returns
    /// whether there is more to do.
    ///
    /// # Errors
    /// `internal` if the graph cannot be run.
    pub(crate) fn step(&mut self, voice: &Voice, out: &mut Vec<TtsEvent>) -> Result<bool> {
        let Some(phrase) = &mut self.phrase else {
            let Some(bytes) = self.phrases.pop_front() else { return Ok(false) };
            self.phrase = Phrase::begin(&self.text, bytes, self.manner, voice)?;
            return Ok(self.phrase.is_some() || !self.phrases.is_empty());
        };
        let samples = phrase.next(voice)?;
        if let Some(cut) = phrase.trim.cut().filter(|_| !phrase.words.is_empty()) {
            let mut words = std::mem::take(&mut phrase.words);
            let at = |sample: u64| sample.saturating_sub(cut) + self.sent;
            for word in &mut words {
                word.samples = at(word.samples.start)..at(word.samples.end);
            }
            out.push(TtsEvent::Words(words));
        }
        if phrase.decoding.is_done() {
            self.phrase = None;
        }
        self.sent += samples.len() as u64;
        let piece = (voice.config.rate_hz() as usize * PIECE_MS / 1000).max(1);
        out.extend(samples.chunks(piece).map(|c| TtsEvent::Audio(c.to_vec())));
        Ok(self.phrase.is_some() || !self.phrases.is_empty())
    }
}

impl Phrase {
    /// Encodes some bytes of a text. `None` if there is nothing to pronounce.
    fn begin(
        text: &str,
        bytes: Range<usize>,
        manner: Manner,
        voice: &Voice,
    ) -> Result<Option<Self>> {
        let Voice { vits, config } = voice;
        let normal = normalise(text.get(bytes.clone()).unwrap_or_default());
        let phonemes = Phonemes::of(&normal.text, config)?;
        if phonemes.ids.is_empty() {
            return Ok(None);
        }
        let encoded = vits.encode(&phonemes.ids, manner)?;
        let words = timings(&phonemes, &normal, bytes.start, &encoded.durations, vits.hop());
        let ms = |ms: u64| ms * u64::from(config.rate_hz()) / 1000;
        let keep = Keep {
            lead: ms(LEAD_MS),
            tail: ms(TAIL_MS),
            latest_start: words.first().map_or(u64::MAX, |w| w.samples.end),
            spoken: words.last().map_or(0, |w| w.samples.end),
        };
        Ok(Some(Self { decoding: Decoding::new(encoded.sound), trim: Trim::new(keep), words }))
    }

    /// What can be heard of the next window.
    fn next(&mut self, voice: &Voice) -> Result<Vec<i16>> {
        let to_i16 = |s: f32| (s.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
        let samples: Vec<i16> = self.decoding.next(&voice.vits)?.into_iter().map(to_i16).collect();
        Ok(self.trim.push(&samples))
    }
}

/// Cuts a text where it may be cut: at the ends of sentences, and within those that are too long.
fn phrases(text: &str) -> VecDeque<Range<usize>> {
    let whole =
        SplitterConfig { first_min_chars: PHRASE, first_max_chars: PHRASE, max_chars: PHRASE };
    let mut splitter = Splitter::new(whole);
    let mut segments = Vec::new();
    splitter.push(text, &mut segments);
    segments.extend(splitter.finish());
    let mut start = 0;
    let next = |segment: String| {
        let bytes = start..start + segment.len();
        start = bytes.end;
        bytes
    };
    segments.into_iter().map(next).collect()
}

/// Words by the durations of their phonemes, in samples from the start of the phrase, which
/// begins at byte `start` of its text. Empty if the durations are not known.
fn timings(
    phonemes: &Phonemes,
    normal: &Normalised,
    start: usize,
    durations: &[u64],
    hop: usize,
) -> Vec<WordTiming> {
    if durations.len() != phonemes.ids.len() {
        return Vec::new();
    }
    let mut edges = vec![0];
    edges.extend(durations.iter().scan(0, |sum, frames| {
        *sum += frames * hop as u64;
        Some(*sum)
    }));
    let at = |n: usize| edges.get(n).copied().unwrap_or_default();
    let mut words: Vec<WordTiming> = Vec::new();
    for (spoken, ids) in &phonemes.words {
        let within = |w: &&SpokenWord| w.spoken.start < spoken.end && spoken.start < w.spoken.end;
        let Some(source) = normal.words.iter().find(within).map(|w| &w.source) else { continue };
        let text = start + source.start..start + source.end;
        match words.last_mut() {
            // "$3.50" is one written word and four spoken ones.
            Some(last) if last.text == text => last.samples.end = at(ids.end),
            _ => words.push(WordTiming { text, samples: at(ids.start)..at(ids.end) }),
        }
    }
    words
}
