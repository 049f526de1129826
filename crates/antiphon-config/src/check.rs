//! What the types cannot say: ranges, which are read from the schema, and rules between fields.
//! Knows no file.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::{
    agent::AgentFile,
    error::Fault,
    node::{Node, Value},
    origin::KeyPath,
    scalar::{Meaning, is_null, meaning},
    schema::{referred, schema},
    tools::{HttpTool, McpTools, Tool},
};

/// Every number and text of `tree` that is outside the bounds its schema states.
pub(crate) fn bounds(tree: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    walk(schema(), tree, &KeyPath::default(), &mut faults);
    faults
}

fn walk(schema_here: &Json, node: &Node, path: &KeyPath, faults: &mut Vec<Fault>) {
    let schema_here = referred(schema_here, schema());
    for alternatives in ["anyOf", "oneOf"].iter().filter_map(|k| schema_here.get(k)?.as_array()) {
        alternatives.iter().filter(|a| fits(a, node)).for_each(|a| walk(a, node, path, faults));
    }
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                if let Some(field) = schema_here.get("properties").and_then(|p| p.get(&entry.key)) {
                    walk(field, &entry.node, &path.child(&entry.key), faults);
                }
            }
        }
        Value::List(items) => {
            let Some(item_schema) = schema_here.get("items") else { return };
            for (i, item) in items.iter().enumerate() {
                walk(item_schema, item, &path.child(i), faults);
            }
        }
        Value::Scalar(scalar) if is_null(scalar) => {}
        Value::Scalar(scalar) => {
            let number = match meaning(scalar) {
                Meaning::Unsigned(n) => Some(n as f64),
                Meaning::Signed(n) => Some(n as f64),
                Meaning::Float(x) => Some(x),
                Meaning::Null | Meaning::Bool(_) | Meaning::Text(_) => None,
            };
            let length = scalar.text.chars().count();
            let number = number.and_then(|x| outside(x, schema_here, "minimum", "maximum", ""));
            let text = outside(length as f64, schema_here, "minLength", "maxLength", " characters");
            faults.extend(number.or(text).map(|what| Fault::new(path.0.clone(), what)));
        }
        Value::Gone => {}
    }
}

/// Whether an alternative is meant: the one whose required key is there, or any without keys.
fn fits(alternative: &Json, node: &Node) -> bool {
    let required = referred(alternative, schema()).get("required").and_then(Json::as_array);
    let mut keys = required.into_iter().flatten().filter_map(Json::as_str);
    keys.all(|key| node.get(&[key.to_owned()]).is_some())
}

fn outside(x: f64, schema: &Json, min: &str, max: &str, unit: &str) -> Option<String> {
    let bound = |name| schema.get(name).and_then(Json::as_f64);
    let (min, max) = (bound(min), bound(max));
    let above = min.is_none_or(|min| x >= min);
    let below = max.is_none_or(|max| x <= max);
    let bounds = match (min, max) {
        _ if above && below => return None,
        (Some(min), Some(max)) => format!("between {min} and {max}"),
        (Some(min), None) => format!("at least {min}"),
        (None, Some(max)) => format!("at most {max}"),
        (None, None) => return None,
    };
    Some(format!("must be {bounds}{unit}"))
}

/// Every rule between fields that `agent`, read from `tree`, breaks.
pub(crate) fn rules(agent: &AgentFile, tree: &Node) -> Vec<Fault> {
    let mut faults = Vec::new();
    faults.extend(agent.to_conversation_config().validate().err().map(|e| conversation(&e, tree)));
    if agent.language.as_deref().is_some_and(|tag| !is_language_tag(tag)) {
        let fault = Fault::new(path(&["language"]), "is not a BCP 47 tag");
        faults.push(fault.with_help("write it as `en` or `pt-BR`"));
    }
    let mut names = BTreeSet::new();
    for (i, tool) in agent.tools.iter().enumerate() {
        let i = i.to_string();
        let (tag, found) = match tool {
            Tool::Builtin(_) => ("builtin", vec![]),
            Tool::Mcp(mcp) => ("mcp", mcp_rules(mcp)),
            Tool::Http(http) => ("http", http_rules(http)),
        };
        if !names.insert(tool.name()) {
            let what = format!("there is another tool `{}`", tool.name());
            faults.push(Fault::new(path(&["tools", &i, tag]), what));
        }
        let below = |(field, what, help): Broken| {
            Fault::new(path(&["tools", &i, tag, field]), what).with_help(help)
        };
        faults.extend(found.into_iter().map(below));
    }
    faults
}

