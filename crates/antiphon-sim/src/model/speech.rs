//! The model of one speech: which of its words a listener has heard.
//!
//! Where audio comes out of order or breaks off, or words have no timings, what was heard is a
//! matter of judgement; then the model only asks that no text is lost.

use antiphon_conversation::{OpEvent, SynthesisEvent};
use antiphon_core::OpId;
use antiphon_tts::WordTiming;

#[derive(Clone, Debug, Default)]
pub(super) struct Speech {
    /// It may be heard.
    pub(super) created: bool,
    /// What the notices say of it.
    pub(super) announced: Vec<String>,
    segments: Vec<Segment>,
    played: u64,
    /// Something happened after which the model makes no promise about words.
    vague: bool,
}

#[derive(Clone, Debug)]
struct Segment {
    op: OpId,
    text: String,
    words: Vec<WordTiming>,
    samples: u64,
    complete: bool,
}

impl Speech {
    pub(super) fn segment(&mut self, op: OpId, text: String) {
        let segment = Segment { op, text, words: Vec::new(), samples: 0, complete: false };
        self.segments.push(segment);
    }

    pub(super) fn synthesised(&mut self, op: OpId, event: &OpEvent) {
        let open = self.segments.iter().position(|s| !s.complete);
        let at = self.segments.iter().position(|s| s.op == op);
        let Some(segment) = at.and_then(|at| self.segments.get_mut(at)) else { return };
        match event {
            OpEvent::Speech(SynthesisEvent::Words(words)) => {
                self.vague |= !segment.words.is_empty() || !sensible(words, &segment.text);
                segment.words.clone_from(words);
            }
            OpEvent::Speech(SynthesisEvent::Queued(n)) => {
                self.vague |= at != open;
                segment.samples += u64::from(*n);
            }
            OpEvent::Ended => {
                self.vague |= segment.samples == 0 || at != open;
                segment.complete = true;
            }
            OpEvent::Failed { .. } => self.vague = true,
            OpEvent::Stt(_)
            | OpEvent::TurnEnd(_)
            | OpEvent::Backchannel(_)
            | OpEvent::Llm(_)
            | OpEvent::Tool(_) => {}
        }
    }

    /// A synthesis was cancelled: by an interruption, or because it took too long.
    pub(super) fn broke_off(&mut self, op: OpId) {
        let sounded = |s: &Segment| s.op == op && s.samples > 0;
        self.vague |=
            self.segments.iter().any(sounded) && self.segments.last().is_some_and(|s| s.op != op);
    }

    pub(super) fn played(&mut self, samples: u64) {
        let queued = self.segments.iter().map(|s| s.samples).sum();
        self.played = self.played.max(samples.min(queued));
    }

    /// Compares with what the machine says was heard.
    pub(super) fn check(&self, heard: &str, unheard: &str) -> Result<(), String> {
        let composed: String = self.segments.iter().map(|s| s.text.as_str()).collect();
        if self.segments.is_empty() {
            return Ok(());
        }
        let announced = self.announced.concat();
        if announced != composed {
            return Err(format!("announced {announced:?}, synthesised {composed:?}"));
        }
        let all = squeezed(&composed);
        let told = squeezed(heard).len() + squeezed(unheard).len();
        if told < all.len() {
            return Err(format!("of {composed:?} remain {heard:?} and {unheard:?}"));
        }
        if self.vague || self.segments.iter().any(|s| s.words.is_empty()) {
            return Ok(());
        }
        let words = self.heard_words();
        let expected: String = composed.split_whitespace().take(words).collect();
        if squeezed(heard) != expected {
            return Err(format!("heard {heard:?}, by the timings {expected:?}: {self:?}"));
        }
        Ok(())
    }

    /// A word is heard once half of it was played; all are when the segment was.
    fn heard_words(&self) -> usize {
        let mut start = 0;
        let mut heard = 0;
        for segment in &self.segments {
            let played = self.played.saturating_sub(start).min(segment.samples);
            let whole = segment.complete && played == segment.samples;
            let middle = |w: &WordTiming| (w.samples.start + w.samples.end) / 2;
            heard += match whole {
                true => segment.text.split_whitespace().count(),
                false if played == 0 => 0,
                false => segment.words.iter().filter(|w| middle(w) <= played).count(),
            };
            start += segment.samples;
        }
        heard
    }
}

/// One timing for each word, in order.
fn sensible(words: &[WordTiming], text: &str) -> bool {
    let texts = words.iter().map(|w| text.get(w.text.clone()).unwrap_or_default());
    texts.eq(text.split_whitespace()) && words.is_sorted_by_key(|w| w.samples.start)
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
