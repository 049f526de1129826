//! How calls begin, and how soon it is clear that something does not.

use std::collections::BTreeSet;

/// Tags that calls are put in. The first is what ChatML models are trained on; the others are
/// what small ones make of it.
const TAGS: &[Tag] = &[
    Tag { open: "<tool_call>", close: "</tool_call>" },
    Tag { open: "<tool_calls>", close: "</tool_calls>" },
    Tag { open: "<function_call>", close: "</function_call>" },
    Tag { open: "<tools>", close: "</tools>" },
];

/// First keys by which a JSON object is taken for a call.
const KEYS: &[&str] = &[
    "name",
    "function",
    "function_name",
    "tool",
    "tool_name",
    "tool_calls",
    "arguments",
    "parameters",
    "type",
    "id",
];

/// White space in an opening at most.
const MAX_SPACE: usize = 16;

/// Longest name of an argument, with the white space after it.
const MAX_ARGUMENT: usize = 64;

/// Longest name of a language after a fence.
const MAX_LANGUAGE: usize = 12;

/// A pair of tags around calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag {
    open: &'static str,
    pub(super) close: &'static str,
}

/// How a call is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Between tags.
    Tag(&'static Tag),
    /// A JSON object or array.
    Value,
    /// `name(argument="value")`, alone or in square brackets.
    Function,
}

/// Where and how a call begins in what was held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    pub(super) kind: Kind,
    /// Where the call proper starts, in bytes.
    pub(super) start: usize,
    pub(super) fenced: bool,
}

/// What a beginning is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its first character is speech.
    Speech,
    /// Too short to say.
    Unclear,
    /// A call.
    Opens(Opening),
}

const fn opens(kind: Kind, start: usize) -> Verdict {
    Verdict::Opens(Opening { kind, start, fenced: false })
}

/// The tools that may be called.
#[derive(Debug)]
pub(super) struct Names(pub(super) BTreeSet<String>);

impl Names {
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// Whether a call may begin with `c` after `before`.
    pub(super) fn may_open(&self, c: char, before: Option<char>) -> bool {
        matches!(c, '<' | '{' | '[' | '`')
            || !before.is_some_and(in_name) && self.0.iter().any(|name| name.starts_with(c))
    }

    /// Judges a text of at least two characters whose first may open a call.
    pub(super) fn judge(&self, text: &str) -> Verdict {
        match text.chars().next() {
            Some('`') => self.fence(text),
            _ => self.bare(text),
        }
    }

    fn fence(&self, text: &str) -> Verdict {
        const FENCE: &str = "```";
        let Some(rest) = text.strip_prefix(FENCE) else {
            return if FENCE.starts_with(text) { Verdict::Unclear } else { Verdict::Speech };
        };
        let inside = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
        let call = inside.trim_start();
        if rest.len() - inside.len() > MAX_LANGUAGE || inside.len() - call.len() > MAX_SPACE {
            return Verdict::Speech;
        }
        if call.is_empty() {
            return Verdict::Unclear;
        }
        match self.bare(call) {
            Verdict::Opens(Opening { kind, start, .. }) => {
                let start = text.len() - call.len() + start;
                Verdict::Opens(Opening { kind, start, fenced: true })
            }
            other @ (Verdict::Speech | Verdict::Unclear) => other,
        }
    }

    fn bare(&self, text: &str) -> Verdict {
        match text.chars().next() {
            None => Verdict::Unclear,
            Some('<') => tag(text),
            Some('{') => object(text),
            Some('[') => {
                let inside = text.trim_start_matches('[').trim_start();
                if text.len() - inside.len() > MAX_SPACE {
                    return Verdict::Speech;
                }
                match inside.chars().next() {
                    None => Verdict::Unclear,
                    Some('{') => object(inside),
                    Some(_) => self.function(inside),
                }
            }
            Some(_) => self.function(text),
        }
    }

    /// A known name, a bracket, and something that may be an argument.
    fn function(&self, text: &str) -> Verdict {
        let after = text.trim_start_matches(in_name);
        let name = text.strip_suffix(after).unwrap_or_default();
        let Some(inside) = after.strip_prefix('(') else {
            let begun = after.is_empty() && self.0.iter().any(|n| n.starts_with(name));
            return if begun { Verdict::Unclear } else { Verdict::Speech };
        };
        if !self.contains(name) {
            return Verdict::Speech;
        }
        let argument = inside.trim_start();
        if inside.len() - argument.len() > MAX_SPACE {
            return Verdict::Speech;
        }
        let value = argument.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let named = value.len() < argument.len();
        let sign = value.trim_start();
        match sign.chars().next() {
            None if argument.len() <= MAX_ARGUMENT => Verdict::Unclear,
            Some('=') if named => opens(Kind::Function, 0),
            Some(')' | '"' | '\'' | '{' | '[') if !named => opens(Kind::Function, 0),
            _ => Verdict::Speech,
        }
    }
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

fn tag(text: &str) -> Verdict {
    match TAGS.iter().find(|tag| tag.open == text) {
        Some(tag) => opens(Kind::Tag(tag), text.len()),
        None if TAGS.iter().any(|tag| tag.open.starts_with(text)) => Verdict::Unclear,
        None => Verdict::Speech,
    }
}

/// An object by its first key.
fn object(text: &str) -> Verdict {
    let inside = text.strip_prefix('{').unwrap_or(text);
    let key = inside.trim_start();
    if inside.len() - key.len() > MAX_SPACE {
        return Verdict::Speech;
    }
    let Some(quote) = key.chars().next() else { return Verdict::Unclear };
    let Some(key) = key.strip_prefix(['"', '\'']) else { return Verdict::Speech };
    match key.split_once(quote) {
        Some((key, _)) if KEYS.contains(&key) => opens(Kind::Value, 0),
        None if KEYS.iter().any(|known| known.starts_with(key)) => Verdict::Unclear,
        Some(_) | None => Verdict::Speech,
    }
}
