//! The transcript so far, from the events of one transcription.
//!
//! It deliberately knows no time and no turn: when to read it is the caller's decision.

use std::collections::BTreeMap;

use crate::SttEvent;

/// The segments of one transcription, each with its latest and its last final text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    segments: BTreeMap<u32, Segment>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Segment {
    latest: String,
    last_final: String,
}

impl Transcript {
    /// Takes in the next event. A flush marker changes nothing.
    pub fn apply(&mut self, event: &SttEvent) {
        match event {
            SttEvent::Interim { segment, text } => {
                self.segments.entry(*segment).or_default().latest.clone_from(text);
            }
            SttEvent::Final { segment, text } => {
                let segment = self.segments.entry(*segment).or_default();
                segment.latest.clone_from(text);
                segment.last_final.clone_from(text);
            }
            SttEvent::Flushed { .. } => {}
        }
    }

    /// Everything understood so far, interim guesses included: the segments in order, joined by
    /// single spaces, empty ones left out.
    #[must_use]
    pub fn text(&self) -> String {
        join(self.segments.values().map(|s| &*s.latest))
    }

    /// What was final at the last flush. An interim that goes on in a finished segment does not
    /// take the final text back.
    #[must_use]
    pub fn final_text(&self) -> String {
        join(self.segments.values().map(|s| &*s.last_final))
    }
}

fn join<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut joined = String::new();
    for text in texts.filter(|t| !t.is_empty()) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(text);
    }
    joined
}
