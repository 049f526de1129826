//! Licence expressions: whether one can be met with an allow-list.
//!
//! Enough of the SPDX grammar (annex D of the 2.3 specification) for what manifests contain:
//! `AND` binds tighter than `OR`, `WITH` adds an exception, and the old `/` means `OR`.

/// Whether a user may choose licences from `allowed` that satisfy `expression`.
#[must_use]
pub fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut parser = Parser { words: spaced.split_whitespace().collect(), allowed };
    parser.words.reverse();
    parser.any() && parser.words.is_empty()
}

struct Parser<'a> {
    /// What is still to be read, last word first.
    words: Vec<&'a str>,
    allowed: &'a [&'a str],
}

impl Parser<'_> {
    fn any(&mut self) -> bool {
        let mut met = self.all();
        while self.take("OR") {
            met |= self.all();
        }
        met
    }

    fn all(&mut self) -> bool {
        let mut met = self.one();
        while self.take("AND") {
            met &= self.one();
        }
        met
    }

    fn one(&mut self) -> bool {
        if self.take("(") {
            let met = self.any();
            return self.take(")") && met;
        }
        let Some(licence) = self.words.pop() else { return false };
        if !self.take("WITH") {
            return self.allowed.contains(&licence);
        }
        let exception = self.words.pop().unwrap_or_default();
        let whole = format!("{licence} WITH {exception}");
        self.allowed.contains(&&*whole)
    }

    fn take(&mut self, word: &str) -> bool {
        let next = self.words.last().is_some_and(|w| *w == word);
        if next {
            self.words.pop();
        }
        next
    }
}
