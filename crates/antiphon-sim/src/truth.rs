//! What really happened in the world, beside what the machine believes: which words were said,
//! which were audible. The two are compared when a conversation is over.

use std::{collections::BTreeMap, ops::Range};

use antiphon_conversation::{Action, AgentState, Conversation, Notice, PlayoutEvent};
use antiphon_core::{Generation, OpId, SpeechId, TurnId};
use antiphon_state::Said;

use crate::ears::Word;

/// The world's own account of a conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Truth {
    audio: BTreeMap<Generation, Audio>,
    ended: Vec<Ended>,
    turns: BTreeMap<TurnId, String>,
    discarded: Vec<String>,
    /// Results of tools.
    told: Vec<String>,
}

/// The audio of one speech.
#[derive(Clone, Debug, Default)]
struct Audio {
    pieces: Vec<Piece>,
    queued: u64,
    played: u64,
    /// Words by which the machine may be wrong: it was told less than is true.
    doubt: usize,
}

/// The audio of one segment.
#[derive(Clone, Debug)]
struct Piece {
    op: OpId,
    start: u64,
    queued: u64,
    words: Vec<(Range<u64>, String)>,
}

#[derive(Clone, Debug)]
struct Ended {
    speech: SpeechId,
    heard: String,
    estimated: bool,
}

impl Truth {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only what ends something is of interest")]
    pub(crate) fn note(&mut self, action: &Action) {
        match action {
            Action::Emit(Notice::SpeechEnded { speech, heard, estimated, .. }) => {
                let (heard, estimated) = (heard.clone(), *estimated);
                self.ended.push(Ended { speech: *speech, heard, estimated });
            }
            Action::Emit(Notice::UserTurn { turn, text, .. }) => {
                self.turns.insert(*turn, text.clone());
            }
            Action::Emit(Notice::ToolResult { result, .. }) => self.told.push(result.text.clone()),
            Action::Emit(Notice::TurnDiscarded { text, .. }) => self.discarded.push(text.clone()),
            _ => {}
        }
    }

    /// The words of a segment, in samples from its start, once its audio comes.
    pub(crate) fn speaks(&mut self, g: Generation, op: OpId, words: Vec<(Range<u64>, String)>) {
        let pieces = &mut self.audio.entry(g).or_default().pieces;
        pieces.push(Piece { op, start: 0, queued: 0, words });
    }

    pub(crate) fn queued(&mut self, g: Generation, op: OpId, samples: u32) {
        let audio = self.audio.entry(g).or_default();
        let before = audio.queued;
        if let Some(piece) = audio.pieces.iter_mut().find(|p| p.op == op) {
            if piece.queued == 0 {
                piece.start = before;
            }
            piece.queued += u64::from(samples);
            audio.queued += u64::from(samples);
        }
    }

    pub(crate) fn played(&mut self, event: &PlayoutEvent) {
        let audio = self.audio.entry(event.generation()).or_default();
        audio.played = audio.played.max(event.played().unwrap_or_default());
    }

    /// A report was lost that the machine would have needed.
    pub(crate) fn doubt(&mut self, g: Generation, words: usize) {
        self.audio.entry(g).or_default().doubt += words;
    }

    /// Compares what the machine believes with what happened.
    ///
    /// # Errors
    /// What differs.
    pub(crate) fn verify(&self, machine: &Conversation, words: &[Word]) -> Result<(), String> {
        if !machine.is_at_rest() && machine.agent_state() != AgentState::Closed {
            return Err("end: nothing is left to happen, and the machine is not at rest".into());
        }
        self.ended.iter().try_for_each(|ended| self.verify_heard(ended))?;
        self.verify_history(machine)?;
        self.verify_words(words)
    }

