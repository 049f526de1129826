//! From text as agents write it to text as people say it, with a map back.
//!
//! It deliberately knows no phonemes: its output is words and plain punctuation.

mod numbers;
mod rules;
mod words;

use std::ops::Range;

use self::words::{abbreviation, is_month, magnitude, symbol, unit};

/// A text that can be spoken, and where its words come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Normalised {
    /// Words and punctuation: no digits, no markup, no symbols, no emoji.
    pub text: String,
    /// The words in order.
    pub words: Vec<SpokenWord>,
}

/// One spoken word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWord {
    /// Its bytes in the spoken text, without punctuation.
    pub spoken: Range<usize>,
    /// The bytes of the source it stands for. Several words may share them.
    pub source: Range<usize>,
}

/// A token of the source: what stands between white space.
#[derive(Clone, Copy, Debug)]
struct Token<'a> {
    text: &'a str,
    at: usize,
}

/// Makes `text` speakable. Total: any text gives some result, perhaps an empty one.
#[must_use]
pub fn normalise(text: &str) -> Normalised {
    let tokens: Vec<Token<'_>> = tokens(text).collect();
    let mut out = Normalised::default();
    let mut before = "";
    let mut rest = tokens.as_slice();
    while let Some((token, tail)) = rest.split_first() {
        let used = speak(*token, tail, before, &mut out);
        before = token.text;
        rest = tail.get(used..).unwrap_or_default();
    }
    out
}

/// White space separates tokens; so do long dashes and slashes between words.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let separates = |c: char| c.is_whitespace() || c.is_control() || c == '—' || c == '|';
    let mut from = 0;
    text.split(separates).filter_map(move |piece| {
        let at = from;
        let separator = text.get(at + piece.len()..).and_then(|r| r.chars().next());
        from = at + piece.len() + separator.map_or(0, char::len_utf8);
        (!piece.is_empty()).then_some(Token { text: piece, at })
    })
}

/// Speaks one token, perhaps together with what follows. Returns how many tokens after it were
/// used up.
fn speak(token: Token<'_>, next: &[Token<'_>], before: &str, out: &mut Normalised) -> usize {
    if let Some((words, used)) = several(token, next) {
        let last = used.checked_sub(1).and_then(|n| next.get(n)).copied().unwrap_or(token);
        let (end, mark) = closing(last);
        out.add(&words, token.at..end, mark);
        return used;
    }
    let lone = token.text.strip_suffix(',').unwrap_or(token.text);
    if let Some(word) = abbreviated(lone, next, before) {
        let ends = next.is_empty() && lone.ends_with('.');
        let mark = if ends { Some('.') } else { token.text.strip_suffix(',').map(|_| ',') };
        out.add(&split(word), token.at..token.at + lone.len(), mark);
        return 0;
    }
    let core = core(token.text);
    let from = token.at + (core.as_ptr() as usize - token.text.as_ptr() as usize);
    let (_, mark) = closing(token);
    let words = rules::RULES.iter().find_map(|rule| rule(core)).unwrap_or_else(|| plain(core));
    let month_day = is_month(before).then(|| core.parse().ok()).flatten();
    let words = match month_day {
        Some(day @ 1..=31) => numbers::ordinal(day),
        _ => words,
    };
    out.add(&words, from..from + core.len(), mark);
    0
}

/// Patterns over several tokens: a number and its unit, an amount and its magnitude, a telephone
/// number with spaces.
fn several(token: Token<'_>, next: &[Token<'_>]) -> Option<(Vec<String>, usize)> {
    let first = next.first()?;
    let figures = token.text;
    if let Some(scale) = magnitude(core(first.text)).filter(|s| s.len() > 3)
        && figures.starts_with(['$', '€', '£'])
        && core(first.text).len() > 2
    {
        let joined = format!("{figures}{}", scale.get(..1)?);
        return rules::RULES.iter().find_map(|r| r(&joined)).map(|w| (w, 1));
    }
    let unit_text = first.text.trim_end_matches([',', '.', ';', '!', '?']);
    if let Some((one, many)) = unit(unit_text).filter(|_| !["in", "m", "s"].contains(&unit_text))
        && let Some(mut words) = numbers::spoken_number(figures)
    {
        words.extend(split(if figures == "1" { one } else { many }));
        return Some((words, 1));
    }
    telephone(token, next)
}

