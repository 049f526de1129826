//! Tests of the journal: what was written reads back; what was broken is named.

use std::fs;

use antiphon_core::{Code, Timestamp};
use proptest::prelude::*;

use crate::{
    Digest, Header, Journal, JournalOptions, JournalWriter, Limit, Record, part_path, read_journal,
    read_journal_files,
};

fn record(i: u64, e: &str) -> Record<String> {
    let mut digest = Digest::default();
    digest.add(e.as_bytes());
    Record { a: (i % 2 == 1).then_some(digest), ..Record::new(Timestamp::from_millis(i), e.into()) }
}

fn journal(events: &[&str]) -> Vec<u8> {
    let options = JournalOptions::default();
    let mut w = JournalWriter::new(Vec::new(), Header::new("s", 7u32), &options).unwrap();
    for (i, e) in events.iter().enumerate() {
        assert!(w.event(&record(i as u64, e)).unwrap());
    }
    w.finish(Digest::default()).unwrap()
}

fn parse(bytes: &[u8]) -> antiphon_core::Result<Journal<u32, String>> {
    read_journal(bytes)
}

fn events(journal: &Journal<u32, String>) -> Vec<&str> {
    journal.records.iter().map(|r| r.e.as_str()).collect()
}

#[test]
fn a_journal_reads_back() {
    let j = parse(&journal(&["a", "b\n"])).unwrap();
    assert_eq!(j.header.config, 7);
    assert_eq!(events(&j), ["a", "b\n"]);
    assert_eq!(j.records, [record(0, "a"), record(1, "b\n")]);
    assert_eq!(j.footer.map(|f| (f.events, f.digest, f.lost)), Some((2, Digest::default(), 0)));
    assert_eq!((j.damage.len(), j.unused, j.limits()), (0, 0, vec![]));
}

#[test]
fn a_journal_cut_at_any_byte_keeps_its_whole_lines() {
    let whole = journal(&["a", "b", "c"]);
    let first = whole.iter().position(|&b| b == b'\n').unwrap() + 1;
    for cut in 0..whole.len() {
        let part = &whole[..cut];
        // A line is whole without its newline, too.
        let lines = part.split(|&b| b == b'\n').zip(whole.split(|&b| b == b'\n'));
        let lines = lines.skip(1).filter(|(cut, line)| cut == line && !line.is_empty()).count();
        match parse(part) {
            Err(e) => assert!(cut < first - 1 && !e.detail().is_empty(), "cut at {cut}: {e}"),
            Ok(j) => {
                let ended = usize::from(j.footer.is_some());
                assert_eq!(j.records.len() + ended, lines, "cut at {cut}");
                assert_eq!(ended, usize::from(cut == whole.len() - 1));
                let at_line = part.ends_with(b"\n") || whole[cut] == b'\n';
                assert_eq!(j.damage.is_empty(), at_line, "cut at {cut}: {:?}", j.damage);
                assert!(j.damage.iter().all(|d| d.line == lines as u64 + 2), "{:?}", j.damage);
            }
        }
    }
}

#[test]
fn any_changed_byte_is_found_and_named() {
    let written = ["one", "two", "three", "four"];
    let whole = journal(&written);
    for at in 0..whole.len() {
        let line = 1 + whole[..at].iter().filter(|&&b| b == b'\n').count();
        for flip in [0x01, 0x02, 0x10, 0x20, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let Ok(j) = parse(&bytes) else {
                assert_eq!(line, 1, "byte {at}");
                continue;
            };
            assert_eq!(events(&j), written[..j.records.len()]);
            if at + 1 == whole.len() {
                // Without its last newline a journal is whole; with something else, it is not.
                assert_eq!(j.records.len(), written.len());
            }
            assert!(line > 1, "a header with byte {at} changed was taken");
            assert_eq!(j.records.len(), line - 2, "byte {at}");
            assert!(j.footer.is_none());
            let named = j.damage.first().unwrap();
            assert_eq!(named.line, line as u64, "byte {at}: {named}");
            assert!(named.byte <= at as u64);
        }
    }
}

#[test]
fn lines_lost_doubled_swapped_or_taken_from_elsewhere_are_found() {
    let whole = journal(&["a", "b", "c", "d"]);
    let other = journal(&["z", "b", "c", "d"]);
    let lines: Vec<&[u8]> = whole.split_inclusive(|&b| b == b'\n').collect();
    let foreign: Vec<&[u8]> = other.split_inclusive(|&b| b == b'\n').collect();
    let cases: [(&str, Vec<&[u8]>, usize); 4] = [
        ("lost", [&lines[..2], &lines[3..]].concat(), 1),
        ("doubled", [&lines[..3], &lines[2..]].concat(), 2),
        ("swapped", vec![lines[0], lines[2], lines[1], lines[3], lines[4], lines[5]], 0),
        ("foreign", [&lines[..2], &foreign[2..3], &lines[3..]].concat(), 1),
    ];
    for (what, lines, good) in cases {
        let j = parse(&lines.concat()).unwrap();
        assert_eq!(events(&j), ["a", "b", "c", "d"][..good], "{what}");
        assert_eq!(j.damage[0].line, good as u64 + 2, "{what}");
        assert!(j.unused > 0 && j.footer.is_none(), "{what}");
    }
}

#[test]
fn a_foreign_or_newer_file_is_refused_with_a_reason() {
    assert!(parse(b"hello\n").unwrap_err().detail().contains("line 1"));
    assert!(parse(b"").unwrap_err().help().is_some());
    let newer = r#"{"format":"antiphon.journal","version":9,"session":"s","config":7}"#;
    let e = parse(newer.as_bytes()).unwrap_err();
    assert!(e.detail().contains("version 9") && e.help().is_some());
    let mut changed = journal(&[]);
    let at = changed.iter().position(|&b| b == b'7').unwrap();
    changed[at] = b'8';
    assert_eq!(parse(&changed).unwrap_err().code(), Code::Corrupt);
}

