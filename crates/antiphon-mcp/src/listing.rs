//! What a server lists, as specifications of tools: bounded, and each by itself, so that a broken
//! one costs itself.

use std::{collections::BTreeMap, fmt};

use antiphon_core::{Code, Error, Result};
use antiphon_tools::{EffectClass, ToolSpec};
use rmcp::{
    model::{
        ClientRequest, CustomResult, ListToolsRequest, PaginatedRequestParams, ServerResult, Tool,
        ToolAnnotations,
    },
    service::ServiceError,
};
use serde_json::Value;

use crate::{
    link::{Line, and, shortened},
    server::McpServer,
};

/// Most tools of one server: as many as a set holds.
const MAX_TOOLS: usize = 128;

/// Most pages of a list.
const MAX_PAGES: usize = 16;

/// Longest description that a model is told, in bytes; the rest is cut off.
const MAX_DESCRIPTION: usize = 4096;

/// Longest schema in bytes: the model reads it before every reply.
const MAX_SCHEMA: usize = 64 * 1024;

/// A tool that the server lists, or should, and that cannot be called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Its name, as the server gives it.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.name, self.why)
    }
}

/// The tools of a server: by their names here, with the names they have there.
#[derive(Default)]
pub(crate) struct Listing {
    pub(crate) tools: BTreeMap<String, (String, ToolSpec)>,
    pub(crate) skipped: Vec<Skipped>,
}

impl Listing {
    pub(crate) fn skip(&mut self, name: &str, why: impl Into<String>) {
        // A server can list any number of broken tools.
        if self.skipped.len() < MAX_TOOLS {
            self.skipped.push(Skipped { name: shortened(name).to_owned(), why: why.into() });
        }
    }

    fn add(&mut self, server: &McpServer, value: Value) {
        let listed = value.get("name").and_then(Value::as_str).unwrap_or("?").to_owned();
        if server.allow.as_ref().is_some_and(|allowed| !allowed.contains(&listed)) {
            return;
        }
        let tool: Tool = match serde_json::from_value(value) {
            Ok(tool) => tool,
            Err(e) => {
                let why = format!("is not described as the protocol says: {e}");
                return self.skip(&listed, shortened(&why));
            }
        };
        let name = format!("{}{}", server.prefix, tool.name.replace(|c| !is_plain(c), "_"));
        let schema = schema(&tool);
        let length = schema.to_string().len();
        if length > MAX_SCHEMA {
            return self.skip(&listed, format!("has a schema of {length} bytes"));
        }
        if self.tools.contains_key(&name) {
            return self.skip(&listed, format!("is listed twice as {name:?}"));
        }
        if self.tools.len() >= MAX_TOOLS {
            return self.skip(&listed, format!("is one of more than {MAX_TOOLS} tools"));
        }
        let effect = server.effects.get(&listed).copied();
        let effect = effect.unwrap_or_else(|| hinted(tool.annotations.as_ref()));
        let spec = ToolSpec::new(name.clone(), description(server, &tool))
            .with_parameters(schema)
            .with_effect(effect)
            .with_timeout(server.timeout);
        self.tools.insert(name, (listed, spec));
    }
}

/// Asks the server for its tools.
///
/// # Errors
/// `protocol` if it has no list, `unavailable` if it is gone.
pub(crate) async fn list(server: &McpServer, line: &Line) -> Result<Listing> {
    let mut listing = Listing::default();
    let mut cursor = None;
    for _ in 0..MAX_PAGES {
        let (tools, next) = page(server, line, cursor).await?;
        tools.into_iter().for_each(|tool| listing.add(server, tool));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    for name in server.allow.iter().flatten() {
        let is_there = listing.tools.values().any(|(listed, _)| listed == name);
        if !is_there && !listing.skipped.iter().any(|skipped| skipped.name == *name) {
            listing.skip(name, "is allowed, but the server lists no such tool");
        }
    }
    Ok(listing)
}

/// One page of the list. Tools stay values: rmcp's own type is all or nothing.
async fn page(
    server: &McpServer,
    line: &Line,
    cursor: Option<String>,
) -> Result<(Vec<Value>, Option<String>)> {
    let params = cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor)));
    let request = params.map_or_else(ListToolsRequest::default, ListToolsRequest::with_param);
    let error = |code, why: String| {
        let (name, told) = (&server.name, and(&line.fate.told()));
        let why = line.fate.hide(why);
        let what = format!("the MCP server {name:?} does not list its tools: {}", shortened(&why));
        Error::new("mcp.list", code, what + &told)
    };
    match line.peer.send_request(ClientRequest::ListToolsRequest(request)).await {
        Ok(ServerResult::ListToolsResult(page)) => {
            let tools = page.tools.into_iter().map(serde_json::to_value);
            let tools = tools.collect::<std::result::Result<_, _>>();
            Ok((tools.map_err(|e| error(Code::Internal, e.to_string()))?, page.next_cursor))
        }
        // One of the tools is broken, and with it the list as a whole.
        Ok(ServerResult::CustomResult(CustomResult(Value::Object(mut page)))) => {
            let Some(Value::Array(tools)) = page.remove("tools") else {
                return Err(error(Code::Protocol, "it answers with something else".to_owned()));
            };
            let next = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
            Ok((tools, next))
        }
        Ok(_) => Err(error(Code::Protocol, "it answers with something else".to_owned())),
        Err(ServiceError::McpError(e)) => Err(error(Code::Protocol, e.message.into_owned())),
        Err(e) => Err(error(Code::Unavailable, e.to_string())),
    }
}

const fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

/// The schema of the arguments. Some servers leave out what is the same for all.
fn schema(tool: &Tool) -> Value {
    let mut schema = tool.input_schema.as_ref().clone();
    schema.entry("type").or_insert_with(|| "object".into());
    schema.entry("properties").or_insert_with(|| serde_json::Map::new().into());
    // It names the dialect and costs tokens.
    schema.remove("$schema");
    schema.into()
}

fn description(server: &McpServer, tool: &Tool) -> String {
    let given = tool.description.as_deref().or(tool.title.as_deref()).unwrap_or_default().trim();
    if given.is_empty() {
        return format!("The tool {} of {}.", tool.name, server.name);
    }
    given.get(..given.floor_char_boundary(MAX_DESCRIPTION)).unwrap_or_default().to_owned()
}

fn hinted(annotations: Option<&ToolAnnotations>) -> EffectClass {
    match annotations {
        Some(hints) if hints.read_only_hint == Some(true) => EffectClass::Read,
        Some(hints) if hints.destructive_hint == Some(true) => EffectClass::Irreversible,
        Some(_) | None => EffectClass::Write,
    }
}
