//! What the model and the runtime are told about a tool.
//!
//! It deliberately knows no provider's wire format: a provider maps these fields to its own.

use std::time::Duration;

use antiphon_core::{Code, EffectClass, Error, Result, ToolDefinition};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Longest name that every hosted provider accepts, in characters.
const MAX_NAME: usize = 64;

/// How long a tool may take unless its specification says otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// At most `calls` within any window of `per`, counted for each session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateLimit {
    /// Calls in the window, 1 to 1000.
    pub calls: u32,
    /// Length of the window; longer than zero.
    pub per: Duration,
}

/// A tool as the model and the runtime see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// 1 to 64 of `a-z A-Z 0-9 _ -`; unique within a [`ToolSet`](crate::ToolSet).
    pub name: String,
    /// What it does and when to call it, for the model.
    pub description: String,
    /// JSON schema (draft 2020-12) of the arguments: an object.
    pub parameters: Value,
    /// What a call changes.
    pub effect: EffectClass,
    /// How long a call may take; longer than zero. A deferred call is bounded by
    /// [`Limits::deferred`](crate::Limits) instead.
    pub timeout: Duration,
    /// How often it may be called.
    pub rate_limit: Option<RateLimit>,
    /// Whether the user confirms each call first. Always so for
    /// [`EffectClass::Irreversible`].
    pub confirm: bool,
    /// What the user is asked then; `{name}` in it is the argument of that name. Without it the
    /// model finds words of its own, which the smallest models do badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

impl ToolSpec {
    /// A tool without arguments, of effect class `write`, with [`DEFAULT_TIMEOUT`].
    #[must_use]
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            parameters: json!({"type": "object", "properties": {}, "additionalProperties": false}),
            effect: EffectClass::default(),
            timeout: DEFAULT_TIMEOUT,
            rate_limit: None,
            confirm: false,
            question: None,
        }
    }

    /// Sets the JSON schema of the arguments.
    #[must_use]
    pub fn with_parameters(mut self, schema: Value) -> Self {
        self.parameters = schema;
        self
    }

    /// Takes the JSON schema of the arguments from a type.
    #[must_use]
    pub fn with_arguments<T: JsonSchema>(self) -> Self {
        self.with_parameters(schema_of::<T>())
    }

    /// Sets what a call changes.
    #[must_use]
    pub const fn with_effect(mut self, effect: EffectClass) -> Self {
        self.effect = effect;
        self
    }

    /// Sets how long a call may take.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how often it may be called in a session.
    #[must_use]
    pub const fn with_rate_limit(mut self, calls: u32, per: Duration) -> Self {
        self.rate_limit = Some(RateLimit { calls, per });
        self
    }

    /// Has the user confirm each call first.
    #[must_use]
    pub const fn with_confirmation(mut self) -> Self {
        self.confirm = true;
        self
    }

    /// Has the user confirm each call first, by this question: `Shall I book it for {day}?`.
    #[must_use]
    pub fn with_question(mut self, question: impl Into<String>) -> Self {
        (self.confirm, self.question) = (true, Some(question.into()));
        self
    }

    /// The question before a call with `arguments`, if there is one.
    pub(crate) fn question_for(&self, arguments: &Value) -> Option<String> {
        let fill = |text: String, (name, value): (&String, &Value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.replace(&format!("{{{name}}}"), &value)
        };
        let arguments = arguments.as_object().into_iter().flatten();
        self.question.clone().map(|question| arguments.fold(question, fill))
    }

    /// What the model and the conversation are told.
    #[must_use]
    pub fn definition(&self) -> ToolDefinition {
        let Self { name, description, parameters, effect, .. } = self.clone();
        ToolDefinition { name, description, parameters, effect }
    }

    /// Whether the user must confirm a call before it runs.
    #[must_use]
    pub const fn needs_confirmation(&self) -> bool {
        self.confirm || matches!(self.effect, EffectClass::Irreversible)
    }

    /// Checks everything but the schema, which [`ToolSet::register`](crate::ToolSet::register)
    /// compiles.
    ///
    /// # Errors
    /// `invalid_input`, naming the field and its range.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: String, help: &'static str| {
            Err(Error::new("tools.register", Code::InvalidInput, what).with_help(help))
        };
        let name = &self.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
            let what = format!("{name:?} is no name for a tool");
            return refuse(what, "use 1 to 64 letters, digits, `_` and `-`");
        }
        if self.description.trim().is_empty() {
            let what = format!("the tool {name:?} has no description");
            return refuse(what, "say what it does and when to call it: the model decides by that");
        }
        if self.timeout.is_zero() {
            return refuse(format!("the tool {name:?} has a timeout of 0"), "allow it some time");
        }
        match self.rate_limit {
            Some(RateLimit { calls, per }) if !(1..=1000).contains(&calls) || per.is_zero() => {
                let what = format!("the tool {name:?} may be called {calls} times in {per:?}");
                refuse(what, "allow 1 to 1000 calls in a window longer than zero")
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The JSON schema of `T` as models read it best: references inlined, without titles of types.
#[must_use]
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| {
        s.meta_schema = None;
        s.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("title");
        // A struct without fields has none of these, and providers insist on them.
        object.entry("type").or_insert_with(|| "object".into());
        object.entry("properties").or_insert_with(|| Map::new().into());
    }
    schema
}
