//! Tools that an agent file names and that run elsewhere: from what the file says of them to what
//! a [`ToolSet`](crate::tools::ToolSet) takes.
//!
//! It deliberately connects to nothing.

use std::time::Duration;

use antiphon_config::Effect;

use crate::tools::EffectClass;

/// A request to a web service, as a tool.
///
/// # Errors
/// `invalid_input` if its address or a header cannot be used.
#[cfg(feature = "http-tools")]
pub fn http_tool(tool: &antiphon_config::HttpTool) -> crate::Result<antiphon_http::HttpTool> {
    use antiphon_config::Method;
    use antiphon_http::Method as Verb;

    let method = match tool.method {
        Method::Get => Verb::GET,
        Method::Post => Verb::POST,
        Method::Put => Verb::PUT,
        Method::Patch => Verb::PATCH,
        Method::Delete => Verb::DELETE,
    };
    let mut spec =
        crate::tools::ToolSpec::new(&tool.name, &tool.description).with_effect(class(tool.effect));
    if !tool.parameters.is_empty() {
        spec = spec.with_parameters(tool.parameters.clone().into());
    }
    if let Some(timeout) = milliseconds(tool.timeout_ms) {
        spec = spec.with_timeout(timeout);
    }
    let headers = tool.headers.iter().map(|(name, value)| (name, value.expose()));
    let mut made = antiphon_http::HttpTool::new(spec, method, &tool.url, headers)?;
    if !tool.body.is_null() {
        made = made.with_body(&tool.body);
    }
    Ok(match &tool.response {
        Some(part) => made.with_part(part),
        None => made,
    })
}

/// An MCP server, to be connected.
#[cfg(feature = "mcp")]
#[must_use]
pub fn mcp_server(server: &antiphon_config::McpTools) -> antiphon_mcp::McpServer {
    use antiphon_mcp::McpServer;

    let name = &server.name;
    let mut made = match (&server.command, &server.url) {
        (Some(command), _) => McpServer::command(name, command),
        (None, url) => McpServer::url(name, url.as_deref().unwrap_or_default()),
    };
    made = server.args.iter().fold(made, McpServer::arg).prefix(&server.prefix);
    for (name, value) in &server.env {
        made = made.env(name, value.expose());
    }
    for (name, value) in &server.headers {
        made = made.header(name, value.expose());
    }
    for (tool, effect) in &server.effects {
        made = made.effect(tool, class(*effect));
    }
    if let Some(allowed) = &server.allow {
        made = made.allow(allowed);
    }
    if let Some(timeout) = milliseconds(server.timeout_ms) {
        made = made.timeout(timeout);
    }
    match milliseconds(server.connect_timeout_ms) {
        Some(timeout) => made.connect_timeout(timeout),
        None => made,
    }
}

const fn class(effect: Effect) -> EffectClass {
    match effect {
        Effect::Read => EffectClass::Read,
        Effect::Write => EffectClass::Write,
        Effect::Irreversible => EffectClass::Irreversible,
    }
}

fn milliseconds(n: Option<u64>) -> Option<Duration> {
    n.map(Duration::from_millis)
}
