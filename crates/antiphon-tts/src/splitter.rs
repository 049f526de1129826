//! Cuts a growing text into segments to speak: sentences, and for the first segment a clause, so
//! that the first sound comes early.
//!
//! Decisions are made from left to right and never look at how the text was cut into deltas:
//! where more text could change a decision, the splitter waits for it.

/// Lengths that steer the splitter, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitterConfig {
    /// The first segment may end at a comma from this length on. Default 12: "Well, of course,".
    pub first_min_chars: usize,
    /// The first segment is cut at a natural break if it has no punctuation by then. Default 60,
    /// about four seconds of speech.
    pub first_max_chars: usize,
    /// Later segments are cut if they are longer. Default 180.
    pub max_chars: usize,
}

impl Default for SplitterConfig {
    fn default() -> Self {
        Self { first_min_chars: 12, first_max_chars: 60, max_chars: 180 }
    }
}

/// See the module documentation.
///
/// ```
/// use antiphon_tts::{Splitter, SplitterConfig};
///
/// let mut splitter = Splitter::new(SplitterConfig::default());
/// let mut segments = Vec::new();
/// splitter.push("Hello there! Dr. Smith is out until 5 p.m. today.", &mut segments);
/// segments.extend(splitter.finish());
/// assert_eq!(segments, ["Hello there! ", "Dr. Smith is out until 5 p.m. today."]);
/// ```
#[derive(Clone, Debug)]
pub struct Splitter {
    config: SplitterConfig,
    rest: String,
    first: bool,
}

/// A title is followed by a name, never by the end of a sentence.
const TITLES: [&str; 12] =
    ["mr", "mrs", "ms", "dr", "prof", "st", "mt", "rev", "gen", "sen", "vs", "no"];

/// An abbreviation may end a sentence: only what follows tells.
const ABBREVIATIONS: [&str; 12] =
    ["etc", "inc", "ltd", "co", "jr", "sr", "approx", "dept", "est", "min", "max", "fig"];

/// Words a listener expects a little pause before.
const BREAKS: [&str; 16] = [
    "and", "but", "or", "so", "because", "that", "which", "who", "when", "where", "while", "if",
    "for", "with", "to", "in",
];

enum Decision {
    Cut(usize),
    No,
    Wait,
}

impl Splitter {
    /// A splitter at the beginning of a text.
    #[must_use]
    pub const fn new(config: SplitterConfig) -> Self {
        Self { config, rest: String::new(), first: true }
    }

    /// Takes more text and appends the segments that are complete. White space belongs to the
    /// segment before it; a segment always holds a letter or a digit.
    pub fn push(&mut self, delta: &str, out: &mut Vec<String>) {
        self.rest.push_str(delta);
        while let Some(end) = self.next_cut() {
            let tail = self.rest.split_off(end);
            out.push(std::mem::replace(&mut self.rest, tail));
            self.first = false;
        }
    }

    /// The text is complete: gives what is left, unless nothing of it can be spoken.
    pub fn finish(&mut self) -> Option<String> {
        self.first = true;
        Some(std::mem::take(&mut self.rest)).filter(|t| is_speakable(t))
    }

    /// Where the first segment of the rest ends, if that can be told.
    fn next_cut(&self) -> Option<usize> {
        let limit = if self.first { self.config.first_max_chars } else { self.config.max_chars };
        for (n, (i, c)) in self.rest.char_indices().enumerate() {
            match self.decide(n, i, c) {
                Decision::Cut(end) if self.rest.get(..end).is_some_and(is_speakable) => {
                    return Some(end);
                }
                Decision::Wait => return None,
                Decision::Cut(_) | Decision::No => {}
            }
            if n >= limit.max(1) {
                return Some(self.forced_cut(i));
            }
        }
        None
    }

    /// Whether the `n`-th character, `c` at byte `i`, ends a segment.
    fn decide(&self, n: usize, i: usize, c: char) -> Decision {
        let clause = self.first && n >= self.config.first_min_chars;
        match c {
            '\n' => return Decision::Cut(i + 1),
            '—' if clause => return Decision::Cut(i + c.len_utf8()),
            '.' | '!' | '?' | '…' => {}
            ',' | ';' | ':' if clause => {}
            _ => return Decision::No,
        }
        let tail = self.rest.get(i + c.len_utf8()..).unwrap_or_default();
        let clinging = tail.find(|c| !is_clinging(c)).unwrap_or(tail.len());
        let after = i + c.len_utf8() + clinging;
        let Some(next) = self.rest.get(after..).and_then(|r| r.chars().next()) else {
            return Decision::Wait;
        };
        if !next.is_whitespace() {
            return Decision::No;
        }
        let end = after + next.len_utf8();
        let dots = c == '…' || tail.starts_with('.');
        match c {
            '.' | '…' if dots && !clause => Decision::No,
            '.' if !dots => self.decide_dot(i, end),
            _ => Decision::Cut(end),
        }
    }

    /// Whether the full stop at byte `i`, with white space up to `end`, ends a sentence.
    fn decide_dot(&self, i: usize, end: usize) -> Decision {
        let before = self.rest.get(..i).unwrap_or_default();
        let from = before.rfind(|c: char| c.is_whitespace() || "([\"“".contains(c));
        let start = from.and_then(|f| Some(f + before.get(f..)?.chars().next()?.len_utf8()));
        let word = before.get(start.unwrap_or(0)..).unwrap_or_default();
        let lower = word.to_lowercase();
        let numeric = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
        if TITLES.contains(&lower.as_str()) || (numeric && before.trim() == word) {
            return Decision::No;
        }
        let initial = word.chars().count() == 1 && word != "I" && !numeric;
        let ambiguous =
            numeric || word.contains('.') || word == "I" || ABBREVIATIONS.contains(&lower.as_str());
        if initial {
            return Decision::No;
        }
        if !ambiguous {
            return Decision::Cut(end);
        }
        match self.rest.get(end..).and_then(|r| r.trim_start().chars().next()) {
            None => Decision::Wait,
            Some(next) if next.is_lowercase() || next.is_ascii_digit() => Decision::No,
            Some(_) => Decision::Cut(end),
        }
    }

    /// A cut within the first `limit` bytes, where it disturbs least.
    fn forced_cut(&self, limit: usize) -> usize {
        let region = self.rest.get(..limit).unwrap_or(&self.rest);
        let spaces: Vec<(usize, usize)> = region
            .char_indices()
            .filter(|(_, c)| c.is_whitespace())
            .map(|(i, c)| (i, i + c.len_utf8()))
            .filter(|(i, _)| region.get(..*i).is_some_and(is_speakable))
            .collect();
        let after_comma = |(i, _): &&(usize, usize)| {
            region.get(..*i).is_some_and(|h| h.ends_with([',', ';', ':']))
        };
        let before_break = |(_, end): &&(usize, usize)| {
            let mut words = region.get(*end..).unwrap_or_default().splitn(2, char::is_whitespace);
            let word = words.next().unwrap_or_default();
            words.next().is_some() && BREAKS.contains(&word)
        };
        let best = spaces.iter().rev().find(after_comma);
        let best = best.or_else(|| spaces.iter().rev().find(before_break));
        best.or(spaces.last()).map_or(limit, |(_, end)| *end)
    }
}

/// Closing quotes, brackets and markup stay with the sentence they close.
fn is_clinging(c: char) -> bool {
    ".!?…)]}\"'”’»*_`".contains(c)
}

fn is_speakable(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}
