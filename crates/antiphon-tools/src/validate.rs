//! Arguments as a model writes them, against the schema: every error at once, in words it can act
//! on.

use antiphon_core::{Code, Error, Result};
use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::{Map, Value};

use crate::coerce::coerce;

/// Errors shown to the model at most; more do not help it.
const MAX_ERRORS: usize = 8;

/// Longest single error in bytes: messages quote the value, which may be of any size.
const MAX_ERROR_BYTES: usize = 200;

/// A tool's compiled schema.
#[derive(Debug)]
pub struct Validator {
    schema: Value,
    compiled: jsonschema::Validator,
}

impl Validator {
    /// Compiles the JSON schema of a tool's arguments. References must stay inside it.
    ///
    /// # Errors
    /// `invalid_input` if it is no schema, or not one of an object.
    pub fn new(schema: &Value) -> Result<Self> {
        let refuse = |what: String| Error::new("tools.schema", Code::InvalidInput, what);
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            let help = "make `parameters` a schema with \"type\": \"object\"";
            return Err(refuse("arguments must be an object".to_owned()).with_help(help));
        }
        let compiled = jsonschema::validator_for(schema)
            .map_err(|e| refuse(format!("not a JSON schema: {e} (at {:?})", e.schema_path())))?;
        Ok(Self { schema: schema.clone(), compiled })
    }

    /// Reads `text` as arguments: an object that fits the schema.
    ///
    /// What models commonly get wrong and what has one meaning only is put right: no text for no
    /// arguments, JSON inside a JSON string, `"5"` for 5, 5 for `"5"`, `null` for an optional
    /// argument.
    ///
    /// # Errors
    /// Words for the model: every error with the JSON pointer of its place.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        self.check(parse(text)?)
    }

    /// As [`read`](Self::read), without arguments that there are not. Small models add some.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_known(&self, text: &str) -> Result<Value, String> {
        let mut arguments = parse(text)?;
        let closed = self.schema.get("additionalProperties") == Some(&Value::Bool(false));
        let known = self.schema.get("properties").and_then(Value::as_object);
        if let (true, Some(known), Some(made)) = (closed, known, arguments.as_object_mut()) {
            made.retain(|name, _| known.contains_key(name));
        }
        self.check(arguments)
    }

    /// As [`read`](Self::read), from a value.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn check(&self, mut arguments: Value) -> Result<Value, String> {
        coerce(&self.schema, &mut arguments);
        let mut lines: Vec<_> = self.compiled.iter_errors(&arguments).map(|e| line(&e)).collect();
        if lines.is_empty() {
            return Ok(arguments);
        }
        if lines.len() > MAX_ERRORS {
            let more = lines.len() - MAX_ERRORS;
            lines.truncate(MAX_ERRORS);
            lines.push(format!("- and {more} more"));
        }
        Err(format!(
            "The arguments do not fit:\n{}\nMend them, or ask the user for what is missing.",
            lines.join("\n")
        ))
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let invalid = |e: serde_json::Error| {
        format!("The arguments are not valid JSON: {e}. Write one JSON object.")
    };
    if text.trim().is_empty() {
        return Ok(Map::new().into());
    }
    let mut value: Value = serde_json::from_str(text).map_err(invalid)?;
    if let Some(inner) = value.as_str() {
        value = serde_json::from_str(inner).map_err(invalid)?;
    }
    Ok(if value.is_null() { Map::new().into() } else { value })
}

/// One error: where, and what is wanted there.
fn line(error: &ValidationError<'_>) -> String {
    let mut at = error.instance_path().to_string();
    let what = if let Kind::Required { property } = error.kind() {
        at.push('/');
        at.push_str(property.as_str().unwrap_or_default());
        "is required".to_owned()
    } else if let Kind::AdditionalProperties { unexpected } = error.kind() {
        format!("there is no {}: leave that out", unexpected.join(", "))
    } else {
        error.to_string()
    };
    let at = if at.is_empty() { "/" } else { &at };
    let mut line = format!("- {at}: {what}");
    if line.len() > MAX_ERROR_BYTES {
        line.truncate(line.floor_char_boundary(MAX_ERROR_BYTES));
        line.push('…');
    }
    line
}
