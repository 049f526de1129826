//! Numbers in what was said: digits, words, and telephone numbers in pieces.

use std::collections::BTreeSet;

/// Digits in a row from which a number is compared by its digits, not by its value: nobody says
/// a telephone number as one number.
const DIGITS: usize = 4;

const ONES: &[&str] = &[
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

const TENS: &[&str] =
    &["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Words that mean a number in one use: times, and amounts.
const OTHERS: &[(&str, u64)] = &[
    ("oh", 0),
    ("midnight", 0),
    ("noon", 12),
    ("half", 30),
    ("quarter", 15),
    ("dozen", 12),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("couple", 2),
    ("pair", 2),
    ("once", 1),
    ("twice", 2),
];

/// What is counted, not told by the clock.
const COUNTED: &[&str] = &[
    "adults", "children", "days", "guests", "hours", "kids", "minutes", "more", "nights", "of",
    "people", "persons", "pieces", "seats", "tickets", "times", "weeks",
];

/// What may follow an hour, though "for" stands before it.
const AFTER_HOUR: &[&str] = &["am", "fifteen", "forty", "in", "o", "pm", "thirty", "tonight"];

/// The numbers that were said.
#[derive(Debug)]
pub(super) struct Numbers {
    values: BTreeSet<String>,
    /// All digits in the order they were said, for numbers that are spelled out.
    digits: String,
}

impl Numbers {
    pub(super) fn of(tokens: &[String]) -> Self {
        let mut numbers = Self { values: BTreeSet::new(), digits: String::new() };
        let mut said = Phrase::default();
        for token in tokens {
            let digits: String = token.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(value) = digits.parse::<u64>() {
                said.end(&mut numbers);
                numbers.digits.push_str(&digits);
                numbers.insert(value);
            } else if !said.take(token, &mut numbers) {
                said.end(&mut numbers);
            }
        }
        said.end(&mut numbers);
        numbers.values.extend(hours(tokens).map(|hour| (hour + 12).to_string()));
        numbers
    }

    /// Whether the number written as `text` was said.
    pub(super) fn hold(&self, text: &str) -> bool {
        let text = text.strip_prefix('-').unwrap_or(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= DIGITS && self.digits.contains(&digits) {
            return true;
        }
        let mut parts = text.split('.').map(|part| part.trim_start_matches('0'));
        // 7.5 is heard as "seven point five", and is two tokens anyway.
        parts.all(|part| part.is_empty() || self.values.contains(part))
    }

    fn insert(&mut self, value: u64) {
        self.values.insert(value.to_string());
    }
}

/// Hours of the clock as they are said, 1 to 11; a model writes one of 24. "For two" is no hour.
fn hours(tokens: &[String]) -> impl Iterator<Item = u64> {
    let near = |n: Option<usize>| n.and_then(|n| tokens.get(n)).map_or("", String::as_str);
    tokens.iter().enumerate().filter_map(move |(n, token)| {
        let digits: String = token.chars().take_while(char::is_ascii_digit).collect();
        let word = ONES.iter().position(|one| one == token).map(|n| n as u64);
        let value = word.or_else(|| digits.parse().ok())?;
        let (before, after) = (near(n.checked_sub(1)), near(Some(n + 1)));
        let counts = COUNTED.contains(&after) || before == "for" && !AFTER_HOUR.contains(&after);
        let hour =
            (1..12).contains(&value) && (!counts || token.len() > digits.len() && word.is_none());
        hour.then_some(value)
    })
}

/// A number in words as far as it has been heard: "two hundred and thirty".
#[derive(Debug, Default)]
struct Phrase {
    /// What the thousands came to.
    total: u64,
    current: u64,
    begun: bool,
    /// Whether a one may still follow: after "twenty", not after "seven".
    open: bool,
}

impl Phrase {
    /// Takes a word if it belongs to a number.
    fn take(&mut self, word: &str, numbers: &mut Numbers) -> bool {
        let index = |list: &[&str]| list.iter().position(|w| *w == word).map(|i| i as u64);
        if let Some(one) = index(ONES) {
            numbers.digits.push_str(&one.to_string());
            numbers.insert(one);
            if self.begun && (!self.open || one >= 10) {
                self.end(numbers);
            }
            self.add(one, false);
        } else if let Some(ten) = index(TENS) {
            let ten = (ten + 2) * 10;
            numbers.insert(ten);
            if self.begun && !(self.open && self.current.is_multiple_of(100)) {
                self.end(numbers);
            }
            self.add(ten, true);
        } else if word == "hundred" || word == "thousand" {
            self.scale(if word == "hundred" { 100 } else { 1000 });
        } else if let Some((_, value)) = OTHERS.iter().find(|(w, _)| *w == word) {
            self.end(numbers);
            numbers.insert(*value);
        } else {
            return self.begun && word == "and";
        }
        true
    }

    const fn add(&mut self, value: u64, open: bool) {
        self.current = self.current.saturating_add(value);
        self.begun = true;
        self.open = open;
    }

    const fn scale(&mut self, by: u64) {
        let current = if self.current == 0 { 1 } else { self.current };
        self.current = current.saturating_mul(by);
        if by == 1000 {
            self.total = self.total.saturating_add(self.current);
            self.current = 0;
        }
        self.begun = true;
        self.open = true;
    }

    fn end(&mut self, numbers: &mut Numbers) {
        if self.begun {
            numbers.insert(self.total.saturating_add(self.current));
        }
        *self = Self::default();
    }
}
