//! The tools an agent file can name. Describes them only: who runs them is not known here.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// A tool, or a server of tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// The name of a tool that is built in.
    Builtin(String),
    /// A server of the Model Context Protocol: `command` starts one, `url` reaches one.
    Mcp(McpTools),
    /// A request to a web service.
    Http(HttpTool),
}

/// The tools of an MCP server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct McpTools {
    /// Name of the server in messages.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// Program to start; it speaks MCP on standard input and output.
    pub command: Option<String>,
    /// Arguments of the program.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment of the program.
    #[serde(default)]
    pub env: BTreeMap<String, Secret>,
    /// Address of a running server.
    pub url: Option<String>,
    /// Headers of every request to `url`.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// The tools that may be called, by the server's names; without it all of them.
    pub allow: Option<Vec<String>>,
    /// Put before the names of its tools, such as `handbook_`: two servers may then have tools of
    /// one name.
    #[serde(default)]
    #[schemars(length(max = 32), regex(pattern = "^[A-Za-z0-9_-]*$"))]
    pub prefix: String,
    /// What a call of a tool changes, by the server's names; without it what the server says.
    #[serde(default)]
    pub effects: BTreeMap<String, Effect>,
    /// Milliseconds the server may take to start and to list its tools; without it the runtime's
    /// default.
    #[schemars(range(min = 1, max = 600_000))]
    pub connect_timeout_ms: Option<u64>,
    /// Milliseconds one call may take; without it the runtime's default.
    #[schemars(range(min = 1, max = 600_000))]
    pub timeout_ms: Option<u64>,
}

/// A request to a web service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTool {
    /// What the model calls it: letters, digits, `_` and `-`.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]*$"))]
    pub name: String,
    /// What it does and when to call it, for the model.
    #[serde(default)]
    pub description: String,
    /// Method of the request.
    #[serde(default)]
    pub method: Method,
    /// Address; `{name}` in its path and query is filled in from the parameters.
    pub url: String,
    /// Headers of the request.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// JSON Schema of the parameters, an object.
    #[serde(default)]
    pub parameters: serde_json::Map<String, serde_json::Value>,
    /// Body of the request, JSON: `{name}` in a text is filled in from the parameters. Without
    /// it the parameters that the address does not use.
    #[serde(default)]
    pub body: serde_json::Value,
    /// The part of the answer that the model sees, as a JSON pointer such as `/items/0/name`;
    /// without it the whole.
    #[schemars(regex(pattern = "^/"))]
    pub response: Option<String>,
    /// What a call changes in the world.
    #[serde(default)]
    pub effect: Effect,
    /// Milliseconds one call may take; without it the runtime's default.
    #[schemars(range(min = 1, max = 600_000))]
    pub timeout_ms: Option<u64>,
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Sends.
    Post,
    /// Replaces.
    Put,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

/// What a call changes in the world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing: it may run before the turn is committed, and twice.
    Read,
    /// Something that can be undone.
    #[default]
    Write,
    /// Something that cannot be undone.
    Irreversible,
}

impl Tool {
    /// Its name, or the name of its server.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Builtin(name)
            | Self::Mcp(McpTools { name, .. })
            | Self::Http(HttpTool { name, .. }) => name,
        }
    }

    pub(crate) fn secrets_mut(
        &mut self,
        path: &[String],
        visit: &mut dyn FnMut(Vec<String>, &mut Secret),
    ) {
        let maps = match self {
            Self::Builtin(_) => vec![],
            Self::Mcp(mcp) => {
                vec![("mcp", "env", &mut mcp.env), ("mcp", "headers", &mut mcp.headers)]
            }
            Self::Http(http) => vec![("http", "headers", &mut http.headers)],
        };
        for (tag, field, secrets) in maps {
            for (key, secret) in secrets {
                let rest = [tag, field, key].map(str::to_owned);
                visit([path, &rest].concat(), secret);
            }
        }
    }
}
