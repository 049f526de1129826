//! Tests of muting, and of the limits of the floor.

use antiphon_core::Timestamp;

use super::ms;
use crate::{FloorConfig, MuteConfig, MuteFacts};

#[test]
fn the_user_is_muted_for_a_reason_or_not_at_all() {
    let none = MuteFacts::default();
    let speaks = MuteFacts { agent_speaks: true, ..none };
    let greets = MuteFacts { first_speech: true, ..speaks };
    let books = MuteFacts { tool_with_effects: true, ..none };
    let off = MuteConfig::default();
    let first = MuteConfig { first_speech: true, ..off };
    let tools = MuteConfig { while_tool_runs: true, ..off };
    let always = MuteConfig { always: true, ..off };
    let (greeting, tool, half_duplex) =
        (Some("first speech"), Some("tool with effects"), Some("agent speaks"));
    let table = [
        (off, [None, None, None, None]),
        (first, [None, None, greeting, None]),
        (tools, [None, None, None, tool]),
        (always, [None, half_duplex, half_duplex, None]),
    ];
    for (config, expected) in table {
        assert_eq!([none, speaks, greets, books].map(|facts| config.muted(&facts)), expected);
    }
}

#[test]
fn the_floor_has_its_limits() {
    let at = Timestamp::from_millis(500);
    let floor = FloorConfig::default();
    assert_eq!(floor.turn_ends(at), Some(Timestamp::from_millis(60_500)));
    assert_eq!(floor.away_at(at), Some(Timestamp::from_millis(15_500)));
    let free = FloorConfig { max_turn: None, away_after: None };
    assert_eq!((free.turn_ends(at), free.away_at(at)), (None, None));
}

#[test]
fn limits_of_no_use_are_refused() {
    assert!(FloorConfig::default().validate().is_ok());
    assert!(FloorConfig { max_turn: None, away_after: None }.validate().is_ok());
    let hasty = FloorConfig { away_after: Some(ms(10)), ..FloorConfig::default() };
    let error = hasty.validate().expect_err("too short");
    assert_eq!(error.detail(), "floor.away_after is 10ms");
    assert!(error.help().is_some());
}

#[test]
fn no_limit_is_written_as_null() {
    let read: FloorConfig = serde_json::from_str(r#"{"max_turn":null}"#).expect("reads");
    assert_eq!(read, FloorConfig { max_turn: None, ..FloorConfig::default() });
}
