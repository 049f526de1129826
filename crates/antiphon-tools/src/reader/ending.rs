//! Where calls end: at the bracket that closes the first, or at the closing tag.

use super::opening::Kind;

/// Watches a call for its end.
#[derive(Debug)]
pub(super) struct Ending {
    /// The closing tag and how much of it was read, if a tag is what ends the call.
    tag: Option<(&'static str, usize)>,
    brackets: Brackets,
}

impl Ending {
    pub(super) const fn of(kind: Kind) -> Self {
        let tag = match kind {
            Kind::Tag(tag) => Some((tag.close, 0)),
            Kind::Value | Kind::Function => None,
        };
        Self { tag, brackets: Brackets::new() }
    }

    /// Whether the call ends with `c`. Every character has to be shown.
    pub(super) fn is_at(&mut self, c: char) -> bool {
        let Some((close, read)) = &mut self.tag else { return self.brackets.close_with(c) };
        // Only its first character is a `<`, so a mismatch can only start over there.
        *read = match close.get(*read..).and_then(|rest| rest.chars().next()) {
            Some(next) if next == c => *read + c.len_utf8(),
            Some(_) | None => usize::from(c == '<'),
        };
        *read == close.len()
    }
}

/// `text` with the brackets closed that it leaves open; `None` if it ends within a text.
pub(super) fn completed(text: &str) -> Option<String> {
    let mut brackets = Brackets::new();
    for c in text.chars() {
        brackets.close_with(c);
    }
    let missing: String = brackets.open.iter().rev().collect();
    brackets.quote.is_none().then(|| format!("{text}{missing}"))
}

/// Open brackets, no more than the text is long, and whether we are within quotes.
#[derive(Debug)]
struct Brackets {
    open: Vec<char>,
    quote: Option<char>,
    escaped: bool,
}

impl Brackets {
    const fn new() -> Self {
        Self { open: Vec::new(), quote: None, escaped: false }
    }

    /// Reads one character; whether it closes the first bracket.
    fn close_with(&mut self, c: char) -> bool {
        if let Some(quote) = self.quote {
            if self.escaped {
                self.escaped = false;
            } else if c == '\\' {
                self.escaped = true;
            } else if c == quote {
                self.quote = None;
            }
            return false;
        }
        let closing = match c {
            '"' | '\'' => {
                self.quote = Some(c);
                return false;
            }
            '{' => '}',
            '[' => ']',
            '(' => ')',
            '}' | ']' | ')' => {
                // A bracket of the wrong kind closes too: the reading of the whole will complain.
                self.open.pop();
                return self.open.is_empty();
            }
            _ => return false,
        };
        self.open.push(closing);
        false
    }
}
