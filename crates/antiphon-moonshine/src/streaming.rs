//! The segment being spoken: when to decode it, when to cut it, which text of it to show.
//!
//! It deliberately knows no model and no thread.

use std::sync::Arc;

use antiphon_core::SPEECH_RATE_HZ;

use crate::sound::Sound;

/// How a transcription goes about its audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoonshineConfig {
    /// New sound, in milliseconds, after which the growing segment is decoded again for an
    /// interim text.
    pub interim_every_ms: u32,
    /// Length in milliseconds at which a segment is cut, 4 000 to 30 000. The model was trained on
    /// sentences: from about 15 s on it invents some.
    pub max_segment_ms: u32,
}

impl Default for MoonshineConfig {
    fn default() -> Self {
        Self { interim_every_ms: 400, max_segment_ms: 15_000 }
    }
}

const fn samples(ms: u32) -> usize {
    (SPEECH_RATE_HZ as u64 * ms as u64 / 1000) as usize
}

/// The cut lies in the last three seconds, in the middle of the quietest 200 ms.
const CUT_WITHIN: usize = samples(3_000);
const CUT_WINDOW: usize = samples(200);
const CUT_STEP: usize = samples(50);

/// Audio kept before the first sound.
const LEAD: usize = samples(300);

/// A segment as it grows. Its audio is decoded from the first sound to the last; as the model is
/// deterministic, the end of what was decoded tells whether its text still holds.
#[derive(Debug)]
pub(crate) struct Segment {
    config: MoonshineConfig,
    number: u32,
    audio: Vec<i16>,
    sound: Sound,
    /// Where the last decode ended, and its text.
    decoded: (usize, String),
    /// Words of the last text sent.
    shown: usize,
    /// The last final text sent.
    settled: String,
}

/// A part of a segment to decode.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) segment: u32,
    /// Where in the segment the sound ends.
    pub(crate) end: usize,
    pub(crate) audio: Arc<[i16]>,
    /// Its text, if a decode has just given it.
    pub(crate) text: Option<String>,
}

impl Part {
    /// Whether both are the same audio, and so the same text.
    pub(crate) const fn same(&self, other: &Self) -> bool {
        self.segment == other.segment && self.end == other.end
    }
}

impl Segment {
    pub(crate) fn new(config: MoonshineConfig) -> Self {
        Self::numbered(config, 0)
    }

    fn numbered(config: MoonshineConfig, number: u32) -> Self {
        Self {
            config,
            number,
            audio: Vec::new(),
            sound: Sound::default(),
            decoded: (0, String::new()),
            shown: 0,
            settled: String::new(),
        }
    }

    /// Appends audio, and gives the part before the cut if that makes the segment too long: then
    /// the rest is a new segment. To be repeated without audio as long as it gives a part.
    pub(crate) fn push(&mut self, audio: &[i16]) -> Option<Part> {
        self.audio.extend_from_slice(audio);
        let max = samples(self.config.max_segment_ms.clamp(4_000, 30_000));
        if self.audio.len() <= max {
            self.sound.scan(&self.audio);
            self.forget_lead();
            return None;
        }
        let rest = self.audio.split_off(quietest(self.audio.get(..max).unwrap_or_default()));
        self.sound = Sound::default();
        self.sound.scan(&self.audio);
        let head = self.whole();
        *self = Self::numbered(self.config, self.number + 1);
        self.audio = rest;
        Some(head)
    }

    /// Quiet before the first sound means nothing: only a little of it is kept.
    fn forget_lead(&mut self) {
        if !self.sound.is_any() && self.audio.len() > 2 * LEAD {
            self.audio.drain(..self.audio.len() - LEAD);
            self.sound = Sound::default();
            self.sound.scan(&self.audio);
        }
    }

    fn end(&self) -> usize {
        self.sound.range(self.audio.len()).end
    }

    /// Everything said in the segment so far.
    pub(crate) fn whole(&self) -> Part {
        let range = self.sound.range(self.audio.len());
        let text = self.text_up_to(range.end).map(str::to_owned);
        let audio = self.audio.get(range.clone()).unwrap_or_default().into();
        Part { segment: self.number, end: range.end, audio, text }
    }

    /// The text up to this end, if a decode has given it. Of no sound it is empty.
    fn text_up_to(&self, end: usize) -> Option<&str> {
        (self.decoded.0 == end).then_some(self.decoded.1.as_str())
    }

    /// The text of a part of this segment, if it is known by now.
    pub(crate) fn text_of(&self, part: &Part) -> Option<&str> {
        self.text_up_to(part.end).filter(|_| part.segment == self.number)
    }

    /// Whether the last final text sent says everything.
    pub(crate) fn is_settled(&self) -> bool {
        self.text_up_to(self.end()).is_some_and(|text| text == self.settled)
    }

    /// What to decode for an interim text, if it is time: enough sound is new, or the sound seems
    /// to be over. The latter makes the final text known before it is asked for.
    pub(crate) fn interim_due(&self) -> Option<Part> {
        let (end, fresh) = (self.end(), self.end().saturating_sub(self.decoded.0));
        let paused = fresh > 0 && self.sound.is_over(self.audio.len());
        let due = paused || fresh >= samples(self.config.interim_every_ms).max(1);
        (end > 0 && due).then(|| self.whole())
    }

    /// Takes in the text of an interim decode. Gives what to show: the words it agrees on with
    /// the decode before, if they are more than is shown.
    pub(crate) fn interim(&mut self, part: &Part, text: String) -> Option<String> {
        if part.segment != self.number || part.end <= self.decoded.0 {
            return None;
        }
        let agreed = agreed_prefix(&self.decoded.1, &text);
        let (words, agreed) = (agreed.len(), agreed.join(" "));
        self.decoded = (part.end, text);
        let is_news = words > self.shown;
        self.shown = self.shown.max(words);
        is_news.then_some(agreed)
    }

    /// Takes note of a text sent as final.
    pub(crate) fn settle(&mut self, part: &Part, text: &str) {
        if part.segment == self.number {
            self.decoded = (part.end, text.to_owned());
            self.shown = text.split_whitespace().count();
            text.clone_into(&mut self.settled);
        }
    }
}

/// The middle of the quietest window near the end.
fn quietest(audio: &[i16]) -> usize {
    let from = audio.len().saturating_sub(CUT_WITHIN);
    let near = audio.get(from..).unwrap_or_default();
    let energy = |w: &[i16]| w.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>();
    let windows = near.windows(CUT_WINDOW).step_by(CUT_STEP).map(energy).enumerate();
    let quietest = windows.min_by_key(|(_, energy)| *energy).map_or(0, |(n, _)| n);
    from + quietest * CUT_STEP + CUT_WINDOW / 2
}

/// The words, as written in `new`, with which both texts begin.
fn agreed_prefix<'a>(old: &str, new: &'a str) -> Vec<&'a str> {
    let pairs = old.split_whitespace().zip(new.split_whitespace());
    pairs.take_while(|(old, new)| letters(old).eq(letters(new))).map(|(_, new)| new).collect()
}

/// A word without case and punctuation, which every decode sets anew.
fn letters(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}
