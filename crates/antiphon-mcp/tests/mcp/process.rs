//! A server that is started as a process.

use antiphon_core::Code;
use antiphon_mcp::McpServer;
use futures_util::StreamExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::{
    server::{REPORT, process, until_gone},
    support::{World, soon},
};

#[tokio::test]
async fn its_tools_are_called() {
    let world = World::new();
    let tools = soon(process("good").connect(&world.set)).await.unwrap();
    assert_eq!(tools.tools(), ["add", "die", "environment", "grow", "hang", "huge"]);
    assert_eq!(tools.skipped(), []);
    assert_eq!(soon(world.call("add", r#"{"a": 2, "b": 40}"#)).await, "42");
    let failed = soon(world.call("add", r#"{"a": 2}"#)).await;
    assert!(failed.contains("/b: is required"), "{failed}");
    soon(tools.close()).await;
    assert!(world.set.freeze().is_empty());
}

#[tokio::test]
async fn it_gets_what_it_was_given_of_our_environment() {
    let world = World::new();
    let server = process("good").env("SERVICE_KEY", "secret-of-the-service");
    let _tools = soon(server.connect(&world.set)).await.unwrap();
    let names = soon(world.call("environment", "{}")).await;
    let names: Vec<_> = names.split(' ').collect();
    assert!(names.contains(&"PATH") && names.contains(&"SERVICE_KEY"), "{names:?}");
    // Cargo sets these for tests, and a server is told of none.
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
}

#[tokio::test]
async fn it_tells_when_its_tools_change() {
    let world = World::new();
    let tools = soon(process("good").connect(&world.set)).await.unwrap();
    let mut changes = tools.changes();
    assert_eq!(soon(world.call("grow", "{}")).await, "grown");
    soon(changes.changed()).await.unwrap();
    assert!(tools.tools().contains(&"grown".to_owned()));
}

#[tokio::test]
async fn what_it_writes_to_its_error_output_does_not_stop_it() {
    let world = World::new();
    let _tools = soon(process("chatty").connect(&world.set)).await.unwrap();
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
}

#[tokio::test]
async fn a_huge_result_costs_its_call() {
    let world = World::new();
    let _tools = soon(process("good").connect(&world.set)).await.unwrap();
    let failed = soon(world.call("huge", "{}")).await;
    assert!(failed.contains("a message of more than 4194304 bytes"), "{failed}");
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
}

#[tokio::test]
async fn its_end_is_told_with_its_last_words_and_without_its_secrets() {
    let world = World::new();
    let server = process("good").env("SERVICE_KEY", "secret-of-the-service");
    let tools = soon(server.connect(&world.set)).await.unwrap();
    let failed = soon(world.call("die", "{}")).await;
    assert!(failed.contains("it has ended (exit status: 3)"), "{failed}");
    assert!(failed.contains("out of tables, key <hidden>"), "{failed}");
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2", "it was started again");
    assert!(tools.is_connected());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let world = World::new();
    let server = McpServer::command("ours", "no-such-program-anywhere");
    let error = server.connect(&world.set).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("\"no-such-program-anywhere\" cannot be started"), "{error}");
}

#[tokio::test]
async fn a_program_that_is_no_server_is_told_by_what_it_says() {
    let world = World::new();
    let server = McpServer::command("ours", "sh")
        .arg("-c")
        .arg("echo usage: sh FILE; echo no file >&2; exit 2");
    let error = soon(server.connect(&world.set)).await.unwrap_err();
    for said in ["exit status: 2", "usage: sh FILE", "no file"] {
        assert!(error.detail().contains(said), "{said} in {error}");
    }
}

/// A stubborn server with the streams that it and its child hold open, and its connection.
async fn stubborn(world: &World) -> (antiphon_mcp::McpTools, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = process("stubborn").env(REPORT, address);
    let (tools, accepted) =
        soon(async { tokio::join!(server.connect(&world.set), listener.accept()) }).await;
    (tools.unwrap(), accepted.unwrap().0)
}

/// The ids of the server and its child, as it reports them.
async fn pids(report: &TcpStream) -> Vec<u32> {
    soon(report.readable()).await.unwrap();
    let mut bytes = [0; 64];
    let n = report.try_read(&mut bytes).unwrap();
    let text = std::str::from_utf8(&bytes[..n]).unwrap();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

#[tokio::test]
async fn it_is_killed_when_it_does_not_end() {
    let world = World::new();
    let (tools, report) = stubborn(&world).await;
    let pids = pids(&report).await;
    assert_eq!(pids.len(), 2, "the server and its child");
    soon(tools.close()).await;
    until_gone(report).await;
    assert!(is_gone(pids[0]), "it is reaped");
}

#[tokio::test]
async fn dropping_its_handle_is_enough() {
    let world = World::new();
    let (tools, report) = stubborn(&world).await;
    drop(tools);
    until_gone(report).await;
}

#[test]
fn it_does_not_outlive_its_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = World::new();
    let (tools, report) = runtime.block_on(stubborn(&world));
    let report = report.into_std().unwrap();
    drop(runtime);
    let other = tokio::runtime::Runtime::new().unwrap();
    other.block_on(async { until_gone(TcpStream::from_std(report).unwrap()).await });
    drop(tools);
}

#[tokio::test]
async fn dropping_the_connecting_kills_it() {
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let script = "exec 3<>/dev/tcp/${0%:*}/${0#*:}; sleep 1000";
    let server = McpServer::command("ours", "bash").arg("-c").arg(script).arg(address);
    let mut connecting = Box::pin(server.connect(&world.set));
    let report = tokio::select! {
        accepted = soon(listener.accept()) => accepted.unwrap().0,
        done = &mut connecting => panic!("{done:?}"),
    };
    drop(connecting);
    until_gone(report).await;
}

#[tokio::test]
async fn a_call_that_hangs_can_be_dropped() {
    let world = World::new();
    let _tools = soon(process("good").connect(&world.set)).await.unwrap();
    let mut hanging = world.run("hang", "{}");
    soon(hanging.next()).await;
    drop(hanging);
    assert_eq!(soon(world.call("add", r#"{"a": 1, "b": 1}"#)).await, "2");
}

/// Whether a process is neither running nor waiting to be reaped.
fn is_gone(pid: u32) -> bool {
    !std::path::Path::new("/proc").join(pid.to_string()).exists()
}
