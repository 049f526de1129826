//! Servers that die, hang, flood and speak something else: what it costs, and what is said of it.

use std::sync::atomic::Ordering;

use antiphon_core::Code;
use antiphon_tools::{EffectClass, FunctionTool, ToolSpec};
use serde_json::json;

use super::world::{
    HANG_UP, LONG, World, civil, method, notification, result, text, tool, with_tool,
};

#[tokio::test(start_paused = true)]
async fn a_server_that_never_greets_is_given_up() {
    let world = World::new(|_| vec!["Starting up...".to_owned()]);
    let error = world.server.clone().connect(&world.set).await.unwrap_err();
    assert_eq!(error.code(), Code::Timeout);
    assert!(error.detail().contains("not ready within 10s"), "{error}");
    assert!(error.detail().contains("it sent \"Starting up...\""), "{error}");
    assert!(world.set.freeze().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_at_once_says_so() {
    let world = World::new(|_| vec![HANG_UP.to_owned()]);
    let error = world.server.clone().connect(&world.set).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.detail().contains("closed the connection"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_none_is_a_breach_of_the_protocol() {
    for answer in [json!({"hello": "world"}), json!({"tools": []})] {
        let world = World::new(move |m| vec![result(m, &answer)]);
        let error = world.server.clone().connect(&world.set).await.unwrap_err();
        assert_eq!(error.code(), Code::Protocol, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn lines_that_are_no_messages_are_passed_over() {
    let noise =
        || ["", "DEBUG: got it", "{\"jsonrpc\": ", "[1]", "null", "\u{7}"].map(str::to_owned);
    let world = World::new(move |m| {
        let answer = if method(m) == "tools/call" {
            vec![text(m, "ok")]
        } else {
            civil(m, &json!([tool("t")]))
        };
        noise().into_iter().chain(answer).chain(noise()).collect()
    });
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "ok");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_one_all_the_same() {
    let world = World::new(with_tool(|m| {
        vec![json!({"jsonrpc": "2.0", "id": m["id"], "outcome": "fine"}).to_string()]
    }));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let text = world.call("t", "{}").await;
    assert!(text.contains("answer is not as the protocol says"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_long_costs_its_call() {
    let world = World::new(with_tool(|m| {
        if m["params"]["arguments"]["long"] == true {
            vec![text(m, &"x".repeat(5 * 1024 * 1024))]
        } else {
            vec![text(m, &"y".repeat(1024 * 1024))]
        }
    }));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let failed = world.call("t", r#"{"long": true}"#).await;
    assert!(failed.contains("a message of more than 4194304 bytes"), "{failed}");
    let cut = world.call("t", "{}").await;
    assert!(cut.ends_with("[cut: the first 16384 of 1048576 bytes]"), "{}", cut.len());
    assert_eq!(world.connections.load(Ordering::Relaxed), 1, "the connection stands");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_notifications_ends_the_connection_and_nothing_else() {
    let world = World::new(with_tool(|m| match m["params"]["arguments"]["flood"].as_bool() {
        Some(true) => vec![notification("notifications/message"); 20_000],
        _ => vec![text(m, "ok")],
    }));
    let ours = ToolSpec::new("ours", "Ours.");
    world.set.register(FunctionTool::raw(ours, |_, _| async { Ok("here".into()) })).unwrap();
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let failed = world.call("t", r#"{"flood": true}"#).await;
    assert!(failed.contains("floods the connection"), "{failed}");
    assert_eq!(world.call("ours", "{}").await, "here");
    tokio::time::advance(LONG).await;
    assert_eq!(world.call("t", "{}").await, "ok", "it is connected again");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_bytes_ends_the_connection() {
    let world = World::new(with_tool(|_| vec!["x".repeat(3 * 1024 * 1024); 40]));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let failed = world.call("t", "{}").await;
    assert!(failed.contains("floods the connection"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_and_does_not_read_is_left() {
    let ping = |n: u32| json!({"jsonrpc": "2.0", "id": n, "method": "ping"}).to_string();
    let world = World::new(with_tool(move |_| (0..5000).map(ping).collect()));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let failed = world.call("t", "{}").await;
    assert!(failed.contains("it has stopped reading"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn questions_are_answered_without_asking_anybody() {
    let world = World::new(with_tool(|m| {
        let ask = |id: &str, method: &str, params: serde_json::Value| {
            json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
        };
        let sample = json!({"messages": [], "maxTokens": 1});
        vec![ask("p", "ping", json!({})), ask("s", "sampling/createMessage", sample), text(m, "ok")]
    }));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "ok");
    let mut answers = vec![world.next("").await, world.next("").await];
    answers.sort_by_key(|answer| answer["id"].to_string());
    assert_eq!(answers[0]["result"], json!({}), "{answers:?}");
    assert!(answers[1]["error"]["code"].is_number(), "{answers:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_in_a_call_is_connected_again_by_the_next() {
    let world = World::new(with_tool(|m| match m["params"]["arguments"]["die"].as_bool() {
        Some(true) => vec![HANG_UP.to_owned()],
        _ => vec![text(m, "ok")],
    }));
    let server = world.server.clone();
    let tools = server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "ok");
    let failed = world.call("t", r#"{"die": true}"#).await;
    assert!(failed.contains("The MCP server \"stub\" was lost"), "{failed}");
    assert!(failed.ends_with("do not just repeat it."), "it may have had an effect: {failed}");
    assert!(!tools.is_connected());
    assert_eq!(tools.tools(), ["t"], "they stay");
    assert_eq!(world.call("t", "{}").await, "ok");
    tools.close().await;
    let _tools = server.effect("t", EffectClass::Read).connect(&world.set).await.unwrap();
    let failed = world.call("t", r#"{"die": true}"#).await;
    assert!(failed.ends_with("was lost."), "nothing can have happened: {failed}");
}

#[tokio::test(start_paused = true)]
async fn tries_that_come_to_nothing_are_further_and_further_apart() {
    let world = World::new(with_tool(|_| vec![HANG_UP.to_owned()]));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    // A call once a second, for an hour, to a server that dies in each.
    for _ in 0..3600 {
        assert!(world.call("t", "{}").await.starts_with("error: "));
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
    }
    let connections = world.connections.load(Ordering::Relaxed);
    assert!((50..80).contains(&connections), "{connections}");
    let told = world.call("t", "{}").await;
    assert!(told.contains("the next try is in"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn without_its_handle_a_server_and_its_tools_are_gone() {
    let world = World::new(with_tool(|_| vec![]));
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    let running = world.started("t").await;
    drop(tools);
    assert!(world.set.freeze().is_empty());
    let events: Vec<_> = futures_util::StreamExt::collect(running).await;
    let failed = super::world::outcome(&events);
    assert!(failed.contains("was lost"), "{failed}");
}
