//! Secrets: `${NAME}` or `{env: NAME}` in the file, the value only in memory. Knows no
//! environment: who resolves passes a look-up.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::setting::{Setting, SettingVisitor};

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "<hidden>";

/// How names end whose values are secret.
const SECRET_NAMES: &[&str] = &[
    "key",
    "token",
    "secret",
    "password",
    "passphrase",
    "authorization",
    "cookie",
    "credential",
    "credentials",
];

/// Text that is never printed: `Debug` and serialisation hide it. References to environment
/// variables in it are filled in when the file is loaded; `$${` stands for a plain `${`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    pieces: Vec<Piece>,
    value: String,
}

#[derive(Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
}

impl Secret {
    /// Reads text with references.
    ///
    /// # Errors
    /// What is wrong with a reference.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, reference) = rest.split_at(at);
            let reference = reference.get(2..).unwrap_or_default();
            if let Some(before) = before.strip_suffix('$') {
                plain.push_str(before);
                plain.push_str("${");
                rest = reference;
                continue;
            }
            let (name, after) = reference.split_once('}').ok_or("`${` is not closed")?;
            plain.push_str(before);
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Variable(variable_name(name)?));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces, value: String::new() })
    }

    /// What the variable `name` holds.
    ///
    /// # Errors
    /// That this is no name.
    pub(crate) fn of_variable(name: &str) -> Result<Self, String> {
        let pieces = vec![Piece::Variable(variable_name(name)?)];
        Ok(Self { pieces, value: String::new() })
    }

    /// The value; empty before the file is loaded. Every call site is a place to ask where it
    /// goes next.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }

    /// The variables it refers to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Fills in the variables; fails with the name of one that is not set.
    pub(crate) fn resolve(
        &mut self,
        look_up: impl Fn(&str) -> Option<String>,
    ) -> Result<(), String> {
        let mut value = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => value.push_str(text),
                Piece::Variable(name) => {
                    let found = look_up(name).filter(|found| !found.is_empty());
                    value.push_str(&found.ok_or_else(|| name.clone())?);
                }
            }
        }
        self.value = value;
        Ok(())
    }

    /// How it is shown: its references if there is nothing else in it.
    pub(crate) fn shown(&self) -> String {
        if self.pieces.iter().any(|piece| matches!(piece, Piece::Text(_))) {
            return HIDDEN.to_owned();
        }
        self.variables().map(|name| format!("${{{name}}}")).collect()
    }
}

fn variable_name(name: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(fits)
    {
        return Err("a reference is `${NAME}`: letters, digits and _ only".to_owned());
    }
    Ok(name.to_owned())
}

/// Whether a setting of this name holds a secret: `api_key` and `X-Auth-Token` do, `max_tokens`
/// does not.
pub(crate) fn speaks_of_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|end| name.ends_with(end))
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match deserializer.deserialize_string(SettingVisitor)? {
            Setting::Secret(secret) => Ok(secret),
            Setting::Text(text) => Self::parse(&text).map_err(de::Error::custom),
            Setting::Null
            | Setting::Bool(_)
            | Setting::Number(_)
            | Setting::List(_)
            | Setting::Map(_) => {
                Err(de::Error::custom("expected text, `${NAME}` or `{env: NAME}`"))
            }
        }
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Text that is never printed. `${NAME}` in it, or `{env: NAME}`, is \
                            taken from the environment or the .env file.",
            "anyOf": [
                { "type": "string" },
                {
                    "type": "object",
                    "properties": { "env": { "type": "string", "description": "The variable." } },
                    "required": ["env"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
