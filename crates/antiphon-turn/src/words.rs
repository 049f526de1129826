//! Text as countable words, and what they amount to when said over the agent.
//!
//! It deliberately parses no language: words are what stands between spaces or punctuation, and
//! in scripts written without spaces every character stands alone and counts half.

use std::collections::BTreeMap;

use crate::languages::{self, Phrases};

/// A word, or one character of a script without spaces; lower case, nothing but letters, digits
/// and the signs that belong to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// One character of a script without spaces.
    pub(crate) alone: bool,
}

impl Word {
    /// Twice the number of words this stands for: Chinese and Japanese words have two characters
    /// more often than not.
    pub(crate) const fn halves(&self) -> usize {
        if self.alone { 1 } else { 2 }
    }

    /// One letter or digit of a script in which words have more.
    fn is_sign(&self) -> bool {
        !self.alone && self.text.chars().count() == 1
    }

    /// "mm", "hmm", "uh", "huh", "um"; also Cyrillic "мм", "хм". Says nothing but "I am here".
    fn is_hum(&self) -> bool {
        self.text.chars().all(|c| matches!(c, 'm' | 'h' | 'u' | 'м' | 'х'))
    }
}

/// What words over the agent amount to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// A phrase that always interrupts is among them.
    pub(crate) stop: bool,
    /// Words that are no backchannel, a half counted as one; 0 if they are nothing but what speech
    /// to text makes of sounds without words.
    pub(crate) words: usize,
}

/// Reads `words` by the phrase lists of `language` and `extra` backchannels.
///
/// The longest phrase wins, so "no problem" is no "no"; of equals the one that interrupts.
pub(crate) fn read(words: &[Word], language: Option<&str>, extra: &[String]) -> Reading {
    let extra = PhraseList::new(extra.iter().map(String::as_str));
    let (mut rest, mut stop, mut halves, mut meant) = (words, false, 0, false);
    while let Some(first) = rest.first() {
        let (mut stops, mut listens) = (0, extra.longest(rest).max(first.is_hum().into()));
        let mut artefact = 0;
        for phrases in languages::of(language) {
            stops = stops.max(phrases.stops.longest(rest));
            listens = listens.max(phrases.backchannels.longest(rest));
            artefact = artefact.max(phrases.artefacts.longest(rest));
        }
        let (phrase, after) = rest.split_at(stops.max(listens).max(artefact).max(1));
        stop |= stops > 0 && stops >= listens;
        if stops >= listens {
            halves += phrase.iter().map(Word::halves).sum::<usize>();
            meant |= artefact <= stops;
        }
        rest = after;
    }
    Reading { stop, words: if meant { halves.div_ceil(2) } else { 0 } }
}

/// Whether what was said is likely not all. It ends in a comma, or after at least one other word in
/// one that leaves the sentence open ("I would like to", "a table for the"), or in the midst of a
/// number or a spelling given sign by sign ("it is four, seven", "W, A, L").
///
/// `language` is a BCP 47 tag; without one the words of all languages count.
#[must_use]
pub fn trails_off(transcript: &str, language: Option<&str>) -> bool {
    let said = split(transcript);
    let [.., _, last] = &said[..] else { return false };
    transcript.trim_end().ends_with(COMMAS)
        || languages::of(language).any(|phrases| phrases.open.has(last))
        || is_dictated(transcript, language)
}

/// Whether the last two words are signs. "P.m." is one word, since nothing parts it.
fn is_dictated(transcript: &str, language: Option<&str>) -> bool {
    let mut signs = transcript.split_whitespace().rev().map(|word| match &split(word)[..] {
        [only] => {
            let digit = |phrases: &Phrases| phrases.digits.has(only);
            only.is_sign() || languages::of(language).any(digit)
        }
        _ => false,
    });
    signs.next() == Some(true) && signs.next() == Some(true)
}

/// Also those of Chinese and Japanese, and of Arabic.
const COMMAS: [char; 4] = [',', '，', '、', '،'];

/// Phrases by their first word: transcripts are read anew with every event of an overlap.
pub(crate) struct PhraseList(BTreeMap<String, Vec<Vec<Word>>>);

impl PhraseList {
    pub(crate) fn new<'a>(phrases: impl Iterator<Item = &'a str>) -> Self {
        let mut by_first: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for phrase in phrases.map(split) {
            let first = phrase.first().map(|word| word.text.clone()).unwrap_or_default();
            by_first.entry(first).or_default().push(phrase);
        }
        Self(by_first)
    }

    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Vec<Word>> {
        self.0.values().flatten()
    }

    /// Length of the longest phrase that `words` begin with; 0 if none.
    fn longest(&self, words: &[Word]) -> usize {
        let phrases = words.first().and_then(|first| self.0.get(&first.text));
        let begins = phrases.into_iter().flatten().filter(|phrase| words.starts_with(phrase));
        begins.map(Vec::len).max().unwrap_or(0)
    }

    /// Whether `word` is a phrase of its own.
    fn has(&self, word: &Word) -> bool {
        self.longest(std::slice::from_ref(word)) == 1
    }
}

/// Cuts text into words.
pub(crate) fn split(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_alone(c) {
            finish(&mut word, &mut words);
            words.push(Word { text: c.to_string(), alone: true });
        } else if c.is_alphanumeric() || is_vowel_sign(c) {
            word.push(c);
        } else if !is_silent(c) {
            finish(&mut word, &mut words);
        }
    }
    finish(&mut word, &mut words);
    words
}

fn finish(word: &mut String, words: &mut Vec<Word>) {
    if !word.is_empty() {
        words.push(Word { text: shorten(&std::mem::take(word)), alone: false });
    }
}

/// "yeaaah" is "yeah": a letter three times or more is said once. Digits stay.
fn shorten(word: &str) -> String {
    let mut short = String::with_capacity(word.len());
    let mut rest = word.chars().peekable();
    while let Some(c) = rest.next() {
        let mut times = 1;
        while rest.next_if_eq(&c).is_some() {
            times += 1;
        }
        let kept = if times > 2 && c.is_alphabetic() { 1 } else { times };
        short.extend(std::iter::repeat_n(c, kept));
    }
    short
}

/// Scripts written without spaces: Han, kana, Thai, Lao, Burmese, Khmer (Unicode blocks).
fn is_alone(c: char) -> bool {
    let block = matches!(c,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}');
    block && c.is_alphanumeric() && !is_silent(c)
}

/// Signs inside Indic words that Unicode does not call alphabetic: virama and its kin.
fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{0DFF}') && !matches!(c, '\u{0964}' | '\u{0965}' | '\u{093C}')
}

/// Inside a word, but of no weight: apostrophes, combining accents, the nukta, joiners, and the
/// mark that draws out a kana.
fn is_silent(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}' | '\u{02BC}' | '\u{0300}'..='\u{036F}' | '\u{093C}')
        || matches!(c, '\u{200C}' | '\u{200D}' | '\u{30FC}')
}
