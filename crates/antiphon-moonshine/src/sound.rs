//! Where in a recording there is sound at all.
//!
//! It deliberately does not tell speech from noise: it saves the model from decoding quiet, no
//! more.

use std::ops::Range;

use antiphon_core::SPEECH_RATE_HZ;

/// Samples that are judged together: 10 ms.
const BLOCK: usize = SPEECH_RATE_HZ as usize / 100;

/// Root mean square from which on a block counts as sound: −54 dBFS, well below soft speech into
/// a headset and above the noise of its microphone.
const LOUD: i64 = 64;

/// Quiet that belongs to the sound before and after it: 150 ms, as the tiny model errs more often
/// with 100. A multiple of the block, so that a part cut out is judged by the same blocks as the
/// whole.
const MARGIN: usize = 15 * BLOCK;

/// A sound shorter than this holds no word: 100 ms.
const SHORTEST: usize = 10 * BLOCK;

/// First and last sound in audio that may still grow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sound {
    scanned: usize,
    loud: Option<(usize, usize)>,
}

impl Sound {
    /// Looks at what was appended to `pcm` since the last call.
    pub(crate) fn scan(&mut self, pcm: &[i16]) {
        let fresh = pcm.get(self.scanned..).unwrap_or_default();
        for block in fresh.as_chunks::<BLOCK>().0 {
            let energy: i64 = block.iter().map(|s| i64::from(*s).pow(2)).sum();
            let end = self.scanned + BLOCK;
            if energy >= LOUD * LOUD * BLOCK as i64 {
                self.loud = Some((self.loud.map_or(self.scanned, |(first, _)| first), end));
            }
            self.scanned = end;
        }
    }

    /// The part of `len` samples that holds the sound and the quiet close to it; empty, at 0, if
    /// there is no sound or too little.
    pub(crate) fn range(&self, len: usize) -> Range<usize> {
        let loud = self.loud.filter(|(first, last)| last - first >= SHORTEST);
        loud.map_or(0..0, |(first, last)| first.saturating_sub(MARGIN)..(last + MARGIN).min(len))
    }

    /// Whether all the quiet that belongs to the last sound is there.
    pub(crate) fn is_over(&self, len: usize) -> bool {
        self.loud.is_some_and(|(_, last)| last + MARGIN <= len)
    }

    /// Whether there was any sound, however short.
    pub(crate) const fn is_any(&self) -> bool {
        self.loud.is_some()
    }
}
