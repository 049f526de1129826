//! From bytes to the tree: YAML 1.2 without tags, within limits. Knows no fields.
//!
//! What a hostile file could grow is bounded: its size, its depth, and the nodes it makes when its
//! aliases are written out.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, Span};

use crate::{
    error::{Fault, MAX_PROBLEMS, Problem},
    node::{Entry, Extent, Node, Scalar, Value},
    origin::Origin,
    suggest::clip,
};

/// Longest file, in bytes. Whole handbooks fit into instructions of this size.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Deepest nesting. The deepest setting, a schema of a tool's parameters, needs about 15.
pub(crate) const MAX_DEPTH: usize = 64;

/// Most values, aliases written out.
const MAX_NODES: usize = 10_000;

/// Most bytes that aliases may repeat.
const MAX_REPEATED: usize = MAX_BYTES;

/// Reads one document; an empty one is an empty mapping. `file` is its name in messages.
///
/// # Errors
/// Every duplicate key and tag there is, or the first error of syntax.
pub(crate) fn parse(file: &str, bytes: &[u8]) -> Result<Node, Vec<Problem>> {
    let text = text(file, bytes)?;
    let mut builder = Builder { file, text, ..Builder::default() };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => builder.take(event, span),
            Err(error) => builder.stop(builder.syntax(&error)),
        };
        if step.is_break() || builder.problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if !builder.problems.is_empty() {
        return Err(builder.problems);
    }
    let empty = || Node::new(Value::Map(Vec::new()), Origin::File { line: 1, column: 1 });
    Ok(builder.root.filter(|root| !root.is_null()).unwrap_or_else(empty))
}

/// The bytes as text, without a byte order mark.
fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Vec<Problem>> {
    if bytes.len() > MAX_BYTES {
        let what = format!("{} bytes are too many; {MAX_BYTES} is the end", bytes.len());
        return Err(vec![Problem::general(file, what)]);
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|b| **b == b'\n').count();
        let problem = Problem::general(file, format!("line {line} is not UTF-8"));
        vec![problem.with_help("save the file in the encoding UTF-8")]
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

#[derive(Default)]
struct Builder<'a> {
    file: &'a str,
    text: &'a str,
    open: Vec<Open>,
    root: Option<Node>,
    anchors: BTreeMap<usize, Node>,
    nodes: usize,
    repeated: usize,
    documents: usize,
    problems: Vec<Problem>,
}

/// A collection whose end has not come.
struct Open {
    origin: Origin,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: BTreeSet<String>, key: Option<Key> },
}

/// A key whose value has not come.
struct Key {
    text: String,
    origin: Origin,
    repeated: bool,
}