/// What the conversation says of its configuration. It begins with the name of the setting, in
/// which this file has the unit at the end.
fn conversation(error: &antiphon_core::Error, tree: &Node) -> Fault {
    let name = error.detail().split(' ').next().unwrap_or_default();
    let written = ["", "_ms"].map(|unit| KeyPath::parse(&format!("turn_taking.{name}{unit}")).0);
    let there = written.into_iter().find(|path| tree.get(path).is_some()).unwrap_or_default();
    let fault = Fault::new(there, error.detail());
    Fault { help: error.help().map(str::to_owned), ..fault }
}

/// Field, what is wrong with it, how to mend it.
type Broken = (&'static str, String, &'static str);

fn mcp_rules(mcp: &McpTools) -> Vec<Broken> {
    let mut broken = Vec::new();
    match (&mcp.command, &mcp.url) {
        (None, None) => {
            let what = "the server has neither `command` nor `url`".to_owned();
            broken.push(("name", what, "add `command:` to start it or `url:` to reach it"));
        }
        (Some(_), Some(_)) => {
            let what = "the server has `command` as well".to_owned();
            broken.push(("url", what, "`command` starts a server, `url` reaches one: keep one"));
        }
        (None, Some(url)) if !is_web_address(url) => {
            let what = "is not an address".to_owned();
            broken.push(("url", what, "write it as https://host/path"));
        }
        _ => {}
    }
    if !mcp.prefix.chars().all(is_plain) {
        let what = "models cannot call tools of such names".to_owned();
        broken.push(("prefix", what, "use letters, digits, `_` and `-`"));
    }
    let unused =
        |field, what: &str| (field, format!("means nothing without `{what}`"), "remove it");
    if mcp.command.is_none() && !mcp.args.is_empty() {
        broken.push(unused("args", "command"));
    }
    if mcp.command.is_none() && !mcp.env.is_empty() {
        broken.push(unused("env", "command"));
    }
    if mcp.url.is_none() && !mcp.headers.is_empty() {
        broken.push(unused("headers", "url"));
    }
    broken
}

fn http_rules(http: &HttpTool) -> Vec<Broken> {
    let mut broken = Vec::new();
    if !http.name.chars().all(is_plain) {
        let what = "models cannot call a tool of this name".to_owned();
        broken.push(("name", what, "use letters, digits, `_` and `-`"));
    }
    if !is_web_address(&http.url) {
        broken.push(("url", "is not an address".to_owned(), "write it as https://host/path"));
    }
    let (_, behind) = http.url.split_once("://").unwrap_or_default();
    if behind.split(['/', '?']).next().is_some_and(|host| host.contains('{')) {
        let what = "lets the model choose the host".to_owned();
        broken.push(("url", what, "write the host out"));
    }
    if http.response.as_ref().is_some_and(|part| !part.starts_with('/')) {
        let what = "is no JSON pointer".to_owned();
        broken.push(("response", what, "write it as /items/0/name"));
    }
    let kind = http.parameters.get("type").and_then(Json::as_str);
    if !http.parameters.is_empty() && kind != Some("object") {
        let what = "must be the schema of an object".to_owned();
        broken.push(("parameters", what, "begin it with `type: object`"));
    }
    let known = http.parameters.get("properties").and_then(Json::as_object);
    let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
    if let Some(name) = placeholders(&http.url).find(|name| !is_known(name)) {
        let what = format!("`{{{name}}}` is not one of the parameters");
        broken.push(("url", what, "add it to `parameters: properties:`"));
    }
    broken
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The names in braces.
fn placeholders(url: &str) -> impl Iterator<Item = &str> {
    url.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn is_web_address(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !url.contains(' '))
}

/// The shape of a tag (RFC 5646, section 2.1): parts of one to eight letters or digits.
fn is_language_tag(tag: &str) -> bool {
    let part = |p: &str| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric());
    let first = tag.split('-').next().unwrap_or_default();
    tag.split('-').all(part) && first.len() > 1 && first.bytes().all(|b| b.is_ascii_alphabetic())
}

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|&key| key.to_owned()).collect()
}
