//! What a plain scalar means: the core schema of YAML 1.2.2, section 10.3.2. `no`, `on` and
//! `1_000` are text there.

use crate::node::Scalar;

/// A scalar by its meaning.
pub(crate) enum Meaning<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

/// What `scalar` means to a reader without expectations.
pub(crate) fn meaning(scalar: &Scalar) -> Meaning<'_> {
    let text = scalar.text.as_str();
    if !scalar.plain {
        return Meaning::Text(text);
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Meaning::Null,
        "true" | "True" | "TRUE" => Meaning::Bool(true),
        "false" | "False" | "FALSE" => Meaning::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Meaning::Float(f64::NAN),
        _ => number(text).unwrap_or(Meaning::Text(text)),
    }
}

/// Whether `scalar` says "no value".
pub(crate) fn is_null(scalar: &Scalar) -> bool {
    matches!(meaning(scalar), Meaning::Null)
}

fn number(text: &str) -> Option<Meaning<'static>> {
    let unsigned = |digits, radix| u64::from_str_radix(digits, radix).ok().map(Meaning::Unsigned);
    if let Some(digits) = text.strip_prefix("0x") {
        return digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| unsigned(digits, 16))?;
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return digits.bytes().all(|b| b.is_ascii_digit()).then(|| unsigned(digits, 8))?;
    }
    let size = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(size, ".inf" | ".Inf" | ".INF") {
        let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
        return Some(Meaning::Float(f64::INFINITY * sign));
    }
    if !size.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(n) = text.parse() {
        return Some(Meaning::Unsigned(n));
    }
    if let Ok(n) = text.parse() {
        return Some(Meaning::Signed(n));
    }
    let only_float = size.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    only_float.then(|| text.parse().ok().map(Meaning::Float))?
}
