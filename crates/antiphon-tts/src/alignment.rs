//! How much of a segment's text was heard, given how much of its audio was played.

use serde::{Deserialize, Serialize};

use crate::WordTiming;

/// Speaking rate assumed while nothing better is known: 15 characters a second, about 180 words
/// a minute.
const CHARS_PER_SECOND: u64 = 15;

/// The text of one segment and what is known of its audio.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alignment {
    text: String,
    rate_hz: u32,
    words: Vec<WordTiming>,
    samples: u64,
    complete: bool,
}

/// A prefix of a segment's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its length in bytes, at the end of a word.
    pub bytes: usize,
    /// Whether it was estimated from the speaking rate, for want of word timings.
    pub estimated: bool,
}

impl Alignment {
    /// An alignment without audio; samples will be counted at `rate_hz`.
    #[must_use]
    pub const fn new(text: String, rate_hz: u32) -> Self {
        Self { text, rate_hz, words: Vec::new(), samples: 0, complete: false }
    }

    /// The segment's text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Samples known so far.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// More words. Ranges outside the text or out of order are left out.
    pub fn add_words(&mut self, words: &[WordTiming]) {
        for word in words {
            let after = self.words.last().map_or(0, |w| w.text.end);
            let range = word.text.clone();
            let fits = range.start < range.end && range.end >= after;
            if fits && self.text.get(range).is_some() {
                self.words.push(word.clone());
            }
        }
    }

    /// More audio.
    pub const fn add_samples(&mut self, samples: u64) {
        self.samples = self.samples.saturating_add(samples);
    }

    /// There is no more audio.
    pub const fn finish(&mut self) {
        self.complete = true;
    }

    /// What was heard after `played` samples. A word counts as heard once half of it was played:
    /// by then listeners have recognised it.
    #[must_use]
    pub fn heard_prefix(&self, played: u64) -> Heard {
        if self.complete && played >= self.samples {
            return Heard { bytes: self.text.len(), estimated: false };
        }
        if self.words.is_empty() {
            return Heard { bytes: self.estimate(played), estimated: true };
        }
        let heard = |w: &&WordTiming| {
            w.samples.start.saturating_add(w.samples.end) / 2 <= played && played > 0
        };
        let last = self.words.iter().rev().find(heard);
        Heard { bytes: last.map_or(0, |w| self.word_end(w.text.end)), estimated: false }
    }

    /// The end of the word that ends at `byte`, with the punctuation that clings to it.
    fn word_end(&self, byte: usize) -> usize {
        let rest = self.text.get(byte..).unwrap_or_default();
        byte + rest.find(|c: char| c.is_whitespace() || c.is_alphanumeric()).unwrap_or(rest.len())
    }

    /// In proportion to the audio, at the end of the last whole word.
    fn estimate(&self, played: u64) -> usize {
        let chars = self.text.chars().count() as u64;
        let spoken = match self.complete {
            true => chars.saturating_mul(played) / self.samples.max(1),
            false => played.saturating_mul(CHARS_PER_SECOND) / u64::from(self.rate_hz.max(1)),
        };
        let spoken = usize::try_from(spoken.min(chars)).unwrap_or(usize::MAX);
        let end = self.text.char_indices().nth(spoken).map_or(self.text.len(), |(i, _)| i);
        let (head, tail) = self.text.split_at(end);
        if tail.is_empty() {
            return end;
        }
        if tail.starts_with(char::is_whitespace) {
            return head.trim_end().len();
        }
        head.rfind(char::is_whitespace)
            .map_or(0, |i| head.get(..i).map_or(0, |h| h.trim_end().len()))
    }
}
