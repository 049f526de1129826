//! The effective values as YAML, each with its origin, secrets hidden. The output can be read
//! again; only hidden secrets are lost.

use std::fmt::Write as _;

use crate::{
    effective::Effective,
    node::{Node, Scalar, Value},
    origin::{KeyPath, Origin},
    scalar::{Meaning, meaning},
    secret::{HIDDEN, Secret, speaks_of_a_secret},
};

/// One value with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaf {
    /// The setting, written with dots.
    pub path: String,
    /// The value as YAML; a secret is hidden, or shown as its reference.
    pub value: String,
    /// Which layer gave it.
    pub origin: Origin,
}

impl Effective {
    /// The effective values as YAML, each line with its origin.
    #[must_use]
    pub fn show(&self) -> String {
        let mut out = String::new();
        self.write(&self.tree, &KeyPath::default(), "", &mut out);
        out
    }

    /// Every value with its origin, in the order of [`show`](Self::show).
    #[must_use]
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.tree.leaves(&KeyPath::default(), &mut |path, node| {
            let (path_text, origin) = (path.to_string(), node.origin.clone());
            leaves.push(Leaf { path: path_text, value: self.inline(path, node), origin });
        });
        leaves
    }

    fn write(&self, node: &Node, path: &KeyPath, indent: &str, out: &mut String) {
        let below = format!("{indent}  ");
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    let path = path.child(&entry.key);
                    let _ = write!(out, "{indent}{}:", text(&entry.key, false));
                    self.write_value(&entry.node, &path, &below, out);
                }
            }
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    let _ = write!(out, "{indent}-");
                    self.write_value(item, &path.child(i), &below, out);
                }
            }
            Value::Scalar(_) | Value::Gone => {}
        }
    }

    /// What follows a colon or a dash, to the end of the line or of the block.
    fn write_value(&self, node: &Node, path: &KeyPath, indent: &str, out: &mut String) {
        let origin = match &node.origin {
            Origin::File { line, column } => {
                format!("{}:{line}:{column}", self.path().display()).replace(char::is_control, "?")
            }
            Origin::Default | Origin::DotEnv(_) | Origin::Env(_) | Origin::CommandLine => {
                node.origin.to_string()
            }
        };
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                out.push('\n');
                self.write(node, path, indent, out);
            }
            Value::List(items) if !items.is_empty() => {
                out.push('\n');
                self.write(node, path, indent, out);
            }
            Value::Scalar(s) if is_block(s) && !self.is_hidden(path, &s.text) => {
                let keep = if s.text.ends_with('\n') { "" } else { "-" };
                let _ = writeln!(out, " |{keep} # {origin}");
                for line in s.text.lines() {
                    let indent = if line.is_empty() { "" } else { indent };
                    let _ = writeln!(out, "{indent}{line}");
                }
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Gone => {
                let _ = writeln!(out, " {} # {origin}", self.inline(path, node));
            }
        }
    }

    /// A leaf on one line.
    fn inline(&self, path: &KeyPath, node: &Node) -> String {
        match &node.value {
            Value::Scalar(s) if self.is_hidden(path, &s.text) => text(HIDDEN, false),
            Value::Scalar(s) => text(&s.text, s.plain),
            Value::List(_) => "[]".to_owned(),
            Value::Map(_) => "{}".to_owned(),
            Value::Gone => "null".to_owned(),
        }
    }

    /// Whether `written` at `path` is or may be a secret. References may be shown.
    fn is_hidden(&self, path: &KeyPath, written: &str) -> bool {
        let named = path.0.last().is_some_and(|key| speaks_of_a_secret(key));
        let is_text = matches!(text_meaning(written), Meaning::Text(_));
        let secret = self.secrets.contains(path) || named && is_text;
        secret && Secret::parse(written).map_or(true, |s| s.shown() == HIDDEN || written.is_empty())
    }
}

fn text_meaning(text: &str) -> Meaning<'_> {
    match text.parse::<f64>() {
        Ok(number) => Meaning::Float(number),
        Err(_) => Meaning::Text(text),
    }
}

/// Several lines that a literal block can hold as they are.
fn is_block(scalar: &Scalar) -> bool {
    let text = &scalar.text;
    let lines = || text.lines();
    let clean = |c: char| c == '\n' || (!c.is_control() && !"\u{2028}\u{2029}\u{feff}".contains(c));
    text.contains('\n')
        && text.chars().all(clean)
        && !text.starts_with([' ', '\n'])
        && !text.ends_with("\n\n")
        && lines().all(|line| line.trim_end() == line)
}

/// A scalar on one line: as it is if it then keeps its meaning, else in double quotes.
fn text(text: &str, plain: bool) -> String {
    let scalar = Scalar { text: text.to_owned(), plain: true };
    let is_text = matches!(meaning(&scalar), Meaning::Text(_));
    let harmless = |c: char| c.is_alphanumeric() || " _-./+".contains(c);
    let safe = text.starts_with(char::is_alphanumeric)
        && text.chars().all(harmless)
        && text.trim_end() == text;
    if plain && !is_text || is_text && safe {
        return text.to_owned();
    }
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() || "\u{2028}\u{2029}\u{feff}".contains(c) => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
