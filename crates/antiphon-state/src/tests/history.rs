//! Tests of the history.

use antiphon_core::TurnId;

use crate::{History, Item, Said};

#[test]
fn history_is_bounded_and_amendable() {
    let mut h = History::new(2);
    for n in 0..3 {
        h.push(Item { turn: TurnId(n), said: Said::User { text: format!("u{n}") } });
    }
    assert_eq!((h.len(), h.forgotten()), (2, 1));
    assert!(h.amend_user(TurnId(1), "late"));
    assert!(!h.amend_user(TurnId(0), "gone"));
    assert_eq!(h.items().next().unwrap().said, Said::User { text: "late".into() });
}

#[test]
fn history_keeps_the_order_of_turns() {
    let mut h = History::new(9);
    let said = |text: &str| Said::User { text: text.into() };
    for (turn, text) in [(0, "a"), (2, "d"), (1, "b"), (1, "c"), (3, "e")] {
        h.push(Item { turn: TurnId(turn), said: said(text) });
    }
    let texts: Vec<_> = h.items().map(|i| i.said.clone()).collect();
    assert_eq!(texts, ["a", "b", "c", "d", "e"].map(said));
}
