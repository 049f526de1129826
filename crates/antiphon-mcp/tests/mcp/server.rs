//! Our own server, made with rmcp. As a process it is this very program, run again for
//! [`serve_when_asked`] alone; what else the test harness prints is noise a client must stand.

use std::{
    env,
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_mcp::McpServer;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
    },
    service::{RequestContext, serve_server},
    transport::stdio,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};

/// Set, this program is a server: `good`, or with a fault.
const MODE: &str = "TEST_SERVER";

/// Where a server reports, so that a test sees when its process is gone.
pub(crate) const REPORT: &str = "TEST_REPORT";

/// The server as a process, with a fault or `good`.
pub(crate) fn process(mode: &str) -> McpServer {
    let program = env::current_exe().unwrap();
    ["server::serve_when_asked", "--exact", "--nocapture", "--quiet", "--test-threads=2"]
        .into_iter()
        .fold(McpServer::command("ours", program.to_str().unwrap()), McpServer::arg)
        .env(MODE, mode)
}

/// Is the server, if it was started as one; as a test it checks that one is needed for that.
#[test]
fn serve_when_asked() {
    let Ok(mode) = env::var(MODE) else {
        assert_eq!(env::var(REPORT).ok(), None);
        return;
    };
    // Ends the line of the harness.
    println!();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(run(&mode));
}

async fn run(mode: &str) {
    let mut grandchild = None;
    if mode == "stubborn" {
        // Neither the end of its input nor being asked ends it, nor its child.
        let ignoring = "trap '' TERM; while :; do sleep 100 & wait; done";
        let mut sleeper = std::process::Command::new("sh");
        sleeper.args(["-c", ignoring]).stdin(std::process::Stdio::null());
        grandchild = Some(sleeper.spawn().unwrap());
        tokio::spawn(async {
            let mut terminate =
                tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
            while terminate.recv().await.is_some() {}
        });
    }
    let mut _report = None;
    if let (Ok(address), Some(grandchild)) = (env::var(REPORT), &grandchild) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let pids = format!("{} {}", std::process::id(), grandchild.id());
        stream.write_all(pids.as_bytes()).await.unwrap();
        _report = Some(stream);
    }
    if mode == "chatty" {
        let line = [b'e'; 1023];
        for _ in 0..16 * 1024 {
            std::io::stderr().write_all(&line).unwrap();
            std::io::stderr().write_all(b"\n").unwrap();
        }
    }
    let service = serve_server(Ours::default(), stdio()).await.unwrap();
    service.waiting().await.unwrap();
    if grandchild.is_some() {
        std::future::pending::<()>().await;
    }
}

/// What a test sees of a server in its own process.
#[derive(Clone)]
pub(crate) struct Ours {
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) cancelled: Arc<Semaphore>,
    grown: Arc<AtomicBool>,
}

impl Default for Ours {
    fn default() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        Self { calls: none(), cancelled: none(), grown: Arc::default() }
    }
}

impl ServerHandler for Ours {
    fn get_info(&self) -> ServerConfig {
        let tools = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        ServerConfig::new(tools)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = |value: serde_json::Value| value.as_object().unwrap().clone();
        let any = || schema(json!({"type": "object"}));
        let add = schema(json!({
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        }));
        let mut tools = vec![
            Tool::new("add", "Adds two numbers.", add)
                .with_annotations(ToolAnnotations::new().read_only(true)),
            Tool::new("environment", "Lists the environment.", any()),
            Tool::new("huge", "Says a lot.", any()),
            Tool::new("grow", "Gets another tool.", any()),
            Tool::new("hang", "Never answers.", any()),
            Tool::new("die", "Ends the server.", any()),
        ];
        if self.grown.load(Ordering::Relaxed) {
            tools.push(Tool::new("grown", "Was not there before.", any()));
        }
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        call: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.calls.add_permits(1);
        let arguments = call.arguments.unwrap_or_default();
        let text = match call.name.as_ref() {
            "add" => {
                let n = |name: &str| arguments[name].as_i64().unwrap();
                (n("a") + n("b")).to_string()
            }
            "environment" => {
                let mut names: Vec<_> = env::vars().map(|(name, _)| name).collect();
                names.sort();
                names.join(" ")
            }
            "huge" => "x".repeat(8 * 1024 * 1024),
            "grow" => {
                self.grown.store(true, Ordering::Relaxed);
                context.peer.notify_tool_list_changed().await.unwrap();
                "grown".to_owned()
            }
            "hang" => {
                context.ct.cancelled().await;
                self.cancelled.add_permits(1);
                "cancelled".to_owned()
            }
            _ => {
                eprintln!("out of tables, key {}", env::var("SERVICE_KEY").unwrap());
                std::process::exit(3)
            }
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

/// Waits until the other end of `stream` is closed by the end of whoever held it.
pub(crate) async fn until_gone(mut stream: TcpStream) {
    let mut all = Vec::new();
    let read = stream.read_to_end(&mut all);
    // Killed, it may also be reset.
    let _ = tokio::time::timeout(Duration::from_secs(60), read).await.expect("it lives on");
}
