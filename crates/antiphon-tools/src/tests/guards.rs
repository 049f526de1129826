//! Calls that must not run: twice, too often, unconfirmed, unknown.

use std::time::Duration;

use antiphon_core::TurnId;

use super::{World, request};
use crate::{EffectClass, Failure, ToolError, ToolEvent, ToolSpec};

fn world(spec: ToolSpec) -> World {
    World::new().with(spec, |_, _| async { Ok("ok".into()) })
}

fn spec(effect: EffectClass) -> ToolSpec {
    ToolSpec::new("act", "For a test.").with_effect(effect)
}

#[test]
fn a_call_id_has_one_result() {
    let world = world(spec(EffectClass::Read));
    assert_eq!(world.answer(1, "c1", "act", "{}"), "ok");
    let (why, text) = world.failure(2, "c1", "act", r#"{"a": 1}"#);
    assert_eq!(why, Failure::Duplicate);
    assert!(text.contains("\"c1\" was used before"), "{text}");
}

#[test]
fn the_same_call_runs_once_in_a_reply_and_again_in_the_next() {
    let world = world(spec(EffectClass::Write));
    assert_eq!(world.answer(1, "c1", "act", r#"{"a":1,"b":2}"#), "ok");
    let (why, _) = world.failure(1, "c2", "act", r#"{ "b": 2, "a": 1 }"#);
    assert_eq!(why, Failure::Duplicate, "the order of fields does not matter");
    assert_eq!(world.answer(1, "c3", "act", r#"{"a":2}"#), "ok");
    assert_eq!(world.answer(2, "c4", "act", r#"{"a":1,"b":2}"#), "ok");
}

#[test]
fn what_a_dropped_reply_has_read_may_be_read_again_but_not_changed_again() {
    for effect in [EffectClass::Read, EffectClass::Write] {
        let world = world(spec(effect));
        assert_eq!(world.answer(1, "c1", "act", "{}"), "ok");
        assert_eq!(world.failure(1, "c2", "act", "{}").0, Failure::Duplicate);
        world.runner.forget_reads(TurnId(1));
        match effect {
            EffectClass::Read => assert_eq!(world.answer(1, "c3", "act", "{}"), "ok"),
            EffectClass::Write | EffectClass::Irreversible => {
                assert_eq!(world.failure(1, "c3", "act", "{}").0, Failure::Duplicate)
            }
        }
    }
}

#[test]
fn what_changes_nothing_may_be_tried_again_after_a_failure() {
    for (effect, second) in
        [(EffectClass::Read, Failure::Failed), (EffectClass::Write, Failure::Duplicate)]
    {
        let world = World::new().with(spec(effect), |_, _| async { Err(ToolError::new("busy")) });
        assert_eq!(world.failure(1, "c1", "act", "{}").0, Failure::Failed);
        assert_eq!(world.failure(1, "c2", "act", "{}").0, second, "{effect:?}");
    }
}

#[test]
fn a_rate_limit_slides_and_says_how_long_to_wait() {
    let limited = spec(EffectClass::Read).with_rate_limit(2, Duration::from_secs(60));
    let world = world(limited);
    assert_eq!(world.answer(1, "c1", "act", "{}"), "ok");
    world.time.0.advance(Duration::from_secs(20));
    assert_eq!(world.answer(2, "c2", "act", "{}"), "ok");
    let (why, text) = world.failure(3, "c3", "act", "{}");
    assert_eq!(why, Failure::RateLimited);
    assert!(text.ends_with("Call it again in 40 s, not before."), "{text}");
    world.time.0.advance(Duration::from_secs(41));
    assert_eq!(world.answer(4, "c4", "act", "{}"), "ok");
    assert_eq!(world.failure(5, "c5", "act", "{}").0, Failure::RateLimited, "c2 still counts");
}

#[test]
fn what_cannot_be_undone_runs_after_the_user_was_asked() {
    let world = world(spec(EffectClass::Irreversible));
    let (why, text) = world.failure(1, "c1", "act", r#"{"a":1}"#);
    assert_eq!(why, Failure::Unconfirmed);
    assert!(text.contains("ask"), "{text}");
    let again = world.failure(1, "c2", "act", r#"{"a":1}"#).0;
    assert_eq!(again, Failure::Unconfirmed, "the user has not answered yet");
    let other = world.failure(2, "c3", "act", r#"{"a":2}"#).0;
    assert_eq!(other, Failure::Unconfirmed, "the user was asked about something else");
    assert_eq!(world.answer(2, "c4", "act", r#"{"a":1}"#), "ok");
    let once = world.failure(3, "c5", "act", r#"{"a":1}"#).0;
    assert_eq!(once, Failure::Unconfirmed, "one yes is for one call");
}

#[test]
fn a_refused_call_uses_up_neither_its_rate_nor_its_confirmation() {
    let world = world(spec(EffectClass::Irreversible).with_rate_limit(1, Duration::from_secs(60)));
    assert_eq!(world.failure(1, "c1", "act", "{}").0, Failure::Unconfirmed);
    assert_eq!(world.answer(2, "c2", "act", "{}"), "ok", "asking was no call");
    assert_eq!(world.failure(3, "c3", "act", "{}").0, Failure::RateLimited);
    world.time.0.advance(Duration::from_secs(61));
    assert_eq!(world.failure(3, "c4", "act", "{}").0, Failure::Unconfirmed);
    assert_eq!(world.answer(4, "c5", "act", "{}"), "ok");
}

#[test]
fn a_question_of_long_ago_is_forgotten() {
    let world = world(spec(EffectClass::Read).with_confirmation());
    assert_eq!(world.failure(1, "c1", "act", "{}").0, Failure::Unconfirmed);
    assert_eq!(world.failure(9, "c2", "act", "{}").0, Failure::Unconfirmed);
    assert_eq!(world.answer(10, "c3", "act", "{}"), "ok");
}

#[test]
fn the_application_may_have_asked_itself() {
    let world = world(spec(EffectClass::Irreversible));
    let mut confirmed = request(1, "c1", "act", "{}");
    confirmed.confirmed = true;
    let events = world.all(world.runner.run(&world.tools.freeze(), &confirmed));
    assert!(matches!(events.last(), Some(ToolEvent::Completed { .. })), "{events:?}");
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let world = world(ToolSpec::new("get_weather", "For a test."));
    let (why, text) = world.failure(1, "c1", "getWeather", "{}");
    assert_eq!(why, Failure::UnknownTool);
    assert_eq!(text, "There is no tool \"getWeather\". Did you mean \"get_weather\"?");
    let (_, text) = world.failure(1, "c2", "zzz", "{}");
    assert_eq!(text, "There is no tool \"zzz\". There are: get_weather.");
    assert!(World::new().failure(1, "c", "x", "{}").1.ends_with("answer in words."));
}

#[test]
fn what_is_remembered_is_bounded() {
    let world = world(spec(EffectClass::Write));
    for i in 0..2000 {
        let arguments = format!("{{\"i\":{i}}}");
        assert_eq!(world.answer(1, &format!("c{i}"), "act", &arguments), "ok");
    }
    assert_eq!(world.failure(1, "new", "act", "{\"i\":1999}").0, Failure::Duplicate);
    assert_eq!(world.answer(1, "newer", "act", "{\"i\":0}"), "ok", "forgotten by now");
}

#[test]
fn a_tool_can_bring_its_question() {
    let who = serde_json::json!({"type": "object", "properties": {"who": {"type": "string"}}});
    let spec = ToolSpec::new("act", "For a test.").with_parameters(who);
    let world = world(spec.with_question("Shall I write to {who}?"));
    let (why, text) = world.failure(1, "c1", "act", r#"{"who": "Ada"}"#);
    assert_eq!((why, text.as_str()), (Failure::Unconfirmed, "Shall I write to Ada?"));
    assert_eq!(world.answer(2, "c2", "act", r#"{"who": "Ada"}"#), "ok");
}
