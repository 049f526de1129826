//! A server behind an address, on loopback.

use std::{net::SocketAddr, sync::Arc};

use antiphon_core::Code;
use antiphon_mcp::McpServer;
use futures_util::StreamExt as _;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

use crate::{
    server::Ours,
    support::{World, soon},
};

/// Serves `ours` for as long as the set of tasks lives.
fn serve(listener: TcpListener, ours: Ours) -> JoinSet<()> {
    let config = StreamableHttpServerConfig::default();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(ours.clone()), sessions, config);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service = TowerToHyperService::new(service.clone());
            connections.spawn(async move {
                let server = hyper::server::conn::http1::Builder::new();
                // It fails when the client hangs up.
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    tasks
}

async fn listener(address: &str) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(address).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn at(address: SocketAddr) -> McpServer {
    McpServer::url("web", format!("http://{address}/mcp"))
}

#[tokio::test]
async fn its_tools_are_called_and_change() {
    let world = World::new();
    let (listener, address) = listener("127.0.0.1:0").await;
    let _server = serve(listener, Ours::default());
    let tools = soon(at(address).prefix("web_").connect(&world.set)).await.unwrap();
    assert_eq!(soon(world.call("web_add", r#"{"a": 2, "b": 40}"#)).await, "42");
    let mut changes = tools.changes();
    assert_eq!(soon(world.call("web_grow", "{}")).await, "grown");
    soon(changes.changed()).await.unwrap();
    assert!(tools.tools().contains(&"web_grown".to_owned()));
    soon(tools.close()).await;
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_there() {
    let world = World::new();
    let (listener, address) = listener("127.0.0.1:0").await;
    let ours = Ours::default();
    let _server = serve(listener, ours.clone());
    let _tools = soon(at(address).connect(&world.set)).await.unwrap();
    let mut hanging = world.run("hang", "{}");
    soon(hanging.next()).await.unwrap();
    tokio::select! {
        event = hanging.next() => panic!("{event:?}"),
        called = soon(ours.calls.acquire()) => called.unwrap().forget(),
    }
    drop(hanging);
    soon(ours.cancelled.acquire()).await.unwrap().forget();
}

#[tokio::test]
async fn a_huge_result_costs_its_call() {
    let world = World::new();
    let (listener, address) = listener("127.0.0.1:0").await;
    let _server = serve(listener, Ours::default());
    let _tools = soon(at(address).connect(&world.set)).await.unwrap();
    let failed = soon(world.call("huge", "{}")).await;
    assert!(failed.starts_with("error: "), "{}", &failed[..200]);
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
}

#[tokio::test]
async fn a_server_that_was_restarted_is_found_again() {
    let world = World::new();
    let (first, address) = listener("127.0.0.1:0").await;
    let server = serve(first, Ours::default());
    let _tools = soon(at(address).connect(&world.set)).await.unwrap();
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
    drop(server);
    let failed = soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await;
    assert!(failed.contains("The MCP server \"web\" was lost"), "{failed}");
    let (again, _) = listener(&address.to_string()).await;
    let _server = serve(again, Ours::default());
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
}

/// Serves one answer to every request, and hands out the requests' texts.
async fn canned(answer: String) -> (SocketAddr, JoinSet<()>, tokio::sync::mpsc::Receiver<String>) {
    let (listener, address) = listener("127.0.0.1:0").await;
    let (tx, seen) = tokio::sync::mpsc::channel(16);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 16 * 1024];
            let n = stream.read(&mut bytes).await.unwrap();
            // A test that does not look does not stop the server.
            let _ = tx.try_send(String::from_utf8_lossy(&bytes[..n]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (address, tasks, seen)
}

fn response(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn refused_credentials_are_said_and_not_shown() {
    let challenge = "www-authenticate: Bearer realm=\"x\"\r\n";
    for headers in [challenge, ""] {
        let answer = response("401 Unauthorized", headers, "no, token-of-the-user is wrong");
        let (address, _server, mut seen) = canned(answer).await;
        let world = World::new();
        let server = at(address).header("Authorization", "Bearer token-of-the-user");
        let error = soon(server.connect(&world.set)).await.unwrap_err();
        assert_eq!(error.code(), Code::Unauthorized, "{error}");
        let request = seen.recv().await.unwrap();
        assert!(request.contains("Bearer token-of-the-user"), "{request}");
        assert!(!format!("{error} {error:?}").contains("token-of"), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_server_is_told() {
    let page = response("200 OK", "content-type: text/html\r\n", "<html>Welcome</html>");
    let missing = response("404 Not Found", "", "nothing here");
    let broken = response("500 Internal Server Error", "", "");
    let moved = response("302 Found", "location: https://elsewhere.example/\r\n", "");
    for (answer, said) in [(page, "text/html"), (missing, "404"), (broken, "500"), (moved, "302")] {
        let (address, _server, _) = canned(answer).await;
        let world = World::new();
        let error = soon(at(address).connect(&world.set)).await.unwrap_err();
        assert!(error.detail().contains(said), "{said} in {error}");
        assert!(!error.detail().contains("127.0.0.1"), "no address: {error}");
    }
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let (listener, address) = listener("127.0.0.1:0").await;
    drop(listener);
    let error = soon(at(address).connect(&World::new().set)).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let (_listener, address) = listener("127.0.0.1:0").await;
    let server = at(address).connect_timeout(std::time::Duration::from_millis(200));
    let error = soon(server.connect(&World::new().set)).await.unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
}

#[tokio::test]
async fn a_header_that_is_none_is_refused_without_its_value() {
    let server = McpServer::url("web", "http://127.0.0.1:9/").header("X-Key", "secret\nkey");
    let error = soon(server.connect(&World::new().set)).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidInput);
    assert!(error.detail().contains("X-Key") && !error.detail().contains("secret"), "{error}");
}
