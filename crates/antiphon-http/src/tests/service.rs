//! A service that answers every request alike, and a way to call a tool.

use antiphon_core::Result;
use antiphon_tools::{EffectClass, RunContext, Tool, ToolSpec};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
    task::JoinSet,
};

use crate::{HttpTool, Method};

/// What a service was asked.
#[derive(Debug)]
pub(crate) struct Asked {
    /// `GET /path?query`.
    pub(crate) line: String,
    head: String,
    pub(crate) body: String,
}

impl Asked {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fits = |line: &&str| line.to_lowercase().starts_with(&format!("{name}:"));
        Some(self.head.lines().find(fits)?.split_once(':')?.1.trim())
    }
}

pub(crate) struct Service {
    pub(crate) origin: String,
    asked: mpsc::Receiver<Asked>,
    _tasks: JoinSet<()>,
}

impl Service {
    /// Answers with `answer` as it stands, and hangs up.
    pub(crate) async fn raw(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (tx, asked) = mpsc::channel(16);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut bytes = Vec::new();
                let asked = loop {
                    let mut piece = [0; 4096];
                    let n = stream.read(&mut piece).await.unwrap();
                    bytes.extend(&piece[..n]);
                    if let Some(asked) = complete(&bytes) {
                        break asked;
                    }
                };
                tx.send(asked).await.unwrap();
                // It fails when the tool has read enough.
                let _ = stream.write_all(&answer).await;
            }
        });
        Self { origin, asked, _tasks: tasks }
    }

    pub(crate) async fn new(status: &str, body: &str) -> Self {
        Self::raw(response(status, body)).await
    }

    pub(crate) async fn asked(&mut self) -> Asked {
        self.asked.recv().await.unwrap()
    }
}

pub(crate) fn response(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn complete(bytes: &[u8]) -> Option<Asked> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let (line, head) = head.split_once("\r\n")?;
    let line = line.strip_suffix(" HTTP/1.1").unwrap().to_owned();
    let asked = Asked { line, head: head.to_owned(), body: body.to_owned() };
    let length = asked.header("content-length").map_or(0, |n| n.parse().unwrap());
    (body.len() >= length).then_some(asked)
}

/// A tool with the parameters `a`, `b` and `c`, of any type.
pub(crate) fn spec(effect: EffectClass) -> ToolSpec {
    let parameters = json!({"type": "object", "properties": {"a": {}, "b": {}, "c": {}}});
    ToolSpec::new("t", "For a test.").with_parameters(parameters).with_effect(effect)
}

pub(crate) fn tool(method: Method, url: &str) -> Result<HttpTool> {
    HttpTool::new(spec(EffectClass::Read), method, url, [] as [(&str, &str); 0])
}

/// The text a call comes to, marked if it failed.
pub(crate) async fn call(tool: &HttpTool, arguments: Value) -> String {
    match tool.call(RunContext::detached(), arguments).await {
        Ok(text) => text,
        Err(e) => format!("error: {}", e.message()),
    }
}
