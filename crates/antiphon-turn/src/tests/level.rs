//! What loudness says about who is heard.

use antiphon_core::SPEECH_RATE_HZ;
use futures_util::FutureExt as _;

use crate::{BackchannelDetector as _, LevelDetector, OverlapContext, conformance};

/// 300 ms of a quiet room, then `ms` of a tone at `dbfs` (root mean square), then the room again.
fn sound(dbfs: f32, ms: usize) -> Vec<i16> {
    let samples = |ms: usize| ms * SPEECH_RATE_HZ as usize / 1000;
    let tone = 32_768.0 * 10_f32.powf(dbfs / 20.0) * 2_f32.sqrt();
    let mut state = 1_u32;
    let mut room = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 27) as f32 - 16.0
    };
    (0..samples(600 + ms))
        .map(|n| {
            let sounds = (samples(300)..samples(300 + ms)).contains(&n);
            let phase = n as f32 * 0.07;
            (room() + if sounds { tone * phase.sin() } else { 0.0 }) as i16
        })
        .collect()
}

fn p(audio: Vec<i16>, caller_dbfs: Option<f32>) -> f32 {
    let context = OverlapContext { audio, caller_dbfs, ..OverlapContext::default() };
    LevelDetector.predict(context).now_or_never().unwrap().unwrap()
}

#[test]
fn what_is_far_below_the_caller_is_background() {
    assert!(p(sound(-37.0, 600), Some(-25.0)) > 0.97);
    assert!(p(sound(-33.5, 600), Some(-25.0)) > 0.97);
    assert!(p(sound(-40.0, 60), Some(-25.0)) > 0.97);
}

#[test]
fn what_is_as_loud_as_the_caller_may_be_anything() {
    for dbfs in [-15.0, -25.0, -29.5] {
        assert_eq!(p(sound(dbfs, 600), Some(-25.0)), 0.5, "{dbfs}");
    }
}

#[test]
fn the_quieter_the_surer() {
    let probabilities = [-30.5, -31.5, -32.5].map(|dbfs| p(sound(dbfs, 600), Some(-25.0)));
    assert!(probabilities.is_sorted() && probabilities[0] > 0.5 && probabilities[2] < 0.97);
}

#[test]
fn without_a_caller_or_a_sound_nothing_is_known() {
    assert_eq!(p(sound(-60.0, 600), None), 0.5);
    assert_eq!(p(vec![0; 8_000], Some(-25.0)), 0.5);
    assert_eq!(p(Vec::new(), Some(-25.0)), 0.5);
    assert_eq!(p(vec![7; 100], Some(-25.0)), 0.5);
}

#[test]
fn it_conforms() {
    conformance::check_backchannels(&LevelDetector).now_or_never().unwrap();
}
