//! Values and calls as Python writes them, and JSON that is not quite: single quotes, `True`,
//! bare keys, a comma too many.

use serde_json::{Map, Number, Value};

/// A name, and arguments as JSON text.
pub(super) type Call = (String, String);

/// Deepest nesting.
const MAX_DEPTH: usize = 32;

type Read<T> = Result<T, &'static str>;

/// Values one after another, with or without commas.
pub(super) fn values(text: &str) -> Read<Vec<Value>> {
    let mut reader = Reader { rest: text, depth: 0 };
    let mut values = Vec::new();
    while !reader.at_end() {
        values.push(reader.value()?);
        reader.skip(',');
    }
    Ok(values)
}

/// `name(key=value, ..)`, or several of these in square brackets.
pub(super) fn functions(text: &str) -> Read<Vec<Call>> {
    let mut reader = Reader { rest: text, depth: 0 };
    let list = reader.skip('[');
    let mut calls = vec![reader.function()?];
    while reader.skip(',') && list {
        calls.push(reader.function()?);
    }
    if list && !reader.skip(']') {
        return Err("a `]` is missing");
    }
    if reader.at_end() { Ok(calls) } else { Err("something follows after it") }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn at_end(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.is_empty()
    }

    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn skip(&mut self, c: char) -> bool {
        self.rest = self.rest.trim_start();
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn take_while(&mut self, matching: impl Fn(char) -> bool) -> &'a str {
        let after = self.rest.trim_start_matches(matching);
        let taken = self.rest.strip_suffix(after).unwrap_or_default();
        self.rest = after;
        taken
    }

    fn word(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-')
    }

    fn function(&mut self) -> Read<Call> {
        let name = self.word().to_owned();
        if name.is_empty() || !self.skip('(') {
            return Err("it is neither JSON nor a function call");
        }
        let arguments = self.fields(')', '=')?;
        Ok((name, Value::Object(arguments).to_string()))
    }

    fn value(&mut self) -> Read<Value> {
        if self.depth >= MAX_DEPTH {
            return Err("it is nested too deeply");
        }
        self.depth += 1;
        let value = match self.peek() {
            Some('{') => {
                self.skip('{');
                self.fields('}', ':').map(Value::Object)
            }
            Some('[') => self.items('[', ']'),
            Some('(') => self.items('(', ')'),
            Some('"' | '\'') => self.text().map(Value::String),
            Some(c) if c.is_ascii_digit() || c == '-' || c == '+' || c == '.' => self.number(),
            Some(_) => self.keyword(),
            None => Err("a value is missing"),
        };
        self.depth -= 1;
        value
    }

    /// `key: value` or `key=value`, up to `close`.
    fn fields(&mut self, close: char, between: char) -> Read<Map<String, Value>> {
        let mut fields = Map::new();
        while !self.skip(close) {
            let key = match self.peek() {
                Some('"' | '\'') => self.text()?,
                Some(_) | None => self.word().to_owned(),
            };
            if key.is_empty() || !self.skip(between) {
                return Err("an argument has no name");
            }
            fields.insert(key, self.value()?);
            if !self.skip(',') && self.peek() != Some(close) {
                return Err("a comma or a closing bracket is missing");
            }
        }
        Ok(fields)
    }

    fn items(&mut self, open: char, close: char) -> Read<Value> {
        self.skip(open);
        let mut items = Vec::new();
        while !self.skip(close) {
            items.push(self.value()?);
            if !self.skip(',') && self.peek() != Some(close) {
                return Err("a comma or a closing bracket is missing");
            }
        }
        Ok(Value::Array(items))
    }

    fn text(&mut self) -> Read<String> {
        let mut text = String::new();
        let mut letters = self.rest.chars();
        let quote = letters.next();
        loop {
            match letters.next() {
                None => return Err("a text is not closed"),
                Some('\\') => match letters.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('u') => {
                        let digits = letters.as_str().get(..4).ok_or("a `\\u` lacks digits")?;
                        let code = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                        text.push(code.ok_or("a `\\u` is no character")?);
                        letters.nth(3);
                    }
                    Some(c) => text.push(c),
                    None => return Err("a text is not closed"),
                },
                Some(c) if Some(c) == quote => break,
                Some(c) => text.push(c),
            }
        }
        self.rest = letters.as_str();
        Ok(text)
    }

    fn number(&mut self) -> Read<Value> {
        let digits = self.take_while(|c| c.is_ascii_alphanumeric() || "+-._".contains(c));
        let digits = digits.replace('_', "");
        let whole = digits.parse::<i64>().ok().map(Number::from);
        let number = whole.or_else(|| Number::from_f64(digits.parse().ok()?));
        number.map(Value::Number).ok_or("a number cannot be read")
    }

    fn keyword(&mut self) -> Read<Value> {
        match self.word() {
            "true" | "True" => Ok(Value::Bool(true)),
            "false" | "False" => Ok(Value::Bool(false)),
            "null" | "None" => Ok(Value::Null),
            _ => Err("a text is not in quotes"),
        }
    }
}