    fn verify_heard(&self, ended: &Ended) -> Result<(), String> {
        let audio = self.audio.get(&Generation(ended.speech.0));
        let truth: Vec<&str> = audio.map(Audio::audible).unwrap_or_default();
        let heard: Vec<&str> = ended.heard.split_whitespace().collect();
        let doubt = audio.map_or(0, |a| a.doubt + a.broken());
        let guess = if ended.estimated { 1 + truth.len().max(heard.len()) / 3 } else { 0 };
        if distance(&heard, &truth) > 1 + doubt + guess {
            let speech = ended.speech;
            return Err(format!("heard: of {speech} history holds {heard:?}, audible {truth:?}"));
        }
        Ok(())
    }

    /// History holds exactly what the notices announced.
    fn verify_history(&self, machine: &Conversation) -> Result<(), String> {
        if machine.history().forgotten() > 0 {
            return Ok(());
        }
        let heard = self.ended.iter().map(|e| e.heard.trim()).filter(|h| !h.is_empty());
        let turns = self.turns.values().chain(&self.told).map(String::as_str);
        let mut announced: Vec<&str> = heard.chain(turns).collect();
        let mut kept: Vec<&str> = machine.history().items().map(|i| text_of(&i.said)).collect();
        announced.sort_unstable();
        kept.sort_unstable();
        if kept != announced {
            return Err(format!("history: it holds {kept:?}, announced was {announced:?}"));
        }
        Ok(())
    }

    /// Every word of the user is in one turn, once.
    fn verify_words(&self, words: &[Word]) -> Result<(), String> {
        let mut balance: BTreeMap<&str, Balance> = BTreeMap::new();
        for word in words {
            let b = balance.entry(&word.text).or_default();
            b.said += 1;
            b.excused += usize::from(word.excused);
        }
        for word in self.turns.values().chain(&self.discarded).flat_map(|t| t.split_whitespace()) {
            balance.entry(word).or_default().noted += 1;
        }
        for (word, b) in balance {
            if b.noted > b.said + b.excused {
                return Err(format!("doubled: {word:?} was said {} times: {b:?}", b.said));
            }
            if b.noted + b.excused < b.said {
                return Err(format!("lost: {word:?} was said {} times: {b:?}", b.said));
            }
        }
        Ok(())
    }
}

fn text_of(said: &Said) -> &str {
    match said {
        Said::User { text } => text,
        Said::Agent { heard, .. } => heard.trim(),
        Said::Tool { result, .. } => &result.text,
    }
}

#[derive(Clone, Debug, Default)]
struct Balance {
    said: usize,
    excused: usize,
    noted: usize,
}

impl Audio {
    fn broken(&self) -> usize {
        self.pieces.iter().filter(|p| p.is_broken()).count()
    }

    /// The words that were at least half audible.
    fn audible(&self) -> Vec<&str> {
        let sounded = self.pieces.iter().filter(|p| p.queued > 0);
        sounded.flat_map(|p| p.audible(self.played)).collect()
    }
}

/// How many words must be added or left out to make one of the other.
fn distance(a: &[&str], b: &[&str]) -> usize {
    // The longest common subsequence, one row of the table at a time.
    let mut row = vec![0; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        let mut left = 0;
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let above = *cell;
            *cell = if x == y { diagonal + 1 } else { above.max(left) };
            (diagonal, left) = (above, *cell);
        }
    }
    a.len() + b.len() - 2 * row.last().copied().unwrap_or_default()
}

impl Piece {
    /// Whether its synthesis broke off before its last word.
    fn is_broken(&self) -> bool {
        self.words.last().is_some_and(|(at, _)| self.queued < at.end)
    }

    /// Its audible words after `played` samples of the speech.
    fn audible(&self, played: u64) -> impl Iterator<Item = &str> {
        let until = played.saturating_sub(self.start).min(self.queued);
        let words = self.words.iter().filter(move |(at, _)| (at.start + at.end) / 2 <= until);
        words.filter(move |_| until > 0).map(|(_, text)| text.as_str())
    }
}
