//! What was said and what was made up.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Failure, FunctionTool, Heard, ToolEvent, ToolSpec, Unsaid, is_small_talk, unsaid};

use super::{World, request};

fn schema(kind: &str) -> Value {
    json!({"type": "object", "properties": {"x": {"type": kind}}, "required": ["x"]})
}

/// Whether the value of a required argument counts as said.
fn said(value: impl Into<Value>, conversation: &str) -> bool {
    let value: Value = value.into();
    let kind = if value.is_string() { "string" } else { "number" };
    unsaid(&schema(kind), &json!({"x": value}), conversation).is_empty()
}

#[test]
fn words_are_found_as_they_are_heard() {
    let talk = "user: Hi, I'd like a CLEANING for Tom Becker on Tuesday at ten thirty, in Zürich!";
    for value in ["Tom Beker", "tom becker", "cleanings", "Tuesday", "10:30", "Zürich", "for Tom"]
    {
        assert!(said(value, talk), "{value}");
    }
    assert!(said("dog", "two dogs") && said("cats", "a cat"));
    for value in ["Tom Smith", "Paris", "Wednesday", "11:30", "10:45", "Tim", "", "the", "..."] {
        assert!(!said(value, talk), "{value}");
    }
}

#[test]
fn numbers_are_found_in_words_and_digits() {
    let talk =
        "two hundred and thirty five people, twenty-one dogs, 7 cats, seven point five, a dozen";
    for value in [235, 21, 20, 1, 7, 12] {
        assert!(said(value, talk), "{value}");
    }
    for value in [236, 22, 35 * 10, 70, 1000] {
        assert!(!said(value, talk), "{value}");
    }
    assert!(said(7.5, talk));
    assert!(said(3000, "three thousand") && said(1250, "one thousand two hundred and fifty"));
    assert!(said(45, "forty five") && !said(45, "forty") && said(100, "a hundred"));
}

#[test]
fn times_of_day_are_found_in_either_clock() {
    assert!(said("15:00", "at three in the afternoon"));
    assert!(said("15:30", "half past three") && said("12:00", "at noon"));
    assert!(said("3 pm", "three pm"));
    assert!(!said("16:00", "at three"));
    assert!(
        said("19:00", "for seven thirty")
            && said("20:00", "for 8pm")
            && said("18:00", "for six in the evening")
    );
    assert!(!said("14:00", "a table for two at half past six"), "nobody comes at two");
    assert!(!said("16:00", "four people") && !said("15:00", "there are 3 of us"));
}

#[test]
fn long_numbers_are_found_by_their_digits() {
    let talk = "it's five five five, oh one two three, or 0171 555 1234";
    for value in ["5551234", "0171-555-1234", "+0171 555 1234"] {
        assert!(said(value, talk), "{value}");
    }
    assert!(!said("5559876", talk));
}

#[test]
fn of_long_texts_half_is_enough() {
    let talk = "please tell the doctor that my tooth hurts since yesterday and I cannot sleep";
    assert!(said("Patient reports tooth hurts since yesterday, cannot sleep well", talk));
    assert!(!said("Patient wants whitening appointment with discount coupon", talk));
}

#[test]
fn only_what_must_be_said_is_looked_at() {
    let schema = json!({"type": "object", "required": ["unit", "date", "kind", "list", "city"],
    "properties": {
        "unit": {"type": "string", "enum": ["c", "f"]},
        "date": {"type": "string", "format": "date"},
        "kind": {"type": "string", "x-inferred": true},
        "list": {"type": "array"},
        "city": {"type": "string"},
        "optional": {"type": "string"},
        "count": {"type": "integer", "format": "uint8"},
    }});
    let arguments = json!({"unit": "c", "date": "2026-11-24", "kind": "umbrella", "list": ["x"],
        "city": "Paris", "optional": "made up"});
    let made_up = [Unsaid { argument: "city".into(), value: "Paris".into() }];
    assert_eq!(unsaid(&schema, &arguments, "will it rain?"), made_up);
    assert_eq!(unsaid(&schema, &arguments, "will it rain in paris?"), []);
    assert!(unsaid(&json!(true), &json!([]), "").is_empty());
}

#[test]
fn small_talk_is_nothing_else() {
    let pleasant = ["Hello, how are you?", "Good morning!", "thanks so much, bye", "What's up?"];
    for text in pleasant {
        assert!(is_small_talk(text), "{text}");
    }
    let wishes = [
        "",
        "yes",
        "Hello, book me a table",
        "How is the weather today?",
        "no thanks",
        "Is it open?",
        "Grüezi",
    ];
    for text in wishes {
        assert!(!is_small_talk(text), "{text}");
    }
}

