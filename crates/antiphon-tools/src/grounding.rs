//! Whether what a model puts into a call was said at all.
//!
//! Small models call too readily and make up what they were not told: a name for the booking, a
//! city for the weather. Required texts and numbers must therefore occur in the conversation
//! before the call runs. Words and numbers are compared as they are heard: without case and
//! punctuation, "thirty" as 30, with the slips of a transcript.
//!
//! A tool that needs nothing of the kind must at least be what the user speaks of: what was said
//! last has to share a word with its description.
//!
//! It deliberately knows no model, and of languages only English numbers and pleasantries: apply
//! it to small models, and to other languages with care.

mod numbers;
mod words;

use serde_json::Value;

use crate::ToolSpec;

use numbers::Numbers;
use words::{content_words, is_heard, speaks_of, tokens};

pub use words::is_small_talk;

/// A schema keyword of ours. `"x-inferred": true` on a property means that its value follows from
/// the conversation and need not occur in it: a date, a category, a summary.
pub const INFERRED: &str = "x-inferred";

/// Most words of a value that all have to be heard; of more, half.
const SHORT: usize = 4;

/// What was said before a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// What the user said last.
    pub last: String,
    /// All that was said, by the user and by the agent, in any format.
    pub conversation: String,
}

impl Heard {
    /// Checks that somebody wanted something and said what the call needs.
    ///
    /// # Errors
    /// Words for the model.
    pub fn check(&self, tool: &ToolSpec, arguments: &Value) -> Result<(), String> {
        let ToolSpec { parameters, .. } = tool;
        let unsaid = unsaid(parameters, arguments, &self.conversation);
        let proven = checked(parameters).next().is_some() && !is_small_talk(&self.last);
        if !proven && !self.speaks_of(tool) {
            let text =
                "The call was not made: the user asked for nothing of the kind. Answer in words.";
            return Err(text.to_owned());
        }
        if unsaid.is_empty() { Ok(()) } else { Err(ask_for(&unsaid)) }
    }

    /// Whether a word that means something occurs in what was said last and in what the model is
    /// told of the tool.
    fn speaks_of(&self, tool: &ToolSpec) -> bool {
        let properties = tool.parameters.get("properties").map(Value::to_string);
        let properties = properties.unwrap_or_default();
        let about = format!("{} {} {properties}", tool.name.replace('_', " "), tool.description);
        speaks_of(&tokens(&self.last), &tokens(&about))
    }
}

/// An argument whose value nobody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The argument's name.
    pub argument: String,
    /// What the model made up, as text.
    pub value: String,
}

/// The required arguments that do not occur in `conversation`: what was said so far, by the user
/// and by the agent, in any format.
///
/// Looked at are texts and numbers of the top level. Left out are those with an `enum`, a `const`
/// or a `format`, and those marked [`INFERRED`].
#[must_use]
pub fn unsaid(parameters: &Value, arguments: &Value, conversation: &str) -> Vec<Unsaid> {
    let heard = tokens(conversation);
    let numbers = Numbers::of(&heard);
    let values = checked(parameters).filter_map(|name| Some((name, arguments.get(name)?)));
    let unsaid = values.filter(|(_, value)| match value {
        Value::String(text) => !text_is_heard(text, &heard, &numbers),
        Value::Number(number) => !numbers.hold(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => false,
    });
    let unsaid = unsaid.map(|(name, value)| Unsaid {
        argument: name.to_owned(),
        value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    });
    unsaid.collect()
}

/// The required arguments that have to be said.
fn checked(parameters: &Value) -> impl Iterator<Item = &str> {
    let required = parameters.get("required").and_then(Value::as_array);
    let names = required.into_iter().flatten().filter_map(Value::as_str);
    names.filter(|name| {
        let property = parameters.get("properties").and_then(|p| p.get(name));
        property.is_some_and(must_be_said)
    })
}

/// What to tell a model that made something up.
fn ask_for(unsaid: &[Unsaid]) -> String {
    let lines = unsaid.iter().map(|Unsaid { argument, value }| {
        let value: String = value.chars().take(80).collect();
        format!("- {argument}: {value:?} was never said\n")
    });
    format!(
        "The call was not made:\n{}Ask the user for it in one short question; do not guess.",
        lines.collect::<String>()
    )
}

fn must_be_said(property: &Value) -> bool {
    let kind = property.get("type").and_then(Value::as_str).unwrap_or_default();
    let given = ["enum", "const", "format"].iter().any(|key| property.get(*key).is_some());
    // Formats of numbers (`uint8`) state a size, not a notation.
    let given = given && !(matches!(kind, "integer" | "number") && property.get("enum").is_none());
    let inferred = property.get(INFERRED).and_then(Value::as_bool).unwrap_or(false);
    matches!(kind, "string" | "integer" | "number") && !given && !inferred
}

fn text_is_heard(text: &str, heard: &[String], numbers: &Numbers) -> bool {
    let words = tokens(text);
    let words = content_words(&words);
    if words.is_empty() {
        return false;
    }
    let is_heard = |word: &&&str| {
        is_heard(word, heard)
            || word.starts_with(|c: char| c.is_ascii_digit()) && numbers.hold(word)
    };
    let found = words.iter().filter(is_heard).count();
    if words.len() <= SHORT { found == words.len() } else { found * 2 >= words.len() }
}
