//! Text with `{name}` in it, filled in from the arguments of a call.
//!
//! It deliberately knows which names there are only from its caller.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// All but the unreserved characters (RFC 3986, section 2.3): what is filled in can neither end
/// a segment nor begin a query.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const NO_ADDRESS: &str = "is no address of the web: write it as https://host/path";

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Name(String),
}

/// Cuts `text` at `{name}` for every name in `known`; other braces are text.
pub(crate) fn pieces(text: &str, known: &BTreeSet<&str>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        match after.split_once('}') {
            Some((name, behind)) if known.contains(name) => {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Name(name.to_owned()));
                rest = behind;
            }
            Some(_) | None => {
                plain.push('{');
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    pieces.push(Piece::Text(plain));
    pieces
}

/// An address whose path and query are filled in.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// Scheme, host and port.
    origin: String,
    path: Vec<Piece>,
    /// One entry for each pair of the query.
    query: Vec<Vec<Piece>>,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(url: &str, known: &BTreeSet<&str>) -> Result<Self, String> {
        let (scheme, behind) = url.split_once("://").ok_or(NO_ADDRESS)?;
        let host = behind.find(['/', '\\', '?', '#']).unwrap_or(behind.len());
        let (origin, target) = url.split_at(scheme.len() + "://".len() + host);
        if origin.contains(['{', '}']) {
            return Err("lets the model choose the host: write the host out".to_owned());
        }
        let parsed = reqwest::Url::parse(url).map_err(|e| format!("is no address: {e}"))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(NO_ADDRESS.to_owned());
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("holds a password: put it into a header".to_owned());
        }
        let target = target.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let address = Self {
            origin: origin.to_owned(),
            path: pieces(path, known),
            query: pairs.map(|pair| pieces(pair, known)).collect(),
        };
        match address.unknown() {
            Some(name) => Err(format!("asks for `{{{name}}}`, which is not one of the parameters")),
            None => Ok(address),
        }
    }

    /// A name in braces that was not known.
    fn unknown(&self) -> Option<&str> {
        let texts = self.all().filter_map(|piece| match piece {
            Piece::Text(text) => text.split_once('{')?.1.split_once('}'),
            Piece::Name(_) => None,
        });
        texts.map(|(name, _)| name).next()
    }

    fn all(&self) -> impl Iterator<Item = &Piece> {
        self.path.iter().chain(self.query.iter().flatten())
    }

    /// The parameters it uses.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.all().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The address without anything filled in or asked for: what errors may show.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The address of one call. Pairs of the query whose arguments are missing are left out;
    /// `more` is added as pairs of its own.
    ///
    /// # Errors
    /// Words for the model.
    pub(crate) fn fill(
        &self,
        arguments: &Map<String, Value>,
        more: &[(&str, &Value)],
    ) -> Result<String, String> {
        let path = filled(&self.path, arguments)?;
        let missing = |name: &String| format!("The argument {name:?} is needed.");
        let path = path.map_err(|name| missing(&name))?;
        if path.split('/').any(is_dots) {
            return Err("An argument must not be \".\" or \"..\".".to_owned());
        }
        let mut pairs = Vec::new();
        for pair in &self.query {
            pairs.extend(filled(pair, arguments)?.ok());
        }
        for (name, value) in more {
            pairs.push(format!("{}={}", escaped(name), escaped(&scalar(name, value)?)));
        }
        let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        Ok(format!("{}{path}{query}", self.origin))
    }
}

/// Whether an address would take `segment` for a step in the tree.
fn is_dots(segment: &str) -> bool {
    matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

/// The text, or the name that has no value.
///
/// # Errors
/// Words for the model.
fn filled(
    pieces: &[Piece],
    arguments: &Map<String, Value>,
) -> Result<Result<String, String>, String> {
    let mut out = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Name(name) => match arguments.get(name) {
                None | Some(Value::Null) => return Ok(Err(name.clone())),
                Some(value) => out.push_str(&escaped(&scalar(name, value)?)),
            },
        }
    }
    Ok(Ok(out))
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A value as text. Lists are joined by commas.
///
/// # Errors
/// Words for the model.
pub(crate) fn scalar(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Bool(b) => Ok(b.to_string()),
        Value::Number(n) => Ok(n.to_string()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(items) => {
            let items: Result<Vec<_>, _> = items.iter().map(|item| scalar(name, item)).collect();
            Ok(items?.join(","))
        }
        Value::Object(_) => Err(format!("The argument {name:?} must be text or a number.")),
    }
}
