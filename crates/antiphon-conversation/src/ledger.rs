//! The heard-text ledger: text spans ↔ synthesised samples ↔ samples that left us.
//!
//! One ledger belongs to one speech, that is to one playout generation. Only the speech writes it.

use antiphon_core::{OpId, SegmentId};
use antiphon_tts::{Alignment, WordTiming};

#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    spans: Vec<Span>,
    played: u64,
}

/// One segment's text and audio.
#[derive(Clone, Debug)]
struct Span {
    segment: SegmentId,
    op: OpId,
    start: u64,
    alignment: Alignment,
    complete: bool,
}

/// The text of a speech, cut at what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) heard: String,
    pub(crate) unheard: String,
    pub(crate) estimated: bool,
}

impl Ledger {
    /// A segment goes to synthesis. Its audio follows that of the segments before it.
    pub(crate) fn open(&mut self, segment: SegmentId, op: OpId, text: String, rate_hz: u32) {
        let alignment = Alignment::new(text, rate_hz);
        self.spans.push(Span { segment, op, start: 0, alignment, complete: false });
    }

    fn index(&self, op: OpId) -> Option<usize> {
        self.spans.iter().position(|s| s.op == op)
    }

    /// Words of a segment. Gives the segment and the position of its first sample.
    pub(crate) fn words(&mut self, op: OpId, words: &[WordTiming]) -> Option<(SegmentId, u64)> {
        let i = self.index(op)?;
        let start = self.start_of(i);
        let span = self.spans.get_mut(i)?;
        span.alignment.add_words(words);
        Some((span.segment, start))
    }

    /// More audio of a segment was queued.
    pub(crate) fn queued(&mut self, op: OpId, samples: u32) {
        let Some(i) = self.index(op) else { return };
        let start = self.start_of(i);
        if let Some(span) = self.spans.get_mut(i) {
            span.start = start;
            span.alignment.add_samples(u64::from(samples));
        }
    }

    /// There is no more audio of a segment: all of it was queued, or (not `whole`) its synthesis
    /// broke off.
    pub(crate) fn complete(&mut self, op: OpId, whole: bool) {
        let Some(i) = self.index(op) else { return };
        let start = self.start_of(i);
        if let Some(span) = self.spans.get_mut(i) {
            span.start = start;
            span.complete = true;
            if whole {
                span.alignment.finish();
            }
        }
    }

    fn start_of(&self, i: usize) -> u64 {
        self.spans.iter().take(i).map(|s| s.alignment.samples()).sum()
    }

    /// So many samples have left. Never less than before, never more than were queued.
    pub(crate) fn played(&mut self, samples: u64) {
        self.played = self.played.max(samples.min(self.queued_samples()));
    }

    /// Characters of all segments.
    pub(crate) fn text_chars(&self) -> usize {
        self.spans.iter().map(|s| s.alignment.text().chars().count()).sum()
    }

    pub(crate) fn queued_samples(&self) -> u64 {
        self.start_of(self.spans.len())
    }

    pub(crate) const fn played_samples(&self) -> u64 {
        self.played
    }

    /// Segments whose audio has not been played to the end.
    pub(crate) fn unplayed(&self) -> usize {
        self.spans.iter().filter(|s| !self.is_played(s)).count()
    }

    fn is_played(&self, span: &Span) -> bool {
        span.complete && self.played >= span.start + span.alignment.samples()
    }

    /// What was heard after this sample, with the word that sounds now.
    pub(crate) fn heard_since(&self, sample: u64) -> String {
        let before = self.cut_at(sample, "").heard.len();
        let now = self.cut("");
        let end = now.unheard.split_whitespace().next().unwrap_or_default();
        let heard = now.heard.get(before..).unwrap_or_default();
        format!("{heard} {end}")
    }

    /// Splits the text at what was heard. `rest` was composed but never synthesised.
    pub(crate) fn cut(&self, rest: &str) -> Cut {
        self.cut_at(self.played, rest)
    }

    fn cut_at(&self, played: u64, rest: &str) -> Cut {
        let mut cut = Cut::default();
        let mut all_heard = true;
        let last = self.spans.iter().rposition(|s| s.alignment.samples() > 0);
        for (i, span) in self.spans.iter().enumerate() {
            let text = span.alignment.text();
            // Audio is queued in the order of the segments: what others follow has none to come.
            let over = span.complete || last > Some(i);
            let silent = over && span.alignment.samples() == 0;
            let bytes = if silent || !all_heard {
                0
            } else {
                let played = played.saturating_sub(span.start).min(span.alignment.samples());
                let heard = span.alignment.heard_prefix(played);
                let sounded = played > 0;
                cut.estimated |= heard.estimated && sounded && heard.bytes < text.len();
                heard.bytes
            };
            let (heard, unheard) = text.split_at_checked(bytes).unwrap_or((text, ""));
            // What follows a segment that broke off is no part of its last word.
            if cut.heard.ends_with(|c: char| !c.is_whitespace()) && !heard.is_empty() {
                cut.heard.push(' ');
            }
            cut.heard.push_str(heard);
            cut.unheard.push_str(unheard);
            let played_out = over && self.played >= span.start + span.alignment.samples();
            all_heard &= silent || unheard.is_empty() || played_out;
        }
        cut.unheard.push_str(rest);
        cut
    }
}
