//! Tests of the alignment.

use proptest::prelude::*;

use crate::{Alignment, Heard, WordTiming};

fn timed() -> Alignment {
    let mut a = Alignment::new("Hello there, friend!".into(), 24_000);
    let word =
        |t: std::ops::Range<usize>, s: std::ops::Range<u64>| WordTiming { text: t, samples: s };
    a.add_words(&[word(0..5, 0..1000), word(6..11, 1000..2000), word(13..19, 2000..3000)]);
    a.add_samples(3000);
    a
}

#[test]
fn a_word_is_heard_once_half_of_it_was_played() {
    let bytes = |played| timed().heard_prefix(played).bytes;
    assert_eq!([bytes(0), bytes(499), bytes(500)], [0, 0, 5]);
    assert_eq!([bytes(1499), bytes(1500), bytes(2499)], [5, 12, 12], "the comma clings");
    assert_eq!(bytes(2500), 20);
}

#[test]
fn without_timings_the_prefix_is_estimated_at_a_word_end() {
    let mut a = Alignment::new("Hello there, friend!".into(), 24_000);
    a.add_samples(48_000);
    assert_eq!(a.heard_prefix(24_000), Heard { bytes: 12, estimated: true });
    a.finish();
    assert_eq!(a.heard_prefix(24_000), Heard { bytes: 5, estimated: true });
    assert_eq!(a.heard_prefix(48_000), Heard { bytes: 20, estimated: false });
}

proptest! {
    #[test]
    fn more_played_is_never_less_heard(
        text in "\\PC{0,60}", words in prop::collection::vec((0usize..70, 0usize..70, 0u64..9000, 0u64..9000), 0..6),
        samples in 0u64..9000, complete: bool,
    ) {
        let mut a = Alignment::new(text.clone(), 24_000);
        let words: Vec<_> = words.into_iter().map(|(a, b, s, t)| WordTiming { text: a..b, samples: s..t }).collect();
        a.add_words(&words);
        a.add_samples(samples);
        if complete { a.finish(); }
        let mut last = 0;
        for played in (0..10_000).step_by(250) {
            let heard = a.heard_prefix(played).bytes;
            prop_assert!(heard >= last && text.is_char_boundary(heard));
            last = heard;
        }
    }
}
