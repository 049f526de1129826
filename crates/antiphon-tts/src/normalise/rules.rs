//! What one written token sounds like. Each rule takes the token's core, without the punctuation
//! around it, and says nothing if it does not apply.

use super::{
    numbers::{cardinal, digits, ordinal, spoken_number, whole_number, year},
    words::{SPELLED, currency, magnitude, month, symbol, unit},
};

/// Words for a token, or `None` if the rule does not apply.
pub(super) type Rule = fn(&str) -> Option<Vec<String>>;

/// The rules in the order in which they are tried.
pub(super) const RULES: [Rule; 15] = [
    email,
    url,
    time,
    iso_date,
    slash_date,
    money,
    phone,
    ordinal_number,
    percent_or_unit,
    range,
    fraction,
    height,
    plain_number,
    acronym,
    code,
];

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

fn email(t: &str) -> Option<Vec<String>> {
    let (user, host) = t.split_once('@')?;
    let named = |s: &str| s.chars().any(char::is_alphanumeric);
    (named(user) && host.contains('.') && named(host)).then_some(())?;
    let mut out = spell_out(user);
    out.push("at".to_owned());
    out.extend(spell_out(host));
    Some(out)
}

fn url(t: &str) -> Option<Vec<String>> {
    let bare = t.strip_prefix("https://").or_else(|| t.strip_prefix("http://"));
    let rest = bare.or_else(|| t.starts_with("www.").then_some(t)).or_else(|| domain(t))?;
    let rest = rest.split(['?', '#']).next().unwrap_or(rest).trim_end_matches('/');
    Some(spell_out(rest))
}

/// A name like example.com, by its ending.
fn domain(t: &str) -> Option<&str> {
    let host = t.split('/').next().unwrap_or(t);
    let (name, end) = host.rsplit_once('.')?;
    let known = ["com", "org", "net", "io", "dev", "edu", "gov", "ai"].contains(&end);
    (known && name.chars().any(char::is_alphabetic)).then_some(t)
}

/// Names, numbers and the marks between them.
fn spell_out(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut name = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_alphabetic() {
            name.push(c);
            continue;
        }
        if !name.is_empty() {
            out.push(std::mem::take(&mut name));
        }
        match c {
            '.' => out.push("dot".to_owned()),
            '/' => out.push("slash".to_owned()),
            '-' => out.push("dash".to_owned()),
            '_' => out.push("underscore".to_owned()),
            '+' => out.push("plus".to_owned()),
            _ => out.extend(digits(&c.to_string())),
        }
    }
    out
}

fn time(t: &str) -> Option<Vec<String>> {
    let lower = t.to_lowercase();
    let (clock, half) = match lower.strip_suffix("am").or_else(|| lower.strip_suffix("a.m.")) {
        Some(clock) => (clock, Some("A M")),
        None => match lower.strip_suffix("pm").or_else(|| lower.strip_suffix("p.m.")) {
            Some(clock) => (clock, Some("P M")),
            None => (lower.as_str(), None),
        },
    };
    let (hours, minutes) = match clock.split_once(':') {
        Some((h, m)) if m.len() == 2 => (number(h)?, number(m)?),
        Some(_) => return None,
        None => (number(clock).filter(|_| half.is_some())?, 0),
    };
    (hours < 25 && minutes < 60).then_some(())?;
    let mut out = cardinal(hours);
    match minutes {
        0 if half.is_none() => out.extend(words("o'clock")),
        0 => {}
        1..10 => out.extend(words("oh").into_iter().chain(cardinal(minutes))),
        _ => out.extend(cardinal(minutes)),
    }
    out.extend(half.map(words).unwrap_or_default());
    Some(out)
}

fn date(y: &str, m: &str, d: &str) -> Option<Vec<String>> {
    let (m, d) = (month(number(m)?)?, number(d).filter(|d| (1..=31).contains(d))?);
    (y.len() == 4).then_some(())?;
    let mut out = words(m);
    out.extend(ordinal(d));
    out.extend(year(number(y)?));
    Some(out)
}

fn iso_date(t: &str) -> Option<Vec<String>> {
    let (y, rest) = t.split_once('-')?;
    let (m, d) = rest.split_once('-')?;
    date(y, m, d)
}

/// Month first, as in the United States.
fn slash_date(t: &str) -> Option<Vec<String>> {
    let (m, rest) = t.split_once('/')?;
    let (d, y) = rest.split_once('/')?;
    date(y, m, d)
}

