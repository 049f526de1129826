//! A server within the process that answers line by line as a test wants it to, and a session's
//! end of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_core::{BoxFuture, Clock, Timestamp, TurnId};
use antiphon_tools::{Request, Runner, ToolCall, ToolEvent, ToolSet};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex},
    sync::{Mutex, mpsc},
};

use crate::{McpServer, server::Reach};

/// What a server writes to a message, whole lines; without anything it stays silent.
pub(crate) type Behave = dyn Fn(&Value) -> Vec<String> + Send + Sync;

/// Makes a server hang up instead of writing a line.
pub(crate) const HANG_UP: &str = "\0";

/// Tokio's time, which tests stop.
#[derive(Debug)]
pub(crate) struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let at = self.0 + at.since(Timestamp::ZERO);
        Box::pin(tokio::time::sleep_until(at))
    }
}

/// A session with the tools of one server.
pub(crate) struct World {
    pub(crate) set: ToolSet,
    pub(crate) server: McpServer,
    /// Every message the server got.
    pub(crate) seen: Mutex<mpsc::Receiver<Value>>,
    pub(crate) connections: Arc<AtomicUsize>,
    runner: Runner,
    calls: AtomicUsize,
}

impl World {
    /// A world whose server is called `stub` and does `behave`.
    pub(crate) fn new(behave: impl Fn(&Value) -> Vec<String> + Send + Sync + 'static) -> Self {
        let behave: Arc<Behave> = Arc::new(behave);
        let (tx, seen) = mpsc::channel(1024);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let streams = move || {
            count.fetch_add(1, Ordering::Relaxed);
            let (ours, theirs) = duplex(4096);
            tokio::spawn(serve(theirs, Arc::clone(&behave), tx.clone()));
            ours
        };
        let server = McpServer::new("stub".to_owned(), Reach::Streams(Arc::new(streams)));
        let clock = Arc::new(TokioClock(tokio::time::Instant::now()));
        Self {
            set: ToolSet::new(),
            server,
            seen: Mutex::new(seen),
            connections,
            runner: Runner::new("s1", clock),
            calls: AtomicUsize::new(0),
        }
    }

    /// All events of a call.
    pub(crate) async fn events(&self, tool: &str, arguments: &str) -> Vec<ToolEvent> {
        self.runner.run(&self.set.freeze(), &self.request(tool, arguments)).collect().await
    }

    /// The text a call comes to, marked if it failed.
    pub(crate) async fn call(&self, tool: &str, arguments: &str) -> String {
        outcome(&self.events(tool, arguments).await)
    }

    /// A running call, which has been sent.
    pub(crate) async fn started(&self, tool: &str) -> antiphon_tools::ToolExecutionStream {
        let mut stream = self.runner.run(&self.set.freeze(), &self.request(tool, "{}"));
        assert!(matches!(stream.next().await, Some(ToolEvent::Started { .. })));
        // The call goes out when it is waited for.
        let mut seen = self.seen.lock().await;
        loop {
            tokio::select! {
                event = stream.next() => panic!("it ended: {event:?}"),
                message = seen.recv() => if method(&message.unwrap()) == "tools/call" { break },
            }
        }
        drop(seen);
        stream
    }

    /// The next message the server gets by `method`.
    pub(crate) async fn next(&self, wanted: &str) -> Value {
        let mut seen = self.seen.lock().await;
        loop {
            let message = seen.recv().await.unwrap();
            if method(&message) == wanted {
                return message;
            }
        }
    }

    /// How many messages by `method` the server has got and nobody has looked at.
    pub(crate) fn count(&self, wanted: &str) -> usize {
        let mut seen = self.seen.try_lock().unwrap();
        let all = std::iter::from_fn(|| seen.try_recv().ok());
        all.filter(|message| method(message) == wanted).count()
    }

    fn request(&self, tool: &str, arguments: &str) -> Request {
        let n = self.calls.fetch_add(1, Ordering::Relaxed);
        let (id, name) = (format!("c{n}"), tool.to_owned());
        let call = ToolCall { id, name, arguments: arguments.to_owned() };
        // A turn for each call: the guard against repeated calls is not what is tested here.
        let turn = TurnId(u32::try_from(n).unwrap() + 1);
        Request { confirmed: true, ..Request::new(call, turn) }
    }
}

pub(crate) fn outcome(events: &[ToolEvent]) -> String {
    let result = events.iter().find_map(ToolEvent::outcome).unwrap();
    format!("{}{}", if result.is_error { "error: " } else { "" }, result.text)
}

async fn serve(io: DuplexStream, behave: Arc<Behave>, seen: mpsc::Sender<Value>) {
    let (read, mut write) = tokio::io::split(io);
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let message: Value = serde_json::from_str(&line).unwrap();
        let answers = behave(&message);
        // A test that does not look does not stop the server.
        let _ = seen.try_send(message);
        for mut answer in answers {
            if answer == HANG_UP {
                return;
            }
            answer.push('\n');
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

pub(crate) fn method(message: &Value) -> &str {
    message["method"].as_str().unwrap_or_default()
}

/// The answer to `message`.
pub(crate) fn result(message: &Value, result: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": message["id"], "result": result}).to_string()
}

pub(crate) fn notification(method: &str) -> String {
    json!({"jsonrpc": "2.0", "method": method}).to_string()
}

/// A tool as a server lists it.
pub(crate) fn tool(name: &str) -> Value {
    json!({"name": name, "description": "For a test.", "inputSchema": {"type": "object"}})
}

/// What any server does: it greets, lists `tools` and answers nothing else.
pub(crate) fn civil(message: &Value, tools: &Value) -> Vec<String> {
    match method(message) {
        "initialize" => {
            let info = json!({
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": true}},
                "serverInfo": {"name": "stub", "version": "1"},
            });
            vec![result(message, &info)]
        }
        "tools/list" => vec![result(message, &json!({"tools": tools}))],
        _ => vec![],
    }
}

/// A server with the one tool `t`, whose calls are answered by `call`.
pub(crate) fn with_tool(
    call: impl Fn(&Value) -> Vec<String> + Send + Sync + 'static,
) -> impl Fn(&Value) -> Vec<String> + Send + Sync + 'static {
    move |message| match method(message) {
        "tools/call" => call(message),
        _ => civil(message, &json!([tool("t")])),
    }
}

pub(crate) fn text(message: &Value, text: &str) -> String {
    result(message, &json!({"content": [{"type": "text", "text": text}]}))
}

/// Far longer than anything takes here; time is virtual.
pub(crate) const LONG: Duration = Duration::from_secs(3600);
