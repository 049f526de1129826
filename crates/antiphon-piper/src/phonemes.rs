//! From words to the phoneme ids a voice was trained on.
//!
//! It deliberately knows no numbers and no markup: its input is normalised.

use std::{ops::Range, sync::OnceLock};

use antiphon_core::{Code, Error, Result};
use loqui_g2p::{Dialect, G2p, OovFallback};

use crate::{
    bridge::espeak,
    config::{END, PAD, START, VoiceConfig},
    hums::hum,
};

/// Punctuation that shapes the melody.
const MELODY: &str = ".,;:!?";

/// Phoneme ids of an utterance, and which of them belong to which word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Phonemes {
    pub(crate) ids: Vec<i32>,
    /// Bytes of the spoken text, and the ids that sound them.
    pub(crate) words: Vec<(Range<usize>, Range<usize>)>,
    /// Symbols the voice does not know.
    pub(crate) unknown: usize,
}

/// The process's phonemiser: its lexicons are large, so there is one.
pub(crate) fn g2p() -> Result<&'static G2p> {
    static SHARED: OnceLock<std::result::Result<G2p, String>> = OnceLock::new();
    let load = || G2p::new(Dialect::American, OovFallback::Neural).map_err(|e| e.to_string());
    SHARED
        .get_or_init(load)
        .as_ref()
        .map_err(|e| Error::new("piper.load", Code::Internal, e.clone()))
}

/// The ids of a shortest phrase.
pub(crate) fn shortest(voice: &VoiceConfig) -> Vec<i32> {
    [START, PAD, END].into_iter().filter_map(|symbol| voice.id(symbol)).collect()
}

impl Phonemes {
    /// The phonemes of `spoken`: words and punctuation, nothing else. Empty if nothing sounds.
    pub(crate) fn of(spoken: &str, voice: &VoiceConfig) -> Result<Self> {
        let mut this = Self::default();
        this.symbol(START, voice);
        let mut cursor = 0;
        let (mut gap, mut after_hum) = (false, false);
        for token in g2p()?.tokens(spoken) {
            let found = spoken.get(cursor..).and_then(|r| r.find(&token.text));
            let start = found.map_or(cursor, |n| cursor + n);
            let end = (start + token.text.len()).min(spoken.len());
            cursor = end;
            let is_mark = token.text.chars().all(|c| MELODY.contains(c));
            let sounds = match hum(&token.text) {
                Some(hum) => hum.to_owned(),
                // A hum before a comma, or before nothing, turns into a word.
                None if is_mark && after_hum => ".".to_owned(),
                None if is_mark => token.text.clone(),
                None => espeak(&token.phonemes),
            };
            after_hum = hum(&token.text).is_some();
            if gap && !sounds.is_empty() {
                this.symbol(' ', voice);
            }
            gap = token.whitespace || (gap && sounds.is_empty());
            let first = this.ids.len();
            for c in sounds.chars() {
                this.symbol(c, voice);
            }
            if !is_mark && this.ids.len() > first {
                this.words.push((start..end, first..this.ids.len()));
            }
        }
        if this.words.is_empty() {
            return Ok(Self { unknown: this.unknown, ..Self::default() });
        }
        if after_hum {
            this.symbol('.', voice);
        }
        this.ids.extend(voice.id(END));
        Ok(this)
    }

    /// A symbol and the pad that follows each.
    fn symbol(&mut self, symbol: char, voice: &VoiceConfig) {
        match (voice.id(symbol), voice.id(PAD)) {
            (Some(id), Some(pad)) => self.ids.extend([id, pad]),
            _ => self.unknown += 1,
        }
    }
}
