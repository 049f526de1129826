//! What the caller said, word by word, and what a fake transcription hears of it.

use std::collections::BTreeMap;

use antiphon_core::{OpId, Timestamp};

use crate::Line;

/// One word of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Word {
    pub(crate) text: String,
    from: Timestamp,
    to: Timestamp,
    /// A fault hit it: it may be missing or doubled.
    pub(crate) excused: bool,
    /// No transcription ever hears it.
    pub(crate) lost: bool,
}

impl Word {
    /// Whether a listener who heard the time between hears this word: six tenths of it do.
    fn is_within(&self, from: Timestamp, until: Timestamp) -> bool {
        let len = self.to.since(self.from);
        self.from + len * 4 / 10 >= from && until >= self.from + len * 6 / 10
    }
}

/// One transcription.
#[derive(Clone, Debug)]
pub(crate) struct Ear {
    /// The first moment it hears.
    from: Timestamp,
    /// Every final has a segment of its own.
    split: bool,
    /// Words in final segments, if split, and the number of the next segment.
    done: usize,
    pub(crate) segment: u32,
    /// It breaks its contract: what it hears may be lost or doubled.
    pub(crate) harmed: bool,
}

/// Everything the caller said, and the live transcriptions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ears {
    pub(crate) words: Vec<Word>,
    /// A transcription broke off, and none has begun after it: what it was to hear, and since when
    /// nobody listens.
    deaf: Option<(Timestamp, Timestamp)>,
    live: BTreeMap<OpId, Ear>,
}

impl Ears {
    /// The caller says a line from now on; `lost` tells which words nobody hears.
    pub(crate) fn say(&mut self, from: Timestamp, line: &Line, mut lost: impl FnMut() -> bool) {
        let n = line.text.split_whitespace().count().max(1) as u32;
        for (i, text) in (0u32..).zip(line.text.split_whitespace()) {
            let (begin, end) = (from + line.takes * i / n, from + line.takes * (i + 1) / n);
            let lost = lost();
            let text = text.to_owned();
            self.words.push(Word { text, from: begin, to: end, excused: lost, lost });
        }
    }

    /// A transcription begins. If it hears `again` what the one before was to hear, nothing is
    /// lost.
    pub(crate) fn open(&mut self, op: OpId, from: Timestamp, split: bool, again: bool) {
        let ear = Ear { from, split, done: 0, segment: 0, harmed: false };
        self.live.insert(op, ear);
        if let Some((began, since)) = self.deaf.take()
            && !(again && from <= began)
        {
            self.excuse(began, since.max(from));
        }
    }

    /// The live transcriptions.
    pub(crate) fn listening(&self) -> Vec<OpId> {
        self.live.keys().copied().collect()
    }

    pub(crate) fn get(&mut self, op: OpId) -> Option<&mut Ear> {
        self.live.get_mut(&op)
    }

    /// The transcription is over.
    pub(crate) fn close(&mut self, op: OpId, now: Timestamp) {
        let Some(ear) = self.live.remove(&op) else { return };
        if ear.harmed {
            self.give_up(now);
            self.deaf = Some((ear.from, now));
        }
    }

    /// Everything is over.
    pub(crate) fn close_all(&mut self, now: Timestamp) {
        while let Some(op) = self.live.keys().next().copied() {
            self.close(op, now);
        }
        self.give_up(now);
    }

    /// What a broken transcription was to hear is heard by no other.
    fn give_up(&mut self, now: Timestamp) {
        if let Some((began, _)) = self.deaf.take() {
            self.excuse(began, now);
        }
    }

    /// What is said in this time may be lost or doubled.
    pub(crate) fn excuse(&mut self, from: Timestamp, until: Timestamp) {
        for word in self.words.iter_mut().filter(|w| w.to >= from && w.from <= until) {
            word.excused = true;
        }
    }

    /// The clock jumped: nobody kept any time limit.
    pub(crate) fn jumped(&mut self, from: Timestamp, until: Timestamp) {
        self.excuse(from, until);
        for ear in self.live.values_mut() {
            ear.harmed = true;
        }
    }

    /// Segment and text of what the transcription has heard by now. A final one closes its
    /// segment if segments are split.
    pub(crate) fn transcript(
        &mut self,
        op: OpId,
        now: Timestamp,
        is_final: bool,
    ) -> Option<(u32, String)> {
        let ear = self.live.get_mut(&op)?;
        let heard = self.words.iter().filter(|w| !w.lost && w.is_within(ear.from, now));
        let new: Vec<&str> = heard.skip(ear.done).map(|w| w.text.as_str()).collect();
        let segment = ear.segment;
        if is_final && ear.split && !new.is_empty() {
            ear.done += new.len();
            ear.segment += 1;
        }
        Some((segment, new.join(" ")))
    }
}
