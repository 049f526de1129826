//! Tools of an MCP server, as an agent file names them. The server is this program, run again.
//!
//! `cargo run --release -p antiphon-examples --bin mcp`
#![expect(clippy::print_stdout, reason = "an example shows what happens")]

use std::{env, io, path::Path, sync::Arc};

use antiphon::{
    TurnId,
    config::{Sources, Tool, load},
    prelude::*,
    remote_tools,
    tools::{Request, Runner, ToolCall, ToolSet},
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some("serve") {
        return serve().map_err(|e| Error::new("serve", Code::StreamError, e.to_string()));
    }
    let program = env::current_exe().unwrap_or_default();
    let over = ["command=".to_owned() + &program.to_string_lossy(), "args=[serve]".to_owned()];
    let over = over.map(|set| format!("tools.0.mcp.{set}"));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("agents/handbook.yaml");
    let agent = load(&file, &Sources::none().with_set(over.to_vec()))?;

    // A server's tools join whatever else is in the set, for as long as `server` lives.
    let tools = ToolSet::new();
    let Some(Tool::Mcp(named)) = agent.agent().tools.first() else { return Ok(()) };
    let server = remote_tools::mcp_server(named).connect(&tools).await?;
    for tool in tools.freeze().specs() {
        println!("{}: {} ({:?})", tool.name, tool.description, tool.effect);
    }

    // Its calls are checked, bounded and timed out like those of any other tool.
    let runner = Runner::new("example", Arc::new(SessionClock::new(Pace::RealTime)));
    for (n, arguments) in (1..).zip([r#"{"topic": "reset"}"#, "{}"]) {
        let (id, name) = (format!("call-{n}"), "handbook_search".to_owned());
        let call = ToolCall { id, name, arguments: arguments.to_owned() };
        let mut events = runner.run(&tools.freeze(), &Request::new(call, TurnId(n)));
        while let Some(event) = events.next().await {
            if let Some(result) = event.outcome() {
                let kind = if result.is_error { "refused" } else { "answer" };
                println!("{kind}: {}", result.text.replace('\n', " "));
            }
        }
    }
    server.close().await;
    println!("tools left: {}", tools.freeze().names().count());
    Ok(())
}

/// The least a server does. A real one would use an SDK.
fn serve() -> io::Result<()> {
    for line in io::stdin().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let result = match request.get("method").and_then(Value::as_str) {
            Some("initialize") => json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "handbook", "version": "1"},
            }),
            Some("tools/list") => json!({"tools": [{
                "name": "search",
                "description": "Finds a page of the handbook.",
                "inputSchema": {"type": "object", "required": ["topic"],
                                "properties": {"topic": {"type": "string"}}},
            }]}),
            Some("tools/call") => {
                json!({"content": [{"type": "text", "text": "Hold the button for ten seconds."}]})
            }
            _ => continue,
        };
        println!("{}", json!({"jsonrpc": "2.0", "id": request.get("id"), "result": result}));
    }
    Ok(())
}
