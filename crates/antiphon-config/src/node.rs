//! The tree every layer is turned into: plain values that remember where they come from. Knows
//! neither YAML nor what an agent is.
//!
//! Nodes may hold secrets, so none of these types can be formatted.

use crate::origin::{KeyPath, Origin};

/// A value and its origin.
#[derive(Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
    /// Characters it takes on its first line, to underline it; 0 if unknown.
    pub(crate) width: usize,
}

/// What a node holds.
#[derive(Clone, PartialEq)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the file; keys are unique.
    Map(Vec<Entry>),
    /// Taken out after it was reported, keeping the positions of its neighbours.
    Gone,
}

/// The text of a scalar. What a plain one means is decided by who reads it, so that `1.10` is
/// still `1.10` where text is wanted.
#[derive(Clone, PartialEq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes.
    pub(crate) plain: bool,
}

/// A key with its value.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

/// How much a node is, with all that is in it.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extent {
    /// Values, itself included.
    pub(crate) nodes: usize,
    /// Bytes of keys and scalars.
    pub(crate) bytes: usize,
    /// Levels of lists and mappings.
    pub(crate) depth: usize,
}

impl Extent {
    fn hold(&mut self, node: &Node) {
        let below = node.extent();
        self.nodes += below.nodes;
        self.bytes += below.bytes;
        self.depth = self.depth.max(below.depth + 1);
    }
}

impl Node {
    pub(crate) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin, width: 0 }
    }

    pub(crate) fn quoted(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Value::Scalar(Scalar { text: text.into(), plain: false }), origin)
    }

    pub(crate) fn plain(text: impl Into<String>, origin: Origin) -> Self {
        Self::new(Value::Scalar(Scalar { text: text.into(), plain: true }), origin)
    }

    /// Says that all of it comes from `origin`.
    pub(crate) fn stamp(&mut self, origin: &Origin) {
        self.origin = origin.clone();
        self.width = 0;
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.stamp(origin)),
            Value::Map(entries) => {
                for entry in entries {
                    entry.origin = origin.clone();
                    entry.node.stamp(origin);
                }
            }
            Value::Scalar(_) | Value::Gone => {}
        }
    }

    /// How much it is.
    pub(crate) fn extent(&self) -> Extent {
        let mut sum = Extent { nodes: 1, bytes: 0, depth: 0 };
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| sum.hold(item)),
            Value::Map(entries) => {
                for entry in entries {
                    sum.bytes += entry.key.len();
                    sum.hold(&entry.node);
                }
            }
            Value::Scalar(scalar) => sum.bytes = scalar.text.len(),
            Value::Gone => {}
        }
        sum
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if crate::scalar::is_null(s))
    }

    pub(crate) fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// Lays `upper` over this: mappings are merged, everything else is replaced. A key without a
    /// value leaves a mapping below as it is.
    pub(crate) fn overlay(&mut self, upper: Self) {
        match (&mut self.value, upper.value) {
            (Value::Map(below), Value::Map(above)) => {
                self.origin = upper.origin;
                let known = below.len();
                for entry in above {
                    let same = below.iter_mut().take(known).find(|b| b.key == entry.key);
                    match same {
                        Some(lower) => {
                            lower.origin = entry.origin;
                            lower.node.overlay(entry.node);
                        }
                        None => below.push(entry),
                    }
                }
            }
            (Value::Map(_), Value::Scalar(s)) if crate::scalar::is_null(&s) => {}
            (_, value) => *self = Self { value, ..upper },
        }
    }

    /// Puts `node` at `path`, making mappings on the way; `false` if the path leads past the end
    /// of a list.
    pub(crate) fn set(&mut self, path: &[String], node: Self) -> bool {
        let Some((key, rest)) = path.split_first() else {
            self.overlay(node);
            return true;
        };
        if let Value::List(items) = &mut self.value {
            let item = key.parse().ok().and_then(|i: usize| items.get_mut(i));
            return item.is_some_and(|item| item.set(rest, node));
        }
        if !self.is_mapping() {
            *self = Self::new(Value::Map(Vec::new()), node.origin.clone());
        }
        let Value::Map(entries) = &mut self.value else { return false };
        let at = entries.iter().position(|e| e.key == *key).unwrap_or(entries.len());
        if at == entries.len() {
            let origin = node.origin.clone();
            let empty = Self::plain("", origin.clone());
            entries.push(Entry { key: key.clone(), origin, node: empty });
        }
        let Some(entry) = entries.get_mut(at) else { return false };
        entry.origin = node.origin.clone();
        entry.node.set(rest, node)
    }

    /// The node at `path`.
    pub(crate) fn get(&self, path: &[String]) -> Option<&Self> {
        let Some((key, rest)) = path.split_first() else { return Some(self) };
        match &self.value {
            Value::Map(entries) => entries.iter().find(|e| e.key == *key)?.node.get(rest),
            Value::List(items) => items.get(key.parse::<usize>().ok()?)?.get(rest),
            Value::Scalar(_) | Value::Gone => None,
        }
    }

    /// Where the key that ends `path` stands, and how long it is.
    pub(crate) fn key_at(&self, path: &[String]) -> Option<(&Origin, usize)> {
        let (last, above) = path.split_last()?;
        let Value::Map(entries) = &self.get(above)?.value else { return None };
        let entry = entries.iter().find(|e| e.key == *last)?;
        Some((&entry.origin, entry.key.chars().count()))
    }

    /// Takes the node at `path` out; `false` if there is none.
    pub(crate) fn take_out(&mut self, path: &[String]) -> bool {
        let Some((key, rest)) = path.split_first() else {
            let was_there = !matches!(self.value, Value::Gone);
            self.value = Value::Gone;
            return was_there;
        };
        let below = match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|e| e.key == *key).map(|e| &mut e.node),
            Value::List(items) => key.parse().ok().and_then(|i: usize| items.get_mut(i)),
            Value::Scalar(_) | Value::Gone => None,
        };
        below.is_some_and(|node| node.take_out(rest))
    }

    /// Calls `visit` with every scalar, empty list and empty mapping.
    pub(crate) fn leaves<'a>(&'a self, path: &KeyPath, visit: &mut dyn FnMut(&KeyPath, &'a Self)) {
        match &self.value {
            Value::List(items) if !items.is_empty() => {
                for (i, item) in items.iter().enumerate() {
                    item.leaves(&path.child(i), visit);
                }
            }
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    entry.node.leaves(&path.child(&entry.key), visit);
                }
            }
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Gone => visit(path, self),
        }
    }
}
