//! Conversions of arguments that have one meaning only, as small models need them.
//!
//! It deliberately judges nothing: what cannot be converted stays, for the schema to refuse.

use serde_json::{Map, Number, Value};

/// Converts within `value` what `schema` wants in another type and what has one reading.
pub(crate) fn coerce(schema: &Value, value: &mut Value) {
    convert(schema, schema, value);
}

/// Goes as deep as `value` does, which a JSON reader has bounded.
fn convert(root: &Value, schema: &Value, value: &mut Value) {
    let schema = resolve(root, schema);
    match value {
        Value::Object(fields) => fields_of(root, schema, fields),
        Value::Array(items) => {
            if let Some(item) = schema.get("items") {
                items.iter_mut().for_each(|v| convert(root, item, v));
            }
        }
        Value::String(text) => {
            let text = text.trim();
            let converted = if allows(schema, "string") {
                None
            } else if allows(schema, "integer") || allows(schema, "number") {
                number(text, allows(schema, "number")).map(Value::Number)
            } else if allows(schema, "boolean") {
                boolean(text).map(Value::Bool)
            } else if allows(schema, "array") || allows(schema, "object") {
                serde_json::from_str(text).ok().filter(|v: &Value| v.is_array() || v.is_object())
            } else {
                None
            };
            if let Some(converted) = converted {
                *value = converted;
                if value.is_array() || value.is_object() {
                    convert(root, schema, value);
                }
            }
        }
        Value::Number(number) => {
            if wants_only_text(schema) {
                *value = Value::String(number.to_string());
            } else if allows(schema, "integer")
                && let Some(whole) = whole(number)
            {
                *value = whole.into();
            }
        }
        Value::Bool(yes) => {
            if wants_only_text(schema) {
                *value = Value::String(yes.to_string());
            }
        }
        Value::Null => {}
    }
}

/// The fields of an object; an optional one that is `null` though it may not be is left out.
fn fields_of(root: &Value, schema: &Value, fields: &mut Map<String, Value>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let required = |name: &str| {
        let names = schema.get("required").and_then(Value::as_array);
        names.is_some_and(|names| names.iter().any(|n| n == name))
    };
    fields.retain(|name, value| match properties.get(name) {
        Some(property) => {
            let optional = value.is_null() && !required(name);
            !optional || allows(resolve(root, property), "null")
        }
        None => true,
    });
    for (name, value) in fields {
        if let Some(property) = properties.get(name) {
            convert(root, property, value);
        }
    }
}

/// Follows one reference into the schema itself.
fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

fn allows(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == kind,
        Some(Value::Array(many)) => many.iter().any(|k| k == kind),
        _ => false,
    }
}

fn wants_only_text(schema: &Value) -> bool {
    let others = ["integer", "number", "boolean", "array", "object"];
    allows(schema, "string") && !others.iter().any(|kind| allows(schema, kind))
}

fn number(text: &str, fractions: bool) -> Option<Number> {
    let whole = text.parse::<i64>().ok().map(Number::from);
    if fractions { whole.or_else(|| Number::from_f64(text.parse().ok()?)) } else { whole }
}

/// 3.0 where 3 is wanted.
fn whole(number: &Number) -> Option<i64> {
    let value = number.as_f64().filter(|_| number.is_f64())?;
    // Beyond 2^53 a float is no longer one integer.
    let exact = value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0;
    exact.then_some(value as i64)
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Some(true),
        "false" | "no" => Some(false),
        _ => None,
    }
}