#[test]
fn version_1_is_read_and_says_what_it_cannot() {
    let old = concat!(
        r#"{"format":"antiphon.journal","version":1,"session":"s","config":7}"#,
        "\n{\"t\":0,\"e\":\"a\"}\n{\"t\":5,\"e\":\"b\"}\n",
        r#"{"end":{"events":2,"digest":"00000000000000ff"}}"#,
        "\n"
    );
    let j = parse(old.as_bytes()).unwrap();
    assert_eq!(events(&j), ["a", "b"]);
    assert_eq!(j.footer.map(|f| f.events), Some(2));
    assert_eq!(j.limits(), [Limit::Unchecked(1)]);
    let cut = parse(&old.as_bytes()[..old.len() - 60]).unwrap();
    assert_eq!((events(&cut), cut.damage[0].line), (vec!["a"], 3));
}

#[test]
fn a_journal_within_its_bound_goes_on_in_further_files_and_then_counts() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.jsonl");
    let options = JournalOptions { max_bytes: 4096, max_files: 3, redact: false };
    let mut w = JournalWriter::create(&path, Header::new("s", 7u32), &options).unwrap();
    let written = (0..400).take_while(|i| w.event(&record(*i, "something said")).unwrap()).count();
    w.lose(9);
    w.finish(Digest::default()).unwrap();
    let sizes: Vec<u64> =
        (0..4).filter_map(|p| fs::metadata(part_path(&path, p)).ok()).map(|m| m.len()).collect();
    assert!(sizes.len() == 3 && sizes.iter().all(|s| *s <= 4096), "{sizes:?}");
    assert!(dir.path().join("call.2.jsonl").exists());

    let whole = read_journal_files::<u32, String>(&path).unwrap();
    assert_eq!(whole.records.len(), written);
    assert_eq!((whole.damage.len(), whole.footer.unwrap().lost), (0, 10));
    assert_eq!(whole.limits(), [Limit::Lost(10)]);

    let tail = read_journal_files::<u32, String>(&part_path(&path, 1)).unwrap();
    assert!(matches!(tail.limits()[..], [Limit::StartsLate(1..), Limit::Unclosed]));

    let first = read_journal::<u32, String>(&*fs::read(&path).unwrap()).unwrap();
    fs::copy(part_path(&path, 2), part_path(&path, 1)).unwrap();
    let torn = read_journal_files::<u32, String>(&path).unwrap();
    assert_eq!(torn.records, first.records);
    assert_eq!((torn.damage[0].part, torn.footer), (1, None));
}

#[test]
fn an_event_too_large_for_a_line_ends_the_journal() {
    let options = JournalOptions::default();
    let mut w = JournalWriter::new(Vec::new(), Header::new("s", 7u32), &options).unwrap();
    assert!(w.event(&record(0, "a")).unwrap());
    assert!(!w.event(&record(1, &"x".repeat(2 << 20))).unwrap());
    assert!(!w.event(&record(2, "c")).unwrap());
    let j = parse(&w.finish(Digest::default()).unwrap()).unwrap();
    assert_eq!((events(&j), j.footer.unwrap().lost), (vec!["a"], 2));
}

#[test]
fn endless_lines_and_endless_damage_are_bounded() {
    let mut bytes = journal(&["a"]);
    bytes.extend(std::iter::repeat_n(b'x', 5 << 20));
    bytes.extend(b"\n{}\n".repeat(100));
    let j = parse(&bytes).unwrap();
    assert_eq!((events(&j), j.damage.len(), j.damage[0].line), (vec!["a"], 16, 4));
    assert!(j.damage[0].what.contains("longer than"));
    assert!(j.damage[15].what.contains("more damage"));
}

proptest! {
    #[test]
    fn garbage_is_refused_or_named(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(parse(&bytes).is_err());
        let mut after = journal(&["a", "b"]);
        let good = after.len();
        after.extend(&bytes);
        let j = parse(&after).unwrap();
        prop_assert_eq!(events(&j), ["a", "b"]);
        prop_assert_eq!(j.damage.is_empty(), bytes.is_empty());
        prop_assert!(j.damage.iter().all(|d| d.byte >= good as u64));
    }

    #[test]
    fn any_damage_leaves_a_prefix(
        cuts in proptest::collection::vec((0usize..2000, 0usize..40, any::<u8>()), 1..5),
    ) {
        let written = ["one", "two", "three", "four", "five"];
        let mut bytes = journal(&written);
        for (at, len, put) in cuts {
            let from = at % bytes.len();
            let to = (from + len).min(bytes.len());
            bytes.splice(from..to, [put]);
        }
        if let Ok(j) = parse(&bytes) {
            prop_assert_eq!(events(&j), &written[..j.records.len()]);
        }
    }

    #[test]
    fn an_old_journal_with_any_byte_changed_does_no_harm(at in 0usize..150, flip in 1u8..) {
        let mut old = br#"{"format":"antiphon.journal","version":1,"session":"s","config":7}
{"t":0,"e":"a"}
{"t":5,"e":"b"}
{"end":{"events":2,"digest":"00000000000000ff"}}
"#.to_vec();
        let at = at % old.len();
        old[at] ^= flip;
        if let Ok(j) = parse(&old) {
            prop_assert!(j.records.len() <= 2);
        }
    }
}
