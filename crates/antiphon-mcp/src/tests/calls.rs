//! Calls: arguments, results of every kind, progress, cancelling, effects.

use antiphon_tools::{EffectClass, Failure, ToolEvent};
use serde_json::{Value, json};

use super::world::{World, civil, method, outcome, result, text, tool, with_tool};

#[tokio::test(start_paused = true)]
async fn a_call_brings_its_text() {
    let world =
        World::new(with_tool(|m| vec![text(m, m["params"]["arguments"]["q"].as_str().unwrap())]));
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(
        (tools.name(), tools.tools(), tools.is_connected()),
        ("stub", vec!["t".to_owned()], true)
    );
    assert_eq!(world.call("t", r#"{"q": "hello"}"#).await, "hello");
}

#[tokio::test(start_paused = true)]
async fn results_of_every_kind_become_text() {
    let cases = [
        (json!({"content": []}), "done"),
        (
            json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}),
            "a\nb",
        ),
        (json!({"content": [], "structuredContent": {"n": 1}}), r#"{"n":1}"#),
        (
            json!({"content": [{"type": "text", "text": "one"}], "structuredContent": {"n": 1}}),
            "one",
        ),
        (
            json!({"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"}]}),
            "[image/png, 4 bytes: not shown]",
        ),
        (
            json!({"content": [{"type": "resource", "resource": {"uri": "x:y", "text": "page"}}]}),
            "page",
        ),
        (
            json!({"content": [{"type": "resource_link", "name": "page", "uri": "x:y"}]}),
            "[page: x:y]",
        ),
        (
            json!({"content": [{"type": "text", "text": "no table"}], "isError": true}),
            "error: no table",
        ),
        (json!({"content": [], "isError": true}), "error: The tool failed and does not say why."),
        (json!({"strange": 1}), "error: The server's answer is no result of a tool."),
        (json!("strange"), "error: The server's answer is no result of a tool."),
    ];
    for (answer, expected) in cases {
        let given = answer.clone();
        let world = World::new(with_tool(move |m| vec![result(m, &given)]));
        let _tools = world.server.clone().connect(&world.set).await.unwrap();
        assert_eq!(world.call("t", "{}").await, expected, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_an_error_of_its_own() {
    let refuse = |m: &Value| {
        let error = json!({"code": -32602, "message": "no such room"});
        vec![json!({"jsonrpc": "2.0", "id": m["id"], "error": error}).to_string()]
    };
    let world = World::new(with_tool(refuse));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "error: The call was refused: no such room");
}

#[tokio::test(start_paused = true)]
async fn arguments_are_checked_before_the_server_sees_them() {
    let listed = json!([{
        "name": "book", "description": "Books.",
        "inputSchema": {"type": "object", "required": ["day"], "properties": {"day": {"type": "string"}}},
    }]);
    let world = World::new(move |m| match method(m) {
        "tools/call" => vec![text(m, "booked")],
        _ => civil(m, &listed),
    });
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    assert!(world.call("book", "{}").await.contains("/day: is required"));
    assert_eq!(world.count("tools/call"), 0);
    assert_eq!(world.call("book", r#"{"day": "Monday"}"#).await, "booked");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_is_cancelled_there() {
    let world = World::new(with_tool(|_| vec![]));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let running = world.started("t").await;
    drop(running);
    let cancelled = world.next("notifications/cancelled").await;
    // The request before it was the list, the one before that the greeting.
    assert_eq!(cancelled["params"]["requestId"], 2, "{cancelled}");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_is_timed_out_and_cancelled_there() {
    let world = World::new(with_tool(|_| vec![]));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let events = world.events("t", "{}").await;
    assert!(
        matches!(events.last(), Some(ToolEvent::Failed { why: Failure::Timeout, .. })),
        "{events:?}"
    );
    world.next("notifications/cancelled").await;
}

#[tokio::test(start_paused = true)]
async fn progress_is_passed_on() {
    let world = World::new(with_tool(|m| {
        let token = &m["params"]["_meta"]["progressToken"];
        let report = |rest: Value| {
            let mut params = json!({"progressToken": token, "progress": 1});
            params.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            let method = "notifications/progress";
            json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()
        };
        vec![
            report(json!({"message": "halfway"})),
            report(json!({"total": 2})),
            report(json!({"progressToken": "of nobody"})),
            text(m, "there"),
        ]
    }));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    let events = world.events("t", "{}").await;
    let progress = events.iter().filter_map(|event| {
        if let ToolEvent::Progress { text, .. } = event { Some(text.as_str()) } else { None }
    });
    assert_eq!(progress.collect::<Vec<_>>(), ["halfway", "1 of 2"]);
    assert_eq!(outcome(&events), "there");
}

#[tokio::test(start_paused = true)]
async fn only_calls_with_effects_carry_a_key() {
    let key =
        |m: &Value| m["params"]["_meta"]["antiphon/idempotencyKey"].as_str().map(str::to_owned);
    let world = World::new(with_tool(move |m| vec![text(m, &key(m).unwrap_or_default())]));
    let server = world.server.clone();
    let tools = server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "s1/turn1/c0");
    tools.close().await;
    let _tools = server.effect("t", EffectClass::Read).connect(&world.set).await.unwrap();
    assert_eq!(world.call("t", "{}").await, "done", "an empty text");
}

#[tokio::test(start_paused = true)]
async fn effects_come_from_hints_unless_they_are_set() {
    let hinted = |name: &str, hints: Value| {
        let mut tool = tool(name);
        tool["annotations"] = hints;
        tool
    };
    let listed = json!([
        tool("plain"),
        hinted("reads", json!({"readOnlyHint": true})),
        hinted("destroys", json!({"destructiveHint": true})),
        hinted("adds", json!({"destructiveHint": false})),
        hinted("lies", json!({"readOnlyHint": true})),
    ]);
    let world = World::new(move |m| civil(m, &listed));
    let server = world.server.clone().effect("lies", EffectClass::Irreversible);
    let _tools = server.connect(&world.set).await.unwrap();
    let effects: Vec<_> =
        world.set.freeze().specs().map(|spec| (spec.name.clone(), spec.effect)).collect();
    let expected = [
        ("adds", EffectClass::Write),
        ("destroys", EffectClass::Irreversible),
        ("lies", EffectClass::Irreversible),
        ("plain", EffectClass::Write),
        ("reads", EffectClass::Read),
    ];
    assert_eq!(effects, expected.map(|(name, effect)| (name.to_owned(), effect)));
}
