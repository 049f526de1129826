//! Word error rate, and the normalisation that makes it mean something.

/// Lower case, letters and digits only, small numbers as words: what two spellings of the same
/// speech have in common.
#[must_use]
pub fn normalise(text: &str) -> Vec<String> {
    let lower = text.to_lowercase().replace("mr.", "mister ").replace("mrs.", "missus ");
    let kept: String = lower
        .chars()
        .filter(|c| *c != '\'' && *c != '\u{2019}')
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    kept.split_whitespace().flat_map(spell).collect()
}

/// Spells a number digit by digit, except the ones that have a name of one word.
fn spell(word: &str) -> Vec<String> {
    const NAMES: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    let name = |n: usize| NAMES.get(n).map(|s| (*s).to_owned());
    if !word.bytes().all(|b| b.is_ascii_digit()) {
        return vec![word.to_owned()];
    }
    match word.parse().ok().and_then(name) {
        Some(one) => vec![one],
        None => word.bytes().filter_map(|b| name(usize::from(b - b'0'))).collect(),
    }
}

/// Edits and reference words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wer {
    /// Words substituted, deleted or inserted.
    pub errors: usize,
    /// Words of the reference.
    pub words: usize,
}

impl Wer {
    /// Compares two texts after normalising both.
    #[must_use]
    pub fn of(reference: &str, hypothesis: &str) -> Self {
        let (r, h) = (normalise(reference), normalise(hypothesis));
        Self { errors: distance(&r, &h), words: r.len() }
    }

    /// Errors per reference word, 0.0 if there is none.
    #[must_use]
    pub fn rate(self) -> f64 {
        if self.words == 0 { 0.0 } else { self.errors as f64 / self.words as f64 }
    }
}

impl std::ops::AddAssign for Wer {
    fn add_assign(&mut self, other: Self) {
        self.errors += other.errors;
        self.words += other.words;
    }
}

/// Levenshtein distance over words, one row at a time.
fn distance(a: &[String], b: &[String]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.iter().zip(row.iter().skip(1)) {
            let cost = usize::from(x != y);
            left = (diagonal + cost).min(above + 1).min(left + 1);
            next.push(left);
            diagonal = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