/// Groups of digits that begin with a plus or a bracket.
fn telephone(token: Token<'_>, next: &[Token<'_>]) -> Option<(Vec<String>, usize)> {
    token.text.starts_with(['+', '(']).then_some(())?;
    let part = |t: &str| {
        let t = t.trim_end_matches([',', '.', ';', '!', '?']);
        !t.is_empty() && t.chars().all(|c| c.is_ascii_digit() || "-()+".contains(c))
    };
    part(token.text).then_some(())?;
    let used = next.iter().take_while(|t| part(t.text)).count().min(5);
    let all = [token].into_iter().chain(next.iter().take(used).copied());
    let words: Vec<String> = all.flat_map(|t| numbers::digits(t.text)).collect();
    (used > 0 && (7..=15).contains(&words.len())).then_some((words, used))
}

fn abbreviated(word: &str, next: &[Token<'_>], before: &str) -> Option<&'static str> {
    let follows =
        |f: fn(char) -> bool| next.first().and_then(|t| t.text.chars().next()).is_some_and(f);
    match word {
        "St." if follows(char::is_uppercase) && !before.starts_with(char::is_uppercase) => {
            Some("saint")
        }
        "St." => Some("street"),
        "No." if follows(|c| c.is_ascii_digit()) => Some("number"),
        "am" | "pm" | "AM" | "PM" => {
            let hour = before.chars().next_back().is_some_and(|c| c.is_ascii_digit());
            abbreviation(word).filter(|_| hour)
        }
        _ => abbreviation(word),
    }
}

/// A token without the punctuation and markup around it.
fn core(token: &str) -> &str {
    let opening = |c: char| "([{\"'“‘*_`#>~•-–".contains(c);
    let from = token.trim_start_matches(|c: char| "([{\"'“‘*_`•".contains(c));
    let digit = |t: &str| t.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    let from = match from.chars().next() {
        Some('-' | '+') if digit(from) => from,
        _ => from.trim_start_matches(opening),
    };
    // A link shows its text; its address is not read.
    let shown = from.split_once("](").map_or(from, |(shown, _)| shown);
    let dotted = shown.trim_end_matches([',', ';', ':', '!', '?', ')', ']']).ends_with('.')
        && shown.matches('.').count() > 1
        && shown.split('.').all(|p| p.chars().count() <= 1);
    if dotted {
        return shown.trim_end_matches([',', ';', ':', '!', '?', ')', ']']);
    }
    shown.trim_end_matches(|c: char| ".,;:!?…)]}\"'”’*_`".contains(c))
}

/// Where a token's core ends, and the punctuation a voice can use after it.
fn closing(token: Token<'_>) -> (usize, Option<char>) {
    let core = core(token.text);
    let from = core.as_ptr() as usize - token.text.as_ptr() as usize;
    let tail = token.text.get(from + core.len()..).unwrap_or_default();
    let mut clinging = tail.chars().take_while(|c| !c.is_alphanumeric());
    let mark = clinging.find(|c| ".,;:!?…".contains(*c));
    let mark = mark.map(|c| if c == '…' { '.' } else { c });
    (token.at + from + core.len(), mark)
}

/// A word as it is; what no voice can say is left out or named.
fn plain(core: &str) -> Vec<String> {
    if let Some(named) = core.chars().next().and_then(symbol).filter(|_| core.chars().count() == 1)
    {
        return split(named);
    }
    if is_hum(core) {
        return vec![core.replace('-', "")];
    }
    let mut text = String::new();
    for c in core.chars() {
        match c {
            '’' | '\'' => text.push('\''),
            '&' => text.push_str(" and "),
            _ if c.is_alphabetic() => text.push(c),
            _ if c.is_numeric() => {
                let digit = c.to_digit(10).map(u64::from).unwrap_or_default();
                text.push_str(&format!(" {} ", numbers::cardinal(digit).join(" ")));
            }
            _ => text.push(' '),
        }
    }
    let word = |w: &str| w.trim_matches('\'').to_owned();
    text.split_whitespace().map(word).filter(|w| !w.is_empty()).collect()
}

/// "Mm-hm", "uh-huh": one sound of a listener, not words joined by a hyphen. ("Uh-uh", which is a
/// no, is two.)
fn is_hum(core: &str) -> bool {
    let hums = ["mm-hm", "mm-hmm", "m-hm", "m-hmm", "uh-huh"];
    hums.iter().any(|hum| core.eq_ignore_ascii_case(hum))
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

impl Normalised {
    fn add(&mut self, words: &[String], source: Range<usize>, mark: Option<char>) {
        for word in words.iter().flat_map(|w| w.split_whitespace()) {
            if !self.text.is_empty() {
                self.text.push(' ');
            }
            let from = self.text.len();
            self.text.push_str(word);
            self.words.push(SpokenWord { spoken: from..self.text.len(), source: source.clone() });
        }
        if let Some(mark) = mark
            && self.text.ends_with(|c: char| c.is_alphanumeric() || c == '\'')
        {
            self.text.push(mark);
        }
    }
}