impl Builder<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser may report more than content")]
    fn take(&mut self, event: Event<'_>, span: Span) -> ControlFlow<()> {
        let origin = origin(&span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                let plain = style == ScalarStyle::Plain;
                let value = Value::Scalar(Scalar { text: text.into_owned(), plain });
                let node = Node { value, origin, width: width(self.text, &span) };
                self.finish(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                self.open(origin, anchor, Content::List(Vec::new()))
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_tag(tag.is_some(), &span);
                let (entries, seen) = (Vec::new(), BTreeSet::new());
                self.open(origin, anchor, Content::Map { entries, seen, key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(open) = self.open.pop() else { return ControlFlow::Continue(()) };
                let value = match open.content {
                    Content::List(items) => Value::List(items),
                    Content::Map { entries, .. } => Value::Map(entries),
                };
                self.finish(Node::new(value, open.origin), open.anchor)
            }
            Event::Alias(id) => {
                let Some(node) = self.anchors.get(&id).cloned() else {
                    return self.stop(self.problem(&origin, "an alias of what it stands in"));
                };
                let extent = node.extent();
                if self.open.len() + extent.depth > MAX_DEPTH {
                    return self.stop(self.too_deep(&origin));
                }
                self.repeat(extent);
                self.finish(Node { origin, ..node }, 0)
            }
            Event::DocumentStart(..) if self.documents > 0 => {
                let problem = self.problem(&origin, "a second document begins here");
                self.stop(problem.with_help("one file holds one agent: remove `---` and the rest"))
            }
            Event::DocumentStart(..) => {
                self.documents += 1;
                ControlFlow::Continue(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Reports `problem` and ends the reading.
    fn stop(&mut self, problem: Problem) -> ControlFlow<()> {
        self.problems.push(problem);
        ControlFlow::Break(())
    }

    fn open(&mut self, origin: Origin, anchor: usize, content: Content) -> ControlFlow<()> {
        if self.open.len() == MAX_DEPTH {
            return self.stop(self.too_deep(&origin));
        }
        self.open.push(Open { origin, anchor, content });
        ControlFlow::Continue(())
    }

    fn too_deep(&self, origin: &Origin) -> Problem {
        self.problem(origin, format!("nested deeper than {MAX_DEPTH} levels"))
    }

    fn repeat(&mut self, extent: Extent) {
        self.nodes += extent.nodes;
        self.repeated += extent.bytes;
    }

    /// A node is complete: it becomes an item, a key, a value or the root.
    fn finish(&mut self, node: Node, anchor: usize) -> ControlFlow<()> {
        self.nodes += 1;
        if anchor != 0 {
            self.repeat(node.extent());
        }
        if self.nodes > MAX_NODES {
            return self.stop(self.problem(&node.origin, format!("more than {MAX_NODES} values")));
        }
        if self.repeated > MAX_REPEATED {
            let what = format!("aliases repeat more than {MAX_REPEATED} bytes");
            return self.stop(self.problem(&node.origin, what));
        }
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, key, .. }) if key.is_some() => {
                if let Some(Key { text, origin, repeated: false }) = key.take() {
                    entries.push(Entry { key: text, origin, node });
                }
            }
            Some(Content::Map { seen, key, .. }) => {
                let Value::Scalar(scalar) = node.value else {
                    return self.stop(self.problem(&node.origin, "a key must be text"));
                };
                let repeated = !seen.insert(scalar.text.clone());
                let (text, origin) = (scalar.text, node.origin);
                let twice =
                    repeated.then(|| (format!("`{}` is here twice", clip(&text)), origin.clone()));
                *key = Some(Key { text, origin, repeated });
                if let Some((what, origin)) = twice {
                    self.problems.push(self.wide_problem(&origin, node.width, what));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn refuse_tag(&mut self, tagged: bool, span: &Span) {
        if tagged {
            let span = span.tag_span().unwrap_or(*span);
            let what = "tags (`!name`) mean nothing here";
            let problem = self.wide_problem(&origin(&span), width(self.text, &span), what);
            self.problems.push(problem.with_help("remove the tag; quote what must be text"));
        }
    }

    fn problem(&self, origin: &Origin, message: impl Into<String>) -> Problem {
        self.wide_problem(origin, 1, message)
    }

    fn wide_problem(&self, origin: &Origin, width: usize, message: impl Into<String>) -> Problem {
        Problem::at(self.file, self.text, origin, width, Fault::new(Vec::new(), message))
    }

    fn syntax(&self, error: &ScanError) -> Problem {
        let at = error.marker();
        let origin = Origin::File { line: at.line().max(1), column: at.col() + 1 };
        let problem = self.problem(&origin, format!("this is not YAML: {}", error.kind()));
        let line = self.text.lines().nth(at.line().saturating_sub(1)).unwrap_or_default();
        if line.trim_start_matches(' ').starts_with('\t') {
            return problem.with_help("indent with spaces: YAML has no tabs there");
        }
        if matches!(error.kind(), ErrorKind::MappingValueNotAllowed) {
            return problem.with_help("text with `: ` in it must be quoted");
        }
        problem
    }
}

fn origin(span: &Span) -> Origin {
    Origin::File { line: span.start.line().max(1), column: span.start.col() + 1 }
}

/// Characters of the first line of what `span` covers.
fn width(text: &str, span: &Span) -> usize {
    let first = span.slice(text).and_then(|slice| slice.lines().next()).unwrap_or_default();
    first.trim_end().chars().count()
}
