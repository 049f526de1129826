//! Rust source as the rules see it: code without comments and literals, tests marked.
//!
//! It deliberately is no parser: it knows where comments, literals and blocks end, nothing else.

use crate::tree::{TextFile, Tree};

/// One Rust file.
#[derive(Clone, Debug)]
pub struct Source {
    /// Relative to the root.
    pub path: String,
    /// The crate it belongs to: the folder under `crates/`, or `xtask`.
    pub krate: String,
    /// Its lines in order.
    pub lines: Vec<Line>,
}

/// One line of a Rust file.
#[derive(Clone, Debug)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// As written.
    pub text: String,
    /// With comments and literals blanked.
    pub code: String,
    /// Whether it is compiled for tests only.
    pub test: bool,
}

impl Source {
    /// Every Rust file of the tree.
    #[must_use]
    pub fn all(tree: &Tree) -> Vec<Self> {
        tree.ending(".rs").map(Self::new).collect()
    }

    /// Reads one file.
    #[must_use]
    pub fn new(file: &TextFile) -> Self {
        let code = blank(&file.text);
        let all_test = is_test_file(&file.path) || code.contains("#![cfg(test)]");
        let blocks = test_blocks(&code);
        let lines = file.lines().zip(code.lines()).map(|((number, text), code)| {
            let test = all_test || blocks.iter().any(|b| b.contains(&number));
            Line { number, text: text.to_owned(), code: code.to_owned(), test }
        });
        let mut folders = file.path.split('/');
        let krate = match folders.next() {
            Some("crates") => folders.next(),
            first => first,
        };
        let krate = krate.unwrap_or_default().to_owned();
        Self { path: file.path.clone(), krate, lines: lines.collect() }
    }

    /// The lines that are not compiled for tests only.
    pub fn product(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.test)
    }

    /// First line and length of each block of tests that stands inside a file of the product.
    #[must_use]
    pub fn inline_tests(&self) -> Vec<(usize, usize)> {
        let mut blocks: Vec<(usize, usize)> = Vec::new();
        for line in self.lines.iter().filter(|line| line.test && !is_test_file(&self.path)) {
            match blocks.last_mut() {
                Some((first, length)) if *first + *length == line.number => *length += 1,
                _ => blocks.push((line.number, 1)),
            }
        }
        blocks
    }

    /// The names of its test functions.
    #[must_use]
    pub fn tests(&self) -> Vec<&str> {
        let mut names = Vec::new();
        let mut marked = false;
        for line in &self.lines {
            let code = line.code.trim();
            marked |= code.starts_with("#[") && (code.contains("test]") || code.contains("test("));
            if let Some(name) = function_name(code) {
                if marked {
                    names.push(name);
                }
                marked = false;
            }
        }
        names
    }
}

/// Whether `code` contains `token` as words of its own, not as a part of longer ones.
#[must_use]
pub fn mentions(code: &str, token: &str) -> bool {
    code.match_indices(token).any(|(at, _)| {
        let before = code.get(..at).and_then(|s| s.chars().next_back());
        let after = code.get(at + token.len()..).and_then(|s| s.chars().next());
        let starts_word = token.starts_with(in_word);
        let ends_word = token.ends_with(in_word);
        !(starts_word && before.is_some_and(in_word) || ends_word && after.is_some_and(in_word))
    })
}

/// `text` with every comment and literal replaced by spaces; lines stay where they are.
#[must_use]
pub fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let inside_word = code.ends_with(in_word);
        let hidden = opaque_len(rest, inside_word);
        let (piece, after) = rest.split_at(hidden.max(first.len_utf8()));
        if hidden == 0 {
            code.push(first);
        } else {
            code.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = after;
    }
    code
}

/// Bytes of the comment or literal that `rest` starts with; 0 if it starts with neither.
fn opaque_len(rest: &str, inside_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_len(rest);
    }
    let body = if inside_word { rest } else { rest.trim_start_matches(['b', 'c', 'r']) };
    let prefix = rest.len() - body.len();
    let raw = rest.get(..prefix).is_some_and(|p| p.ends_with('r'));
    let len = match body.chars().next() {
        Some('"' | '#') if raw => raw_string_len(body),
        Some('"') => quoted_len(body),
        Some('\'') => char_len(body),
        _ => 0,
    };
    if len == 0 { 0 } else { prefix + len }
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in text.char_indices() {
        let here = text.get(at..).unwrap_or_default();
        if here.starts_with("/*") {
            depth += 1;
        } else if here.starts_with("*/") {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + 2;
            }
        }
    }
    text.len()
}

fn raw_string_len(text: &str) -> usize {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let end = format!("\"{}", "#".repeat(hashes));
    let Some(body) = text.trim_start_matches('#').strip_prefix('"') else { return 0 };
    body.find(&end).map_or(text.len(), |at| hashes + 1 + at + end.len())
}

fn quoted_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character literal; a lifetime counts as code.
fn char_len(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            let end = chars.skip(1).find(|&(_, c)| c == '\'');
            end.map_or(0, |(at, _)| at + 1)
        }
        Some(_) => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// The line ranges of items marked `#[cfg(test)]`, counted from 1.
fn test_blocks(code: &str) -> Vec<std::ops::RangeInclusive<usize>> {
    let marks = ["#[cfg(test)]", "#[cfg(all(test,"];
    let starts = marks.iter().flat_map(|mark| code.match_indices(mark).map(|(at, _)| at));
    let line_of = |at: usize| 1 + code.get(..at).unwrap_or_default().matches('\n').count();
    starts
        .map(|at| line_of(at)..=line_of(at + item_len(code.get(at..).unwrap_or_default())))
        .collect()
}

/// Bytes up to the end of the item that `code` starts with, attributes included.
fn item_len(code: &str) -> usize {
    let mut depth = 0_i32;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(c, ';' | '}') {
            return at;
        }
    }
    code.len()
}

fn function_name(code: &str) -> Option<&str> {
    let (before, after) = code.split_once("fn ")?;
    let name = after.split(|c| !in_word(c)).next()?;
    (!before.ends_with(in_word) && !name.is_empty()).then_some(name)
}

fn is_test_file(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    parts.next().is_some_and(|file| file == "tests.rs")
        || parts.any(|p| matches!(p, "tests" | "benches"))
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}
