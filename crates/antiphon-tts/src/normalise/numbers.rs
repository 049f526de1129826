//! Numbers as words, in American English.

const ONES: [&str; 20] = [
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

const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

const SCALES: [(u64, &str); 4] = [
    (1_000_000_000_000, "trillion"),
    (1_000_000_000, "billion"),
    (1_000_000, "million"),
    (1_000, "thousand"),
];

const ORDINALS: [(&str, &str); 7] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
];

fn name(table: &[&'static str], n: u64) -> &'static str {
    usize::try_from(n).ok().and_then(|n| table.get(n)).copied().unwrap_or_default()
}

/// `n` as words: 1204 → one thousand two hundred four. Beyond quadrillions, digit by digit.
pub(super) fn cardinal(n: u64) -> Vec<String> {
    if n >= 1_000_000_000_000_000 {
        return digits(&n.to_string());
    }
    let mut words = Vec::new();
    let mut rest = n;
    for (scale, word) in SCALES {
        if rest >= scale {
            words.extend(below_thousand(rest / scale));
            words.push(word.to_owned());
            rest %= scale;
        }
    }
    if rest > 0 || n == 0 {
        words.extend(below_thousand(rest));
    }
    words
}

fn below_thousand(n: u64) -> Vec<String> {
    let mut words = Vec::new();
    if n >= 100 {
        words.extend([name(&ONES, n / 100), "hundred"]);
    }
    match n % 100 {
        0 if n > 0 => {}
        rest @ 0..20 => words.push(name(&ONES, rest)),
        rest => {
            words.push(name(&TENS, rest / 10));
            if rest % 10 > 0 {
                words.push(name(&ONES, rest % 10));
            }
        }
    }
    words.into_iter().map(str::to_owned).collect()
}

/// `n`-th as words: 22 → twenty second.
pub(super) fn ordinal(n: u64) -> Vec<String> {
    let mut words = cardinal(n);
    if let Some(last) = words.last_mut() {
        *last = match ORDINALS.iter().find(|(c, _)| c == last) {
            Some((_, o)) => (*o).to_owned(),
            None if last.ends_with('y') => format!("{}ieth", last.trim_end_matches('y')),
            None => format!("{last}th"),
        };
    }
    words
}

/// A year as it is read: 1999 → nineteen ninety nine, 2005 → two thousand five.
pub(super) fn year(n: u64) -> Vec<String> {
    let (century, rest) = (n / 100, n % 100);
    if !(1100..2100).contains(&n) || (2000..2010).contains(&n) || n.is_multiple_of(1000) {
        return cardinal(n);
    }
    let mut words = cardinal(century);
    match rest {
        0 => words.push("hundred".to_owned()),
        1..10 => {
            words.push("oh".to_owned());
            words.extend(cardinal(rest));
        }
        _ => words.extend(cardinal(rest)),
    }
    words
}

/// Digit by digit, anything else left out.
pub(super) fn digits(text: &str) -> Vec<String> {
    let digits = text.chars().filter_map(|c| c.to_digit(10));
    digits.map(|d| name(&ONES, u64::from(d)).to_owned()).collect()
}

/// A written number: digits with optional grouping commas, sign and decimals.
pub(super) fn spoken_number(text: &str) -> Option<Vec<String>> {
    let (negative, body) = match text.strip_prefix(['-', '−']) {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = match body.split_once('.') {
        Some((whole, decimals)) => (whole, Some(decimals)),
        None => (body, None),
    };
    let n = whole_number(whole)?;
    let mut words = Vec::new();
    if negative {
        words.push("minus".to_owned());
    }
    let leading_zero = whole.len() > 1 && whole.starts_with('0');
    words.extend(if leading_zero { digits(whole) } else { cardinal(n) });
    if let Some(decimals) = decimals {
        if decimals.is_empty() || !decimals.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        words.push("point".to_owned());
        words.extend(digits(decimals));
    }
    Some(words)
}

/// Digits, with commas only where thousands are grouped.
pub(super) fn whole_number(text: &str) -> Option<u64> {
    let mut groups = text.split(',');
    let first = groups.next()?;
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(first) || (text.contains(',') && first.len() > 3) {
        return None;
    }
    groups.all(|g| g.len() == 3 && digits(g)).then_some(())?;
    text.replace(',', "").parse().ok()
}
