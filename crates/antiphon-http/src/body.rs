//! The body of a request: the arguments, or a mapping with places for them.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::template::{Piece, pieces, scalar};

/// What is sent.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// Nothing: what the address does not use goes into its query.
    None,
    /// What the address does not use, as an object.
    Rest,
    /// A mapping.
    Mapped(Node),
}

/// JSON with places for arguments.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    Plain(Value),
    /// An argument as it is; left out with its key if the call has none.
    Argument(String),
    Text(Vec<Piece>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Node {
    pub(crate) fn read(value: &Value, known: &BTreeSet<&str>) -> Self {
        match value {
            Value::String(text) => {
                let found = pieces(text, known);
                let empty = |piece: &Piece| matches!(piece, Piece::Text(t) if t.is_empty());
                match found.as_slice() {
                    [Piece::Text(_)] => Self::Plain(value.clone()),
                    [before, Piece::Name(name), after] if empty(before) && empty(after) => {
                        Self::Argument(name.clone())
                    }
                    _ => Self::Text(found),
                }
            }
            Value::Array(items) => Self::List(items.iter().map(|i| Self::read(i, known)).collect()),
            Value::Object(fields) => {
                let read =
                    |(key, value): (&String, &Value)| (key.clone(), Self::read(value, known));
                Self::Map(fields.iter().map(read).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Plain(value.clone()),
        }
    }

    /// The value for one call; `None` where an argument is missing.
    ///
    /// # Errors
    /// Words for the model.
    pub(crate) fn fill(&self, arguments: &Map<String, Value>) -> Result<Option<Value>, String> {
        Ok(Some(match self {
            Self::Plain(value) => value.clone(),
            Self::Argument(name) => return Ok(arguments.get(name).cloned()),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Text(plain) => text.push_str(plain),
                        Piece::Name(name) => {
                            let value = arguments.get(name).unwrap_or(&Value::Null);
                            text.push_str(&scalar(name, value)?);
                        }
                    }
                }
                text.into()
            }
            Self::List(items) => {
                let mut list = Vec::new();
                for item in items {
                    list.extend(item.fill(arguments)?);
                }
                list.into()
            }
            Self::Map(fields) => {
                let mut map = Map::new();
                for (key, node) in fields {
                    if let Some(value) = node.fill(arguments)? {
                        map.insert(key.clone(), value);
                    }
                }
                map.into()
            }
        }))
    }
}
