//! Schemas out of types, conversions, and errors a model can act on.

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Validator, schema_of};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Booking {
    /// Day of the week.
    day: Day,
    /// Hour, 24-hour clock.
    #[schemars(range(min = 8, max = 20))]
    hour: u8,
    name: String,
    window: Option<bool>,
    guests: Vec<Guest>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Day {
    Monday,
    Tuesday,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Guest {
    age: f32,
}

fn validator() -> Validator {
    Validator::new(&schema_of::<Booking>()).unwrap()
}

#[test]
fn a_type_says_what_the_model_needs() {
    let schema = schema_of::<Booking>();
    assert_eq!(schema.get("title"), None);
    assert_eq!(schema.get("$schema"), None);
    assert_eq!(schema.get("$defs"), None, "inlined");
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["required"], json!(["day", "hour", "name", "guests"]));
    assert_eq!(schema["properties"]["day"]["description"], "Day of the week.");
    assert_eq!(schema["properties"]["day"]["enum"], json!(["monday", "tuesday"]));
    assert_eq!(schema["properties"]["hour"]["maximum"], 20);
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let text = r#"{"day": "sunday", "hour": 23, "guests": [{"age": 3}, {"age": "old"}], "nam": 1}"#;
    let errors = validator().read(text).unwrap_err();
    expect_lines(
        &errors,
        &[
            "- /: there is no nam: leave that out",
            "- /day: \"sunday\" is not one of \"monday\" or \"tuesday\"",
            "- /guests/1/age: \"old\" is not of type \"number\"",
            "- /hour: 23 is greater than the maximum of 20",
            "- /name: is required",
        ],
    );
}

fn expect_lines(errors: &str, expected: &[&str]) {
    let mut lines: Vec<_> = errors.lines().filter(|l| l.starts_with('-')).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected, "{errors}");
}

#[test]
fn errors_are_bounded() {
    let guests: Vec<_> = (0..500).map(|_| json!({"age": "x".repeat(10_000)})).collect();
    let text = json!({"day": "monday", "hour": 9, "name": "T", "guests": guests}).to_string();
    let errors = validator().read(&text).unwrap_err();
    assert!(errors.len() < 2500, "{} bytes", errors.len());
    assert!(errors.contains("- and 492 more"), "{errors}");
}

#[test]
fn what_has_one_reading_is_converted() {
    let text = json!({
        "day": "monday", "hour": "19", "name": 7, "window": null, "guests": "[{\"age\": \"4.5\"}]"
    });
    let read = validator().read(&text.to_string()).unwrap();
    let guests = json!([{"age": 4.5}]);
    // `window` may be null, so it stays.
    let expected =
        json!({"day": "monday", "hour": 19, "name": "7", "window": null, "guests": guests});
    assert_eq!(read, expected);
    let hour = |v: Value| {
        let text = json!({"day": "monday", "hour": v, "name": "T", "guests": []});
        validator().read(&text.to_string()).map(|v| v["hour"].clone())
    };
    assert_eq!(hour(json!(9.0)), Ok(json!(9)));
    assert_eq!(hour(json!(" 9 ")), Ok(json!(9)));
    for wrong in [json!("nine"), json!(9.5), json!("9.5"), json!(null), json!(true)] {
        assert!(hour(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn arguments_come_in_many_wrappings() {
    let empty = Validator::new(&json!({"type": "object"})).unwrap();
    for text in ["", "  ", "null", "{}", "\"{}\""] {
        assert_eq!(empty.read(text), Ok(json!({})), "{text:?}");
    }
    assert_eq!(empty.read("\"{\\\"a\\\": 1}\""), Ok(json!({"a": 1})));
}

#[test]
fn references_inside_a_schema_are_followed() {
    let schema = json!({"type": "object", "properties": {"n": {"$ref": "#/$defs/n"}},
        "$defs": {"n": {"type": "integer"}}});
    let read = Validator::new(&schema).unwrap().read(r#"{"n": "4"}"#);
    assert_eq!(read, Ok(json!({"n": 4})));
}

#[test]
fn a_reference_to_itself_ends() {
    let schema = json!({"type": "object", "properties": {"next": {"$ref": "#"}}});
    let mut text = "{}".to_owned();
    for _ in 0..60 {
        text = format!("{{\"next\": {text}}}");
    }
    assert!(Validator::new(&schema).unwrap().read(&text).is_ok());
}

proptest! {
    #[test]
    fn reading_never_panics_and_is_stable(text in ".{0,80}") {
        if let Ok(read) = validator().read(&text) {
            prop_assert_eq!(validator().read(&read.to_string()), Ok(read));
        }
    }

    #[test]
    fn what_fits_is_left_alone(hour in 8u8..=20, name in ".{0,12}", age in 0f32..120.0) {
        let value = json!({"day": "tuesday", "hour": hour, "name": name, "guests": [{"age": age}]});
        prop_assert_eq!(validator().check(value.clone()), Ok(value));
    }
}
