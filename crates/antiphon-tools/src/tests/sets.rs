//! Registering, removing, freezing and allowing tools.

use std::time::Duration;

use antiphon_core::{Code, Timestamp};
use serde_json::json;

use super::World;
use crate::{Failure, FunctionTool, Tool, ToolEvent, ToolResult, ToolSet, ToolSpec};

fn tool(name: &str) -> FunctionTool {
    FunctionTool::raw(ToolSpec::new(name, "For a test."), |_, _| async { Ok("ok".into()) })
}

fn names(tools: &ToolSet) -> Vec<String> {
    tools.freeze().names().map(str::to_owned).collect()
}

#[test]
fn a_name_is_taken_once() {
    let tools = ToolSet::new().with(tool("b")).unwrap().with(tool("a")).unwrap();
    let error = tools.register(tool("a")).unwrap_err();
    assert_eq!(
        (error.code(), error.detail()),
        (Code::InvalidInput, "there is a tool \"a\" already")
    );
    assert_eq!(names(&tools), ["a", "b"], "in order");
    assert!(tools.unregister("a") && !tools.unregister("a"));
    tools.register(tool("a")).unwrap();
}

#[test]
fn a_frozen_set_sees_no_change() {
    let world = World::new();
    world.tools.register(tool("old")).unwrap();
    let frozen = world.tools.freeze();
    world.tools.unregister("old");
    world.tools.register(tool("new")).unwrap();
    assert_eq!(frozen.names().collect::<Vec<_>>(), ["old"]);
    assert_eq!(names(&world.tools), ["new"]);
    let request = super::request(1, "c1", "old", "{}");
    let events = world.all(world.runner.run(&frozen, &request));
    assert_eq!(super::outcomes(&events)[0].text, "ok", "the reply may still call it");
}

#[test]
fn a_replaced_tool_is_there_throughout() {
    let tools = ToolSet::new().with(tool("a")).unwrap();
    let other = ToolSpec::new("a", "Something else.");
    tools.replace(FunctionTool::raw(other, |_, _| async { Ok("ok".into()) })).unwrap();
    assert_eq!(tools.freeze().spec("a").unwrap().description, "Something else.");
    let broken = ToolSpec::new("a", "Broken.").with_parameters(json!({"type": "text"}));
    let broken = FunctionTool::raw(broken, |_, _| async { Ok("ok".into()) });
    assert_eq!(tools.replace(broken).unwrap_err().code(), Code::InvalidInput);
    assert_eq!(tools.freeze().spec("a").unwrap().description, "Something else.", "it stays");
}

#[test]
fn clones_share_the_set() {
    let tools = ToolSet::new();
    tools.clone().register(tool("a")).unwrap();
    assert_eq!(names(&tools), ["a"]);
    assert_eq!(format!("{tools:?}"), "{\"a\"}");
}

#[test]
fn an_agent_calls_only_what_it_may() {
    let world = World::new();
    for name in ["book", "cancel", "look_up"] {
        world.tools.register(tool(name)).unwrap();
    }
    let allowed = world.tools.freeze().allow(["book", "look_up"]).unwrap();
    assert_eq!(allowed.names().collect::<Vec<_>>(), ["book", "look_up"]);
    let events = world.all(world.runner.run(&allowed, &super::request(1, "c1", "cancel", "{}")));
    let unknown = ToolEvent::Failed {
        at: Timestamp::ZERO,
        why: Failure::UnknownTool,
        result: ToolResult::error("There is no tool \"cancel\". There are: book, look_up.", 99),
    };
    assert_eq!(events, [unknown]);
    let error = allowed.allow(["boook"]).unwrap_err();
    assert_eq!(error.help(), Some("did you mean \"book\"?"));
    let error = allowed.allow(["zzz"]).unwrap_err();
    assert_eq!(error.help(), Some("there are: book, look_up"));
}

#[test]
fn unusable_specifications_are_refused() {
    let ok = || ToolSpec::new("ok", "Fine.");
    let wrong = [
        ToolSpec::new("", "x"),
        ToolSpec::new("two words", "x"),
        ToolSpec::new("x".repeat(65), "x"),
        ToolSpec::new("nothing_said", "  "),
        ok().with_timeout(Duration::ZERO),
        ok().with_rate_limit(0, Duration::from_secs(1)),
        ok().with_rate_limit(1, Duration::ZERO),
        ok().with_parameters(json!({"type": "string"})),
        ok().with_parameters(json!(true)),
        ok().with_parameters(json!({"type": "object", "properties": 5})),
        ok().with_parameters(json!({"type": "object", "$ref": "https://example.com/x"})),
    ];
    let tools = ToolSet::new();
    for spec in wrong {
        let what = format!("{spec:?}");
        let refused = tools.register(FunctionTool::raw(spec, |_, _| async { Ok("".into()) }));
        let error = refused.expect_err(&what);
        assert_eq!(error.code(), Code::InvalidInput);
        assert!(error.help().is_some(), "{error:?} says not how to mend it");
    }
    tools.register(FunctionTool::raw(ok(), |_, _| async { Ok("".into()) })).unwrap();
}

#[test]
fn a_set_is_bounded() {
    let tools = ToolSet::new();
    for i in 0..128 {
        tools.register(tool(&format!("t{i}"))).unwrap();
    }
    assert!(tools.register(tool("one_more")).is_err());
}

#[test]
fn a_specification_survives_the_wire() {
    let spec = tool("a").spec().with_rate_limit(3, Duration::from_secs(60)).with_confirmation();
    let wire = serde_json::to_string(&spec).unwrap();
    assert_eq!(serde_json::from_str::<ToolSpec>(&wire).unwrap(), spec);
}

#[test]
fn a_set_takes_over_what_another_holds_and_then_goes_its_own_way() {
    let (tools, other) = (ToolSet::new().with(tool("old")).unwrap(), ToolSet::new());
    other.register(tool("new")).unwrap();
    let frozen = tools.freeze();
    tools.adopt(&other);
    assert_eq!(names(&tools), ["new"]);
    assert_eq!(frozen.names().collect::<Vec<_>>(), ["old"], "a reply keeps what it has");
    other.unregister("new");
    assert_eq!(names(&tools), ["new"]);
}

#[test]
fn a_set_takes_in_what_another_holds_but_for_names_that_are_taken() {
    let tools = ToolSet::new().with(tool("mine")).unwrap().with(tool("both")).unwrap();
    let other = ToolSet::new().with(tool("theirs")).unwrap().with(tool("both")).unwrap();
    assert_eq!(tools.include(&other), ["both"]);
    assert_eq!(names(&tools), ["both", "mine", "theirs"]);
    let many = ToolSet::new();
    for i in 0..128 {
        many.register(tool(&format!("t{i:03}"))).unwrap();
    }
    assert_eq!(tools.include(&many), ["t125", "t126", "t127"], "there is room for 128");
}