#[test]
fn a_call_that_nobody_asked_for_is_refused() {
    let world = World::new();
    let spec = ToolSpec::new("book", "For a test.").with_parameters(schema("string"));
    world.tools.register(FunctionTool::raw(spec, |_, _| async { Ok("ok".into()) })).unwrap();
    let mut calls = 0;
    let mut call = |last: &str| {
        calls += 1;
        let heard =
            Heard { last: last.into(), conversation: format!("agent: Hello!\nuser: {last}") };
        let call = request(calls, &format!("c{calls}"), "book", "{\"x\": \"Tom\"}");
        let call = crate::Request { heard: Some(heard), ..call };
        match world.all(world.runner.run(&world.tools.freeze(), &call)).pop() {
            Some(ToolEvent::Failed { why: Failure::Unsaid, result, .. }) => Err(result.text),
            Some(event) => Ok(event.outcome().expect("an end").text.clone()),
            None => panic!("no events"),
        }
    };
    assert_eq!(call("a table for tom please"), Ok("ok".into()));
    let refused = call("a table please").unwrap_err();
    assert!(refused.contains("- x: \"Tom\" was never said"), "{refused}");
    let refused = call("how are you").unwrap_err();
    assert!(refused.contains("the user asked for nothing"), "{refused}");
}

#[test]
fn a_tool_that_needs_nothing_must_be_what_is_spoken_of() {
    let asked = |tool: &ToolSpec, last: &str| {
        let heard = Heard { last: last.into(), conversation: last.into() };
        heard.check(tool, &json!({})).is_ok()
    };
    let menu = ToolSpec::new("todays_menu", "Reads out today's menu: soups and main dishes.");
    for last in ["What's on the menu?", "which dishes do you have", "is there a soup"] {
        assert!(asked(&menu, last), "{last}");
    }
    for last in ["Can I bring my dog?", "Where are you?", "Hello there!", "I do", "", "today"] {
        assert!(!asked(&menu, last), "{last}");
    }
    let booking = ToolSpec::new("my_bookings", "Lists them.");
    assert!(asked(&booking, "what did I book"), "words of a stem");
    let end = ToolSpec::new("end_call", "Ends the call once the user has said goodbye.");
    assert!(asked(&end, "Thank you, bye!") && !asked(&end, "Thank you!"));
    let unit = json!({"type": "object", "required": ["unit"],
        "properties": {"unit": {"type": "string", "enum": ["celsius", "kelvin"]}}});
    let unit = ToolSpec::new("convert", "Switches.").with_parameters(unit);
    assert!(asked(&unit, "in kelvin please") && !asked(&unit, "in German please"));
}

#[test]
fn arguments_that_there_are_not_are_left_out_for_small_models_only() {
    let world = World::new();
    let spec = ToolSpec::new("menu", "Today's menu.");
    let menu = FunctionTool::raw(spec, |_, arguments| async move { Ok(arguments.to_string()) });
    world.tools.register(menu).unwrap();
    let call = request(1, "c1", "menu", r#"{"day": "Monday"}"#);
    let failed = world.all(world.runner.run(&world.tools.freeze(), &call)).pop().unwrap();
    assert!(matches!(failed, ToolEvent::Failed { why: Failure::InvalidArguments, .. }));
    let heard = Heard { last: "the menu please".into(), ..Heard::default() };
    let call = request(2, "c2", "menu", r#"{"day": "Monday"}"#);
    let call = crate::Request { heard: Some(heard), ..call };
    let done = world.all(world.runner.run(&world.tools.freeze(), &call)).pop().unwrap();
    assert_eq!(done.outcome().map(|result| result.text.as_str()), Some("{}"));
}

proptest! {
    #[test]
    fn what_was_said_word_for_word_is_said(
        before in "[a-z ]{0,20}", value in "[A-Z][a-z]{2,8}( [A-Z][a-z]{2,8})?", after in "[a-z ]{0,20}",
    ) {
        prop_assume!(!value.split(' ').all(|w| w.len() <= 4));
        let talk = format!("{before} {value}. {after}");
        prop_assert!(said(value, &talk), "{}", talk);
    }

    #[test]
    fn every_number_in_digits_is_said(n in 0u32..1_000_000) {
        let talk = format!("it is {n} or so");
        prop_assert!(said(n, &talk));
    }

    #[test]
    fn any_conversation_is_read(talk in ".{0,120}", value in ".{0,20}", n: u64) {
        said(value, &talk);
        said(n, &talk);
    }
}
