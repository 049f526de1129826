//! The transcript that a stream of events adds up to.

use std::collections::BTreeMap;

use crate::SttEvent;

/// Applies the events of one transcription: a later text of a segment replaces the earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    segments: BTreeMap<u32, Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Segment {
    text: String,
    is_final: bool,
}

impl Transcript {
    /// Takes note of an event. An interim guess does not undo a final text that begins with it.
    pub fn apply(&mut self, event: &SttEvent) {
        let (segment, text, is_final) = match event {
            SttEvent::Interim { segment, text } => (*segment, text, false),
            SttEvent::Final { segment, text } => (*segment, text, true),
            SttEvent::Flushed { .. } | SttEvent::EndOfTurn => return,
        };
        let text = text.trim().to_owned();
        if let Some(old) = self.segments.get(&segment)
            && !is_final
            && old.is_final
            && old.text.starts_with(&text)
        {
            return;
        }
        self.segments.insert(segment, Segment { text, is_final });
    }

    /// Everything understood so far, interim guesses included.
    #[must_use]
    pub fn text(&self) -> String {
        join(self.segments.values())
    }

    /// Only what is final.
    #[must_use]
    pub fn final_text(&self) -> String {
        join(self.segments.values().filter(|s| s.is_final))
    }
}

fn join<'a>(segments: impl Iterator<Item = &'a Segment>) -> String {
    let texts: Vec<&str> = segments.map(|s| s.text.as_str()).filter(|t| !t.is_empty()).collect();
    texts.join(" ")
}
