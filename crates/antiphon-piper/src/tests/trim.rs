//! What is cut off does not depend on how the samples arrive.

use crate::trim::{Keep, Trim};

const KEEP: Keep = Keep { lead: 2, tail: 3, latest_start: u64::MAX, spoken: 0 };

/// Silence, a sound, a pause, a sound, silence.
fn phrase() -> Vec<i16> {
    [vec![0; 10], vec![500; 5], vec![0; 9], vec![-500; 4], vec![0; 20]].concat()
}

fn trimmed(keep: Keep, size: usize) -> (Vec<i16>, Option<u64>) {
    let mut trim = Trim::new(keep);
    let kept = phrase().chunks(size).flat_map(|c| trim.push(c)).collect();
    (kept, trim.cut())
}

#[test]
fn silence_goes_at_the_ends_and_stays_in_the_middle() {
    for size in 1..=48 {
        let (kept, cut) = trimmed(KEEP, size);
        assert_eq!(kept, phrase()[8..31], "in pieces of {size}");
        assert_eq!(cut, Some(8), "in pieces of {size}");
    }
}

#[test]
fn no_word_is_cut_however_quiet_it_is() {
    let keep = Keep { latest_start: 3, spoken: 40, ..KEEP };
    for size in 1..=48 {
        let (kept, cut) = trimmed(keep, size);
        assert_eq!(kept, phrase()[3..40], "in pieces of {size}");
        assert_eq!(cut, Some(3), "in pieces of {size}");
    }
}

#[test]
fn nothing_is_kept_of_nothing_but_silence() {
    let mut trim = Trim::new(KEEP);
    assert!(trim.push(&[0, 1, -1, 0]).is_empty());
    assert_eq!(trim.cut(), None);
}
