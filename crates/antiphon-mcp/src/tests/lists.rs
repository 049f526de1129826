//! What a server lists, and what becomes of it in the set.

use std::sync::{Arc, Mutex};

use antiphon_tools::{FunctionTool, ToolSpec};
use serde_json::{Value, json};

use super::world::{LONG, World, civil, method, notification, result, text, tool};

/// A server whose list can be changed, and which then says so before it answers `poke`.
fn changing(first: Value) -> (World, Arc<Mutex<Value>>) {
    let list = Arc::new(Mutex::new(first));
    let listed = Arc::clone(&list);
    let world = World::new(move |m| match method(m) {
        "tools/call" => {
            let changed = notification("notifications/tools/list_changed");
            vec![changed.clone(), changed, text(m, "ok")]
        }
        _ => civil(m, &listed.lock().unwrap()),
    });
    (world, list)
}

fn names(world: &World) -> Vec<String> {
    world.set.freeze().names().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_changed_list_changes_the_set_between_replies() {
    let (world, list) = changing(json!([tool("poke"), tool("old"), tool("changes")]));
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    let mut changes = tools.changes();
    let frozen = world.set.freeze();
    let mut other = tool("changes");
    other["description"] = "Another one.".into();
    *list.lock().unwrap() = json!([tool("poke"), tool("new"), other]);
    assert_eq!(world.call("poke", "{}").await, "ok");
    changes.changed().await.unwrap();
    assert_eq!(names(&world), ["changes", "new", "poke"]);
    assert_eq!(world.set.freeze().spec("changes").unwrap().description, "Another one.");
    assert_eq!(frozen.names().collect::<Vec<_>>(), ["changes", "old", "poke"], "as it was");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_always_says_so_is_asked_once_a_second() {
    let (world, _) = changing(json!([tool("poke")]));
    let _tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(world.count("tools/list"), 1);
    for _ in 0..100 {
        assert_eq!(world.call("poke", "{}").await, "ok");
    }
    assert!(world.count("tools/list") <= 2, "200 notifications within no time");
}

#[tokio::test(start_paused = true)]
async fn broken_tools_cost_themselves() {
    let listed = json!([
        tool("good"),
        {"name": "text", "description": "x", "inputSchema": "none"},
        {"name": "list", "description": "x", "inputSchema": {"type": "array"}},
        {"name": "reference", "description": "x", "inputSchema": {"type": "object", "properties": {"a": {"$ref": "https://schemas.example/a"}}}},
        {"name": "pattern", "description": "x", "inputSchema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "("}}}},
        {"name": "wide", "description": "x", "inputSchema": {"type": "object", "description": "x".repeat(100_000)}},
        {"name": "n".repeat(100), "description": "x", "inputSchema": {"type": "object"}},
        {"name": "no.schema"},
        tool("twice"),
        tool("twice"),
        7,
        {"name": "bare", "inputSchema": {}},
    ]);
    let world = World::new(move |m| civil(m, &listed));
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(tools.tools(), ["bare", "good", "twice"]);
    assert_eq!(world.set.freeze().spec("bare").unwrap().description, "The tool bare of stub.");
    let skipped: Vec<_> = tools.skipped().iter().map(ToString::to_string).collect();
    assert_eq!(skipped.len(), 9, "{skipped:#?}");
    for (name, why) in [
        ("text", "not described as the protocol says"),
        ("list", "arguments must be an object"),
        ("reference", "not a JSON schema"),
        ("pattern", "not a JSON schema"),
        ("wide", "a schema of 1000"),
        ("nnn", "no name for a tool"),
        ("no.schema", "not described as the protocol says"),
        ("twice", "listed twice"),
        ("?", "not described as the protocol says"),
    ] {
        let found = skipped.iter().any(|s| s.contains(name) && s.contains(why));
        assert!(found, "{name}: {why} in {skipped:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn allowed_tools_only_under_their_prefix() {
    let listed = json!([tool("search"), tool("read/page"), tool("delete")]);
    let world = World::new(move |m| match method(m) {
        "tools/call" => vec![text(m, m["params"]["name"].as_str().unwrap())],
        _ => civil(m, &listed),
    });
    let server = world.server.clone().prefix("hb_").allow(["search", "read/page", "serach"]);
    let tools = server.connect(&world.set).await.unwrap();
    assert_eq!(tools.tools(), ["hb_read_page", "hb_search"]);
    assert_eq!(world.call("hb_read_page", "{}").await, "read/page", "its own name there");
    let skipped = tools.skipped();
    assert_eq!(skipped.len(), 1);
    assert_eq!(skipped[0].to_string(), "\"serach\": is allowed, but the server lists no such tool");
}

#[tokio::test(start_paused = true)]
async fn a_name_of_another_tool_is_not_taken_over() {
    let world = World::new(|m| civil(m, &json!([tool("clock"), tool("mine")])));
    let clock = ToolSpec::new("clock", "Ours.");
    world.set.register(FunctionTool::raw(clock, |_, _| async { Ok("noon".into()) })).unwrap();
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(tools.tools(), ["mine"]);
    assert!(tools.skipped()[0].why.contains("already"), "{:?}", tools.skipped());
    drop(tools);
    assert_eq!(names(&world), ["clock"], "only its own go with it");
    assert_eq!(world.call("clock", "{}").await, "noon");
}

#[tokio::test(start_paused = true)]
async fn pages_are_read_to_a_bound() {
    let world = World::new(|m| match method(m) {
        "tools/list" => {
            let n = m["params"]["cursor"].as_str().map_or(0, |c| c.parse::<u32>().unwrap());
            let page =
                json!({"tools": [tool(&format!("t{n}"))], "nextCursor": (n + 1).to_string()});
            vec![result(m, &page)]
        }
        _ => civil(m, &json!([])),
    });
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!(tools.tools().len(), 16);
}

#[tokio::test(start_paused = true)]
async fn more_tools_than_a_model_can_tell_apart_are_left_out() {
    let listed: Vec<_> = (0..1000).map(|n| tool(&format!("t{n:04}"))).collect();
    let listed = Value::from(listed);
    let world = World::new(move |m| civil(m, &listed));
    let tools = world.server.clone().connect(&world.set).await.unwrap();
    assert_eq!((tools.tools().len(), tools.skipped().len()), (128, 128));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_never_comes_fails_the_connection() {
    let world =
        World::new(|m| if method(m) == "tools/list" { vec![] } else { civil(m, &json!([])) });
    let error = tokio::time::timeout(LONG, world.server.clone().connect(&world.set));
    let error = error.await.unwrap().unwrap_err();
    assert!(error.detail().contains("did not list its tools within 10s"), "{error}");
}
