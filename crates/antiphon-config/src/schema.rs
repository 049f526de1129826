//! The JSON Schema of the agent file, for editors and for the checks of ranges. Knows no file.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::agent::AgentFile;

/// The schema, draft 2020-12. `docs/agent.schema.json` is this, printed.
#[must_use]
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let generator = SchemaSettings::draft2020_12().into_generator();
        generator.into_root_schema_for::<AgentFile>().to_value()
    })
}

/// The schema `schema` refers to, or itself.
pub(crate) fn referred<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let name = schema.get("$ref").and_then(Value::as_str);
    let definition = name
        .and_then(|name| name.strip_prefix("#/$defs/"))
        .and_then(|name| root.get("$defs")?.get(name));
    definition.unwrap_or(schema)
}
