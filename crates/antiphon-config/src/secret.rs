//! Secrets and the settings that may hold them: `${NAME}` or `{env: NAME}` in the file, the value
//! only in memory. Knows no environment: who resolves passes a look-up.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

/// What is shown in place of a secret.
pub(crate) const HIDDEN: &str = "<hidden>";

/// The last words of names whose values are secret.
const SECRET_WORDS: &[&str] =
    &["apikey", "authorization", "credential", "credentials", "key", "password", "secret", "token"];

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

    /// The value. Every call site is a place to ask where it goes next.
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
    let last = name.rsplit(['_', '-', '.', ' ']).next().unwrap_or_default();
    SECRET_WORDS.contains(&last)
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

/// A value whose meaning the provider knows. References to the environment may stand anywhere in
/// it.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Setting {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// Text without references.
    Text(String),
    /// Text with references, or under a name such as `api_key`.
    Secret(Secret),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(BTreeMap<String, Self>),
}

impl Setting {
    /// The value with its secrets in the clear, for the provider.
    #[must_use]
    pub fn expose(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(b) => (*b).into(),
            Self::Number(n) => n.clone().into(),
            Self::Text(text) => text.as_str().into(),
            Self::Secret(secret) => secret.expose().into(),
            Self::List(items) => items.iter().map(Self::expose).collect(),
            Self::Map(fields) => {
                fields.iter().map(|(key, value)| (key.clone(), value.expose())).collect()
            }
        }
    }

    /// Calls `visit` with every secret in it and the path to it.
    pub(crate) fn secrets_mut(
        &mut self,
        path: &[String],
        visit: &mut dyn FnMut(Vec<String>, &mut Secret),
    ) {
        let below = |key: String| [path, &[key]].concat();
        match self {
            Self::Secret(secret) => visit(path.to_vec(), secret),
            Self::List(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    item.secrets_mut(&below(i.to_string()), visit);
                }
            }
            Self::Map(fields) => {
                for (key, value) in fields {
                    value.secrets_mut(&below(key.clone()), visit);
                }
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => {}
        }
    }

    /// The value under `key`, hidden if the key speaks of a secret.
    fn under(self, key: &str) -> Result<Self, String> {
        if let Self::Text(text) = &self
            && speaks_of_a_secret(key)
        {
            return Secret::parse(text).map(Self::Secret);
        }
        Ok(self)
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(b) => b.fmt(f),
            Self::Number(n) => n.fmt(f),
            Self::Text(text) => text.fmt(f),
            Self::Secret(secret) => secret.fmt(f),
            Self::List(items) => items.fmt(f),
            Self::Map(fields) => fields.fmt(f),
        }
    }
}

impl JsonSchema for Setting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Setting".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Any value. `${NAME}` in text, or `{env: NAME}`, is taken from the \
                            environment or the .env file and never printed."
        })
    }
}

impl<'de> Deserialize<'de> for Setting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SettingVisitor)
    }
}

struct SettingVisitor;

impl<'de> Visitor<'de> for SettingVisitor {
    type Value = Setting;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Setting, E> {
        Ok(Setting::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Setting, E> {
        Ok(Setting::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Setting, E> {
        Ok(Setting::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Setting, E> {
        Ok(Setting::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Setting, E> {
        let number = serde_json::Number::from_f64(value);
        number.map(Setting::Number).ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Setting, E> {
        if !value.contains("${") {
            return Ok(Setting::Text(value.to_owned()));
        }
        Secret::parse(value).map(Setting::Secret).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Setting, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Setting::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Setting, A::Error> {
        let map = SettingsVisitor.visit_map(entries)?;
        match map.get("env") {
            Some(Setting::Text(name)) if map.len() == 1 => {
                let name = variable_name(name).map_err(de::Error::custom)?;
                let pieces = vec![Piece::Variable(name)];
                Ok(Setting::Secret(Secret { pieces, value: String::new() }))
            }
            _ => Ok(Setting::Map(map)),
        }
    }
}

/// Reads settings by name; text under a name that speaks of a secret is one.
pub(crate) fn settings<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Setting>, D::Error> {
    deserializer.deserialize_map(SettingsVisitor)
}

struct SettingsVisitor;

impl<'de> Visitor<'de> for SettingsVisitor {
    type Value = BTreeMap<String, Setting>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Setting>()? {
            let value = value.under(&key).map_err(de::Error::custom)?;
            map.insert(key, value);
        }
        Ok(map)
    }
}
