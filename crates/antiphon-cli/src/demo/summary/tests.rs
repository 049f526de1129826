//! What of the events comes where on the page.

use antiphon::{
    Notice, SessionEvent, Timestamp, TurnId,
    conversation::{Discard, UserState},
};

use super::Story;

#[test]
fn a_turn_stands_where_it_began_however_often_its_caller_pauses() {
    let event = |ms, notice| SessionEvent { at: Timestamp::from_millis(ms), notice };
    let user = |ms, state| event(ms, Notice::UserState(state));
    let turn = |n, text: &str| Notice::UserTurn { turn: TurnId(n), text: text.into(), late: false };
    let discarded =
        Notice::TurnDiscarded { turn: TurnId(1), why: Discard::Backchannel, text: "okay".into() };
    let events = [
        user(1_000, UserState::Speaking),
        user(2_000, UserState::Listening),
        user(2_300, UserState::Speaking),
        user(3_000, UserState::Listening),
        event(3_700, turn(0, "a table for two")),
        user(5_000, UserState::Speaking),
        event(5_500, discarded),
        user(8_000, UserState::Speaking),
        event(9_000, turn(2, "thank you")),
    ];
    let story = Story::of(&events, 10.0);
    let lines: Vec<_> = story.lines.iter().map(|l| (l.from, l.text.as_str())).collect();
    assert_eq!(lines, [(1.0, "a table for two"), (8.0, "thank you")]);
}
