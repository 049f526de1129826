//! Takes the silence off both ends of a phrase while its audio streams by.
//!
//! Silence in the middle passes, but is held until a sound follows it: only then is it known not
//! to be the end. It deliberately knows no words; the caller says which samples must stay.

/// A sample quieter than this (−50 dBFS) is silence.
const QUIET: u16 = 104;

/// What of the silence at the ends of a phrase is kept, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// Silence before the first sound.
    pub(crate) lead: u64,
    /// Silence after the last sound.
    pub(crate) tail: u64,
    /// The start is never cut beyond this sample: a word ends after it.
    pub(crate) latest_start: u64,
    /// The end is never cut before this sample: a word lasts until there.
    pub(crate) spoken: u64,
}

/// Where a stream of samples stands.
#[derive(Clone, Debug)]
pub(crate) struct Trim {
    keep: Keep,
    /// Samples not handed out yet, the first of them being number `first`.
    held: Vec<i16>,
    first: u64,
    /// Samples up to here are certain to be kept.
    kept: u64,
    /// How many samples were cut off the front.
    cut: Option<u64>,
}

impl Trim {
    pub(crate) const fn new(keep: Keep) -> Self {
        Self { keep, held: Vec::new(), first: 0, kept: keep.spoken, cut: None }
    }

    /// How many samples were cut off the front; `None` while nothing has sounded.
    pub(crate) const fn cut(&self) -> Option<u64> {
        self.cut
    }

    /// Takes the next samples and gives back those that are certain to be kept.
    pub(crate) fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        let loud = |s: &i16| s.unsigned_abs() > QUIET;
        let end = self.first + self.held.len() as u64;
        self.held.extend(samples);
        if let Some(last) = samples.iter().rposition(loud) {
            self.kept = self.kept.max(end + last as u64 + 1 + self.keep.tail);
        }
        if self.cut.is_none() {
            let Some(onset) = samples.iter().position(loud) else { return Vec::new() };
            let start = (end + onset as u64).saturating_sub(self.keep.lead);
            let start = start.min(self.keep.latest_start);
            self.held.drain(..start as usize);
            self.first = start;
            self.cut = Some(start);
        }
        let kept = self.kept.saturating_sub(self.first) as usize;
        let rest = self.held.split_off(kept.min(self.held.len()));
        self.first += self.held.len() as u64;
        std::mem::replace(&mut self.held, rest)
    }
}
