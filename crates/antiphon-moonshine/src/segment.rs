//! The audio of the segment being spoken: when to decode it, when to cut it, which text of it can
//! be shown. Pure.

use antiphon_core::SPEECH_RATE_HZ;

const fn samples(ms: usize) -> usize {
    SPEECH_RATE_HZ as usize * ms / 1000
}

/// New audio after which the growing segment is decoded again.
const INTERIM_EVERY: usize = samples(400);

/// Audio below which an interim decode is not worth it.
const INTERIM_MIN: usize = samples(500);

/// A segment longer than this is cut: beyond, the model loses its thread.
const MAX_SEGMENT: usize = samples(15_000);

/// The cut lies in the last three seconds, in the middle of the quietest 200 ms.
const CUT_WITHIN: usize = samples(3_000);
const CUT_WINDOW: usize = samples(200);

/// A segment as it grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Segment {
    pub(crate) number: u32,
    audio: Vec<i16>,
    /// Length at the last interim decode.
    interim_at: usize,
    /// The last two interim texts, to show what they agree on.
    last: Option<String>,
    shown: String,
    /// Length at the last final decode, and its text.
    final_at: Option<(usize, String)>,
}

impl Segment {
    pub(crate) fn push(&mut self, audio: &[i16]) {
        self.audio.extend_from_slice(audio);
    }

    pub(crate) fn audio(&self) -> &[i16] {
        &self.audio
    }

    /// Whether enough is new for another interim decode; takes note of it.
    pub(crate) fn wants_interim(&mut self) -> bool {
        let fresh = self.audio.len() - self.interim_at;
        let wants = self.audio.len() >= INTERIM_MIN && fresh >= INTERIM_EVERY;
        if wants {
            self.interim_at = self.audio.len();
        }
        wants
    }

    /// What to show after another interim decode: the words two decodes agree on, if they are
    /// more than is shown.
    pub(crate) fn interim(&mut self, text: String) -> Option<String> {
        let agreed = self.last.as_deref().map(|last| agreed_prefix(last, &text));
        self.last = Some(text);
        let agreed = agreed?;
        (agreed.len() > self.shown.len()).then(|| {
            self.shown.clone_from(&agreed);
            agreed
        })
    }

    /// The final text, if nothing came since it was decoded.
    pub(crate) fn known_final(&self) -> Option<&str> {
        self.final_at.as_ref().filter(|(n, _)| *n == self.audio.len()).map(|(_, t)| t.as_str())
    }

    /// The text of the first `len` samples is final.
    pub(crate) fn finalise(&mut self, len: usize, text: &str) {
        self.final_at = Some((len, text.to_owned()));
        text.clone_into(&mut self.shown);
    }

    /// If the segment is too long: cuts it where it is quiet, and gives the audio of the first
    /// part. What follows is the next segment.
    pub(crate) fn overflow(&mut self) -> Option<(u32, Vec<i16>)> {
        if self.audio.len() <= MAX_SEGMENT {
            return None;
        }
        let at = self.quietest();
        let rest = self.audio.split_off(at);
        let (number, head) = (self.number, std::mem::replace(&mut self.audio, rest));
        *self =
            Self { number: number + 1, audio: std::mem::take(&mut self.audio), ..Self::default() };
        Some((number, head))
    }

    fn quietest(&self) -> usize {
        let from = self.audio.len().saturating_sub(CUT_WITHIN);
        let tail = self.audio.get(from..).unwrap_or_default();
        let energy = |w: &[i16]| w.iter().map(|s| i64::from(*s).pow(2)).sum::<i64>();
        let starts = (0..tail.len().saturating_sub(CUT_WINDOW)).step_by(CUT_WINDOW / 4);
        let window = |n: &usize| tail.get(*n..*n + CUT_WINDOW).map_or(i64::MAX, energy);
        from + starts.min_by_key(window).unwrap_or(0) + CUT_WINDOW / 2
    }
}

/// The words, as written in `new`, with which both texts begin.
fn agreed_prefix(old: &str, new: &str) -> String {
    let same = |(a, b): &(&str, &str)| plain(a) == plain(b);
    let n = old.split_whitespace().zip(new.split_whitespace()).take_while(same).count();
    new.split_whitespace().take(n).collect::<Vec<_>>().join(" ")
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
