//! Tests of history and journal.

use antiphon_core::{Timestamp, TurnId};
use proptest::prelude::*;

use crate::{Header, History, Item, Journal, JournalWriter, Record, Said, read_journal};

fn journal(events: &[&str]) -> Vec<u8> {
    let mut w = JournalWriter::new(Vec::new(), &Header::new("s", 7u32)).unwrap();
    for (i, e) in events.iter().enumerate() {
        w.event(&Record { t: Timestamp::from_millis(i as u64), e: (*e).to_owned() }).unwrap();
    }
    w.finish("abc").unwrap()
}

fn parse(bytes: &[u8]) -> antiphon_core::Result<Journal<u32, String>> {
    read_journal(bytes)
}

#[test]
fn a_journal_reads_back() {
    let j = parse(&journal(&["a", "b\n"])).unwrap();
    assert_eq!(j.header.config, 7);
    assert_eq!(j.records.iter().map(|r| r.e.as_str()).collect::<Vec<_>>(), ["a", "b\n"]);
    assert_eq!(j.footer.map(|f| (f.events, f.digest)), Some((2, "abc".to_owned())));
    assert_eq!(j.damage, None);
}

#[test]
fn a_journal_cut_at_any_byte_keeps_its_whole_lines() {
    let whole = journal(&["a", "b", "c"]);
    let first = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
    for cut in first..whole.len() {
        let j = parse(&whole[..cut]).unwrap();
        let lines = whole[first..cut].iter().filter(|&&b| b == b'\n').count();
        assert_eq!(j.records.len(), lines, "cut at {cut}");
        assert!(j.footer.is_none());
    }
}

#[test]
fn a_foreign_or_newer_file_is_refused_with_a_reason() {
    assert!(parse(b"hello\n").unwrap_err().detail().contains("line 1"));
    assert!(parse(b"").is_err());
    let newer = String::from_utf8(journal(&[])).unwrap().replace("\"version\":1", "\"version\":9");
    let e = parse(newer.as_bytes()).unwrap_err();
    assert!(e.detail().contains("version 9") && e.help().is_some());
}

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

proptest! {
    #[test]
    fn a_flipped_byte_never_invents_events(at in 0usize..200, flip in 1u8..) {
        let events = ["one", "two", "three"];
        let mut bytes = journal(&events);
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(j) = parse(&bytes) {
            prop_assert!(j.records.len() <= events.len() + 1);
        }
    }
}