fn money(t: &str) -> Option<Vec<String>> {
    let first = t.chars().next()?;
    let (sign, amount) = match currency(first) {
        Some(_) => (first, t.get(first.len_utf8()..)?),
        None => {
            let last = t.chars().next_back().filter(|c| currency(*c).is_some())?;
            (last, t.get(..t.len() - last.len_utf8())?)
        }
    };
    let [one, many, cent, cents] = currency(sign)?;
    let figures = amount.trim_end_matches(|c: char| c.is_alphabetic());
    let suffix = amount.get(figures.len()..).filter(|s| !s.is_empty());
    if let Some(scale) = suffix {
        let mut out = spoken_number(figures)?;
        out.extend([magnitude(scale)?.to_owned(), many.to_owned()]);
        return Some(out);
    }
    let (whole, part) = match figures.split_once('.') {
        Some((whole, part)) if part.len() == 2 => (whole, number(part)?),
        Some(_) => return None,
        None => (figures, 0),
    };
    let n = whole_number(whole)?;
    let mut out = Vec::new();
    if n > 0 || part == 0 {
        out.extend(cardinal(n));
        out.push(if n == 1 { one } else { many }.to_owned());
    }
    if part > 0 {
        out.extend((n > 0).then(|| "and".to_owned()));
        out.extend(cardinal(part));
        out.push(if part == 1 { cent } else { cents }.to_owned());
    }
    Some(out)
}

fn phone(t: &str) -> Option<Vec<String>> {
    let n = t.chars().filter(char::is_ascii_digit).count();
    let marks = t.chars().filter(|c| "-()+".contains(*c)).count();
    let clean = t.chars().all(|c| c.is_ascii_digit() || "-()+.".contains(c));
    ((7..=15).contains(&n) && clean && (marks >= 2 || t.starts_with('+'))).then(|| digits(t))
}

fn ordinal_number(t: &str) -> Option<Vec<String>> {
    let lower = t.to_lowercase();
    let figures = ["st", "nd", "rd", "th"].iter().find_map(|s| lower.strip_suffix(s))?;
    Some(ordinal(whole_number(figures)?))
}

fn percent_or_unit(t: &str) -> Option<Vec<String>> {
    let figures = t.trim_end_matches(|c: char| c.is_alphabetic() || "%°℃℉¢/".contains(c));
    let (one, many) = unit(t.get(figures.len()..)?)?;
    let mut out = spoken_number(figures)?;
    out.extend(words(if figures == "1" { one } else { many }));
    Some(out)
}

fn range(t: &str) -> Option<Vec<String>> {
    let (a, b) = t.split_once(['-', '–'])?;
    let (mut out, b) = (spoken_number(a)?, spoken_number(b)?);
    out.push("to".to_owned());
    out.extend(b);
    Some(out)
}

fn fraction(t: &str) -> Option<Vec<String>> {
    let (a, b) = t.split_once('/')?;
    let (a, b) = (number(a)?, number(b)?);
    let mut out = cardinal(a);
    match (a, b) {
        (1, 2) => out.push("half".to_owned()),
        (1, 4) => out.push("quarter".to_owned()),
        (3, 4) => out.push("quarters".to_owned()),
        (1..20, 3..20) => {
            let mut part = ordinal(b);
            if let Some(last) = part.last_mut().filter(|_| a > 1) {
                last.push('s');
            }
            out.extend(part);
        }
        _ => {
            out.push("over".to_owned());
            out.extend(cardinal(b));
        }
    }
    Some(out)
}

/// Feet and inches: 6'2".
fn height(t: &str) -> Option<Vec<String>> {
    let (feet, inches) = t.split_once(['\'', '’', '′'])?;
    let mut out = cardinal(number(feet).filter(|_| !feet.is_empty())?);
    out.push("foot".to_owned());
    let inches = inches.trim_end_matches(['"', '”', '″']);
    if !inches.is_empty() {
        out.extend(cardinal(number(inches)?));
    }
    Some(out)
}

fn plain_number(t: &str) -> Option<Vec<String>> {
    match number(t) {
        Some(n) if t.len() == 4 && (1900..2100).contains(&n) => Some(year(n)),
        _ => spoken_number(t).or_else(|| {
            (t.len() > 15 && number(t).is_none() && t.bytes().all(|b| b.is_ascii_digit()))
                .then(|| digits(t))
        }),
    }
}

fn acronym(t: &str) -> Option<Vec<String>> {
    let stem = t.strip_suffix('s').filter(|s| s.len() > 1).unwrap_or(t);
    let dotted: String = stem.chars().filter(|c| *c != '.').collect();
    let capitals = dotted.len() > 1 && dotted.chars().all(|c| c.is_ascii_uppercase());
    let vowelless = !dotted.contains(['A', 'E', 'I', 'O', 'U', 'Y']);
    let spelled = stem.contains('.') || vowelless || SPELLED.contains(&dotted.as_str());
    (capitals && spelled && dotted.len() <= 6)
        .then(|| dotted.chars().map(|c| c.to_string()).collect())
}

/// Letters and digits mixed: each on its own, numbers of up to two digits whole.
fn code(t: &str) -> Option<Vec<String>> {
    let has = |f: fn(&char) -> bool| t.chars().any(|c| f(&c));
    (has(char::is_ascii_digit)).then_some(())?;
    let mut out = Vec::new();
    for c in t.chars() {
        match c {
            _ if c.is_ascii_digit() => out.extend(digits(&c.to_string())),
            _ if c.is_alphabetic() => out.push(c.to_uppercase().to_string()),
            _ => out.extend(symbol(c).filter(|_| c != '<').map(str::to_owned)),
        }
    }
    Some(out)
}
