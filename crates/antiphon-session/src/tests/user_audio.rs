//! Tests of the user's recent audio.

use crate::user_audio::UserAudio;

/// Half a second of a square wave.
fn half_a_second(level: i16) -> Vec<i16> {
    [level, -level].repeat(4_000)
}

#[test]
fn what_a_backchannel_detector_hears_begins_where_it_is_told_and_is_bounded() {
    let mut user = UserAudio::new();
    user.set_in_turn(true);
    for level in 1..=20 {
        user.push(&half_a_second(level), false);
    }
    assert_eq!(user.overlap(20 * 8_000 - 3), [20, -20, 20, -20][1..]);
    let longest = user.overlap(0);
    assert_eq!((longest.len(), longest[0]), (4 * 16_000, 13), "the last four seconds");
    assert!(user.overlap(u64::MAX).is_empty());
}

#[test]
fn how_loud_a_caller_is_counts_what_was_said_alone() {
    let mut user = UserAudio::new();
    user.push(&half_a_second(30_000), false);
    assert_eq!(user.level(), None, "that was over the agent");
    user.push(&half_a_second(16_384)[..7_999], true);
    assert_eq!(user.level(), None, "too little");
    user.push(&[-16_384], true);
    let half_of_full_scale = user.level().unwrap();
    assert!((half_of_full_scale + 6.02).abs() < 0.01, "{half_of_full_scale}");
    let mut silent = UserAudio::new();
    silent.push(&half_a_second(0), true);
    assert_eq!(silent.level(), None, "there is no level of nothing");
}
