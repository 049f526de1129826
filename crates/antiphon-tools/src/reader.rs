//! Finds tool calls in the text of a model that has no other way to make them.
//!
//! Small local models write calls into their text, in several dialects. This reader takes the
//! text piece by piece, lets speech through at once and byte for byte, and holds back only what
//! may still turn out to be a call: a tag, a JSON object with a telling first key, a known tool's
//! name with a bracket, all of these in a code fence or not. It works character by character, so
//! how the text is cut into pieces makes no difference.
//!
//! It deliberately knows no schema and runs nothing: names and arguments are checked where calls
//! are run.

mod ending;
mod literal;
mod opening;
mod shape;

use std::{collections::BTreeSet, mem};

use ending::Ending;
use opening::{Kind, Names, Opening, Verdict};

/// Longest text of a call in bytes. A model that has not ended by then never will.
const MAX_CALL: usize = 16 * 1024;

/// White space between a call and the end of its fence at most, in bytes.
const MAX_GAP: usize = 64;

/// What a model's text consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// To be spoken.
    Speech(String),
    /// A call, with its arguments as JSON text. It has no id yet.
    Call {
        /// The tool's name as the model wrote it; perhaps not one there is.
        name: String,
        /// JSON text.
        arguments: String,
    },
    /// Meant as a call, but unreadable. Not to be spoken.
    Broken {
        /// What the model wrote, at most 16 KiB.
        text: String,
        /// What is wrong with it, in a sentence for the model.
        why: String,
    },
}

impl Piece {
    /// The same with neighbouring speech in one piece: what a text says, however it was cut.
    pub fn joined(pieces: impl IntoIterator<Item = Self>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for piece in pieces {
            match (all.last_mut(), piece) {
                (Some(Self::Speech(text)), Self::Speech(more)) => text.push_str(&more),
                (_, piece) => all.push(piece),
            }
        }
        all
    }
}

/// Reads one reply.
#[derive(Debug)]
pub struct CallReader {
    names: Names,
    state: State,
    /// The last character that was spoken.
    before: Option<char>,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum State {
    /// Nothing is held back.
    Speech,
    /// This may be the opening of a call.
    Doubt(String),
    /// Inside a call.
    Call(Body),
    /// A call in a code fence has ended; this may be the rest of the fence.
    Fence(String),
    /// A call never ended. The rest of the reply is nothing to be spoken.
    Lost,
}

/// A call as far as it has been read.
#[derive(Debug)]
struct Body {
    /// All of it, fence and tag included.
    raw: String,
    /// Where in `raw` the call proper starts.
    start: usize,
    kind: Kind,
    fenced: bool,
    ending: Ending,
}

impl CallReader {
    /// A reader for a reply that may call the tools `names`.
    #[must_use]
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        let names: BTreeSet<String> = names.into_iter().map(Into::into).collect();
        Self { names: Names(names), state: State::Speech, before: None, pieces: Vec::new() }
    }

    /// Reads the next piece of text; returns what has become certain.
    pub fn push(&mut self, text: &str) -> Vec<Piece> {
        self.feed(text);
        mem::take(&mut self.pieces)
    }

    /// Ends the reply; returns what was held back.
    pub fn finish(mut self) -> Vec<Piece> {
        loop {
            match mem::replace(&mut self.state, State::Speech) {
                State::Speech | State::Lost => return self.pieces,
                State::Doubt(held) => self.release_first(&held),
                State::Call(body) => self.interpret(body),
                // White space, and backticks too few to be spoken.
                State::Fence(_) => {}
            }
        }
    }

    fn feed(&mut self, text: &str) {
        text.chars().for_each(|c| self.step(c));
    }

    fn step(&mut self, c: char) {
        match &mut self.state {
            State::Speech if self.names.may_open(c, self.before) => {
                self.state = State::Doubt(c.into());
            }
            State::Speech => self.speak(c),
            State::Doubt(held) => {
                held.push(c);
                match self.names.judge(held) {
                    Verdict::Unclear => {}
                    Verdict::Speech => {
                        let held = mem::take(held);
                        self.state = State::Speech;
                        self.release_first(&held);
                    }
                    Verdict::Opens(opening) => {
                        let held = mem::take(held);
                        self.open(held, opening);
                    }
                }
            }
            State::Call(body) => {
                body.raw.push(c);
                if body.ending.is_at(c) {
                    self.close();
                } else if body.raw.len() > MAX_CALL {
                    let text = mem::take(&mut body.raw);
                    self.state = State::Lost;
                    self.broken(text, "it did not end within 16 KiB");
                }
            }
            State::Fence(held) => {
                held.push(c);
                let rest = held.trim_start();
                if rest == "```" {
                    self.state = State::Speech;
                } else if !"```".starts_with(rest) || held.len() > MAX_GAP {
                    let held = mem::take(held);
                    self.state = State::Speech;
                    self.feed(&held);
                }
            }
            State::Lost => {}
        }
    }

    /// The first character of what was held is speech; the rest may be an opening of its own.
    fn release_first(&mut self, held: &str) {
        let mut rest = held.chars();
        if let Some(first) = rest.next() {
            self.speak(first);
        }
        self.feed(rest.as_str());
    }

    fn speak(&mut self, c: char) {
        self.before = Some(c);
        match self.pieces.last_mut() {
            Some(Piece::Speech(text)) => text.push(c),
            Some(Piece::Call { .. } | Piece::Broken { .. }) | None => {
                self.pieces.push(Piece::Speech(c.into()));
            }
        }
    }

    fn open(&mut self, raw: String, Opening { kind, start, fenced }: Opening) {
        let mut body = Body { ending: Ending::of(kind), raw: String::new(), start, kind, fenced };
        let (before, inside) = raw.split_at_checked(start).unwrap_or((&raw, ""));
        body.raw.push_str(before);
        self.state = State::Call(body);
        self.feed(inside);
    }

    /// The call has ended.
    fn close(&mut self) {
        if let State::Call(body) = mem::replace(&mut self.state, State::Speech) {
            self.interpret(body);
        }
    }

    fn interpret(&mut self, body: Body) {
        let inside = body.raw.get(body.start..).unwrap_or_default();
        let (inside, tagged) = match body.kind {
            Kind::Tag(tag) => (inside.strip_suffix(tag.close).unwrap_or(inside), true),
            Kind::Value | Kind::Function => (inside, false),
        };
        // What only lacks its closing brackets is whole.
        let calls = ending::completed(inside)
            .ok_or("it is cut off in the middle of a text")
            .and_then(|text| shape::calls(&text, &self.names, tagged));
        match calls {
            Ok(None) => return body.raw.chars().for_each(|c| self.speak(c)),
            Ok(Some(calls)) => {
                let calls = calls.into_iter().map(|c| Piece::Call { name: c.0, arguments: c.1 });
                self.pieces.extend(calls);
                self.before = None;
            }
            Err(why) => self.broken(body.raw, why),
        }
        if body.fenced {
            self.state = State::Fence(String::new());
        }
    }

    fn broken(&mut self, text: String, why: &str) {
        let why = format!(
            "This was read as a tool call, but {why}. Write \
             {{\"name\": \"..\", \"arguments\": {{..}}}} and nothing else, or answer in words."
        );
        self.before = None;
        self.pieces.push(Piece::Broken { text, why });
    }
}
