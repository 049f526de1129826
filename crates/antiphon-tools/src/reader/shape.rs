//! Which JSON values and which texts are calls.

use serde_json::{Map, Value};

use super::{
    literal::{self, Call},
    opening::Names,
};

const NAME: &[&str] = &["name", "function", "function_name", "tool", "tool_name"];
const ARGUMENTS: &[&str] = &["arguments", "parameters", "args", "kwargs", "input", "tool_input"];

/// The calls that `text` consists of; `None` if it is something else. What is `tagged` was meant
/// as calls, so there is no such thing as something else.
pub(super) fn calls(
    text: &str,
    names: &Names,
    tagged: bool,
) -> Result<Option<Vec<Call>>, &'static str> {
    if text.trim_start().trim_start_matches('[').trim_start().starts_with('{') {
        let mut calls = Vec::new();
        for value in values(text)? {
            match all(&value, names, tagged) {
                Some(found) => calls.extend(found),
                None if tagged => return Err("it names no tool"),
                None => return Ok(None),
            }
        }
        return Ok(Some(calls));
    }
    literal::functions(text).map(Some)
}

/// JSON values one after another, or what comes close.
fn values(text: &str) -> Result<Vec<Value>, &'static str> {
    let strict: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_str(text).into_iter().collect();
    strict.or_else(|_| literal::values(text))
}

fn all(value: &Value, names: &Names, tagged: bool) -> Option<Vec<Call>> {
    match value {
        Value::Array(items) if !items.is_empty() => {
            items.iter().map(|item| one(item.as_object()?, names, tagged)).collect()
        }
        Value::Object(object) => match object.get("tool_calls") {
            Some(calls @ Value::Array(_)) => all(calls, names, tagged),
            Some(_) | None => one(object, names, tagged).map(|call| vec![call]),
        },
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            None
        }
    }
}

fn one(object: &Map<String, Value>, names: &Names, tagged: bool) -> Option<Call> {
    if let Some(Value::Object(inner)) = object.get("function") {
        return one(inner, names, tagged);
    }
    let name = NAME.iter().find_map(|key| object.get(*key)?.as_str())?;
    let name = name.strip_prefix("functions.").unwrap_or(name);
    let arguments = ARGUMENTS.iter().find_map(|key| object.get(*key));
    let arguments = match arguments {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) => "{}".to_owned(),
        Some(value) => value.to_string(),
        // `{"name": "Tom"}` is no call, unless there is a tool Tom.
        None if tagged || names.contains(name) => "{}".to_owned(),
        None => return None,
    };
    Some((name.to_owned(), arguments))
}
