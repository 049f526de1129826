//! Settings whose meaning only a provider knows, and which may hold secrets. Knows no environment.

use std::{collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use crate::secret::{Secret, speaks_of_a_secret};

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

pub(crate) struct SettingVisitor;

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
                Secret::of_variable(name).map(Setting::Secret).map_err(de::Error::custom)
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
