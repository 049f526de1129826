//! From the tree to Rust types: a serde deserializer over nodes whose errors know their path.
//! Knows no YAML and no agent.

use std::fmt;

use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer, MapAccess,
        SeqAccess, Unexpected, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};

use crate::{
    error::{Fault, MAX_PROBLEMS},
    node::{Entry, Node, Value},
    scalar::{Meaning, meaning},
    suggest::{clip, suggest},
};

/// Reads `tree` as a `T`. After a fault what caused it is taken out and reading starts again, so
/// that all faults are found at once; `fault` is told each of them before its node is gone. What
/// is wrong around a place already reported is taken for a consequence and not told.
pub(crate) fn decode<T: for<'de> Deserialize<'de>>(
    tree: &mut Node,
    mut fault: impl FnMut(&Node, Fault),
) -> Option<T> {
    let mut reported: Vec<Vec<String>> = Vec::new();
    loop {
        let mut error = match T::deserialize(Decoder(tree)) {
            Ok(value) => return reported.is_empty().then_some(value),
            Err(error) => error,
        };
        error.path.reverse();
        let path = error.path.clone();
        if !reported.iter().any(|known| known.starts_with(&path)) {
            fault(tree, error);
            reported.push(path.clone());
        }
        if reported.len() == MAX_PROBLEMS || !tree.take_out(&path) {
            return None;
        }
    }
}

/// While an error travels up, `path` is in reverse.
impl Fault {
    fn below(mut self, key: impl ToString) -> Self {
        self.path.push(key.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(Vec::new(), message.to_string())
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "a node holds nothing else")]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "true or false",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            Unexpected::Str(_) => "text",
            Unexpected::Unit => "nothing",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a mapping",
            _ => "something else",
        };
        Self::custom(format!("expected {}, found {found}", plainly(&expected.to_string())))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if matches!(found, Unexpected::Str(_)) {
            return Self::invalid_type(found, expected);
        }
        Self::custom(format!("expected {}", plainly(&expected.to_string())))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let fault = Self::custom(format!("`{}` is not known here", clip(variant)));
        Self { help: suggest(variant, expected), ..fault }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let fault = Self::custom(format!("there is no field `{}`", clip(field)));
        Self { help: suggest(field, expected), on_key: true, ..fault }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("`{field}` is missing")).with_help(format!("add `{field}:`"))
    }
}

/// What serde calls a type, as a writer of YAML would.
fn plainly(expected: &str) -> String {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a mapping".to_owned(),
        other if other.starts_with("struct ") => "a mapping".to_owned(),
        other => other.to_owned(),
    }
}

struct Decoder<'a>(&'a Node);

impl<'de> Decoder<'de> {
    fn wrong<T>(&self, expected: &dyn Expected) -> Result<T, Fault> {
        let found = match &self.0.value {
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
            Value::Gone => Unexpected::Unit,
            Value::Scalar(scalar) => match meaning(scalar) {
                Meaning::Null => Unexpected::Unit,
                Meaning::Bool(b) => Unexpected::Bool(b),
                Meaning::Unsigned(n) => Unexpected::Unsigned(n),
                Meaning::Signed(n) => Unexpected::Signed(n),
                Meaning::Float(x) => Unexpected::Float(x),
                Meaning::Text(text) => Unexpected::Str(text),
            },
        };
        Err(de::Error::invalid_type(found, expected))
    }

    fn entries(&self, expected: &dyn Expected) -> Result<Entries<'de>, Fault> {
        match &self.0.value {
            Value::Map(entries) => Ok(Entries { rest: entries.iter(), open: None }),
            _ if self.0.is_null() => Ok(Entries { rest: [].iter(), open: None }),
            Value::Scalar(_) | Value::List(_) | Value::Gone => self.wrong(expected),
        }
    }
}

impl<'de> Deserializer<'de> for Decoder<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Scalar(scalar) => match meaning(scalar) {
                Meaning::Null => visitor.visit_unit(),
                Meaning::Bool(b) => visitor.visit_bool(b),
                Meaning::Unsigned(n) => visitor.visit_u64(n),
                Meaning::Signed(n) => visitor.visit_i64(n),
                Meaning::Float(x) => visitor.visit_f64(x),
                Meaning::Text(text) => visitor.visit_str(text),
            },
            Value::List(items) => visitor.visit_seq(Items { rest: items.iter().enumerate() }),
            Value::Map(_) => self.deserialize_map(visitor),
            Value::Gone => visitor.visit_unit(),
        }
    }

    /// Any scalar with a value is text where text is wanted: a model may be called `7`.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Scalar(scalar) if !self.0.is_null() => visitor.visit_str(&scalar.text),
            Value::Scalar(_) | Value::List(_) | Value::Map(_) | Value::Gone => {
                self.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let entries = self.entries(&visitor)?;
        visitor.visit_map(entries)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match &self.0.value {
            Value::Scalar(scalar) if !self.0.is_null() => {
                visitor.visit_enum(scalar.text.as_str().into_deserializer())
            }
            Value::Map(entries) => {
                let mut there = entries.iter().filter(|e| !matches!(e.node.value, Value::Gone));
                match (there.next(), there.next()) {
                    (Some(entry), None) => visitor.visit_enum(Tagged(entry)),
                    _ => Err(one_of(variants)),
                }
            }
            Value::Scalar(_) | Value::List(_) | Value::Gone => Err(one_of(variants)),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct
        seq tuple tuple_struct identifier ignored_any
    }
}

fn one_of(variants: &[&str]) -> Fault {
    de::Error::custom(format!("expected exactly one of {}", variants.join(", ")))
}

struct Items<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let next = self.rest.find(|(_, node)| !matches!(node.value, Value::Gone));
        next.map(|(i, node)| seed.deserialize(Decoder(node)).map_err(|e| e.below(i))).transpose()
    }
}

struct Entries<'de> {
    rest: std::slice::Iter<'de, Entry>,
    open: Option<&'de Entry>,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.open = self.rest.find(|entry| !matches!(entry.node.value, Value::Gone));
        let Some(entry) = self.open else { return Ok(None) };
        let key: StrDeserializer<'_, Fault> = entry.key.as_str().into_deserializer();
        let below = |fault: Fault| Fault { on_key: true, ..fault.below(&entry.key) };
        seed.deserialize(key).map(Some).map_err(below)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(entry) = self.open.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        seed.deserialize(Decoder(&entry.node)).map_err(|e| e.below(&entry.key))
    }
}

/// `tag: content`, as externally tagged enums are written.
struct Tagged<'de>(&'de Entry);

impl<'de> EnumAccess<'de> for Tagged<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let key: StrDeserializer<'_, Fault> = self.0.key.as_str().into_deserializer();
        let below = |fault: Fault| Fault { on_key: true, ..fault.below(&self.0.key) };
        Ok((seed.deserialize(key).map_err(below)?, self))
    }
}

impl<'de> VariantAccess<'de> for Tagged<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        let fault = Fault::new(Vec::new(), "takes no value");
        if self.0.node.is_null() { Ok(()) } else { Err(fault.below(&self.0.key)) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(Decoder(&self.0.node)).map_err(|e| e.below(&self.0.key))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        Decoder(&self.0.node).deserialize_any(visitor).map_err(|e| e.below(&self.0.key))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        Decoder(&self.0.node).deserialize_map(visitor).map_err(|e| e.below(&self.0.key))
    }
}
