//! Echo in words: the agent's own speech that comes back through the user's microphone and is
//! transcribed as if the user had said it.
//!
//! Playout is held at the first sound, so an echo is short: the few words that were under way.
//! It deliberately knows no audio: cancelling echo in the signal is the media plane's work, and
//! this is for what is left.

use std::{ops::Range, time::Duration};

use serde::{Deserialize, Serialize};

use crate::words::{self, Word};

/// Longest word sequences that are compared. What was heard in a few seconds is shorter.
const MOST_WORDS: usize = 64;

/// Words below this many bytes are too common to tell whose they are: four Latin letters, two
/// Cyrillic ones, one syllable of Hangul.
const LONG_BYTES: usize = 5;

/// Words this alike (1 minus edit distance by length) count as one, misheard: "leave" and "leaves"
/// are 0.83, "amsterdam" and "amstredam" 0.78, but "monday" and "sunday" 0.67.
const ALIKE: f64 = 0.7;

/// Whether and when a transcript counts as the agent's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EchoGuard {
    /// Default on.
    pub enabled: bool,
    /// How far back what the agent said may come back. Default 2 s: the echo path, and the time
    /// until the hold; longer, and a caller who repeats "Tuesday at eleven?" is not heard.
    pub window: Duration,
    /// Words of five letters and more that must be found again, in order. Default 2: one word
    /// is as likely the caller's question. Lower it to 1 on lines without echo cancellation.
    pub min_words: usize,
    /// What sounds longer is the user, whatever the words. Default 3 s.
    pub longest: Duration,
}

impl Default for EchoGuard {
    fn default() -> Self {
        Self {
            enabled: true,
            window: Duration::from_secs(2),
            min_words: 2,
            longest: Duration::from_secs(3),
        }
    }
}

impl EchoGuard {
    /// Share of `transcript`, 0.0 to 1.0 of its words, that is `agent`'s coming back. `agent` is
    /// what was heard of the agent in the last [`window`](Self::window), with the word that was
    /// under way.
    #[must_use]
    pub fn share(&self, agent: &str, transcript: &str) -> f32 {
        let said = words::split(transcript);
        let echo = self.find(&words::split(agent), &said);
        echo.len() as f32 / said.len().max(1) as f32
    }

    /// Which words of `said` are the agent's. Empty if too few are.
    pub(crate) fn find(&self, agent: &[Word], said: &[Word]) -> Range<usize> {
        if !self.enabled {
            return 0..0;
        }
        let agent = agent.get(agent.len().saturating_sub(MOST_WORDS)..).unwrap_or(agent);
        let said = said.get(..MOST_WORDS).unwrap_or(said);
        let pairs = align(agent, said);
        let (Some(&(a_first, first)), Some(&(a_last, last))) = (pairs.first(), pairs.last()) else {
            return 0..0;
        };
        let found = pairs.iter().filter_map(|&(_, at)| said.get(at)).filter(|w| is_telling(w));
        let enough = found.map(Word::halves).sum::<usize>() >= 2 * self.min_words.max(1);
        // Scattered words that both happen to use are no echo: at least every second one of the
        // stretch must be found, on either side.
        let length = last + 1 - first;
        let dense = 2 * pairs.len() >= length.max(a_last + 1 - a_first);
        if enough && dense { first..last + 1 } else { 0..0 }
    }
}

fn is_telling(word: &Word) -> bool {
    word.alone || word.text.len() >= LONG_BYTES
}

fn alike(a: &Word, b: &Word) -> bool {
    a == b
        || (is_telling(a)
            && is_telling(b)
            && strsim::normalized_levenshtein(&a.text, &b.text) >= ALIKE)
}

/// Pairs of indices of alike words, in order on both sides: the longest common subsequence, in
/// which telling words weigh more. Late words of the agent are preferred.
fn align(agent: &[Word], said: &[Word]) -> Vec<(usize, usize)> {
    // scores[a][s]: best weight of agent[..a] against said[..s].
    let mut scores = vec![vec![0_u32; said.len() + 1]];
    for word in agent {
        let above = scores.last().cloned().unwrap_or_default();
        let mut row = vec![0];
        for (other, pair) in said.iter().zip(above.windows(2)) {
            let &[diagonal, up] = pair else { continue };
            let left = row.last().copied().unwrap_or(0);
            row.push(weight(word, other).map_or(0, |w| diagonal + w).max(up).max(left));
        }
        scores.push(row);
    }
    let score = |a: usize, s: usize| scores.get(a).and_then(|row| row.get(s)).copied();
    let (mut a, mut s) = (agent.len(), said.len());
    let mut pairs = Vec::new();
    while let (Some(word), Some(other)) = (previous(agent, a), previous(said, s)) {
        let diagonal = weight(word, other).zip(score(a - 1, s - 1)).map(|(w, before)| w + before);
        if diagonal == score(a, s) {
            (a, s) = (a - 1, s - 1);
            pairs.push((a, s));
        } else if score(a - 1, s) == score(a, s) {
            a -= 1;
        } else {
            s -= 1;
        }
    }
    pairs.reverse();
    pairs
}

fn previous(words: &[Word], at: usize) -> Option<&Word> {
    words.get(at.checked_sub(1)?)
}

fn weight(a: &Word, b: &Word) -> Option<u32> {
    alike(a, b).then(|| if is_telling(a) { 4 } else { 1 })
}
