//! What the bench stands on: seeds, sounds, and the reading of a recording.

use antiphon::SPEECH_RATE_HZ;

use super::{
    SCORING,
    overlaps::{silence_after, sound_after},
    random::Random,
    sentences::{PIECES, SENTENCES},
    sounds::{bang, by_phone, cough, far_away, music},
    voice::{audible, levelled},
};

#[test]
fn a_seed_gives_the_same_sounds_and_another_one_others() {
    for make in [cough, bang, music] {
        let from = |seed| make(&mut Random::new(seed));
        assert_eq!(from(1), from(1));
        assert_ne!(from(1), from(SCORING));
    }
}

#[test]
fn sounds_are_audible_from_their_first_ten_milliseconds() {
    for seed in 0..20 {
        for make in [cough, bang, music] {
            let sound = make(&mut Random::new(seed));
            let span = audible(&sound);
            assert!(span.start < 1600 && span.len() > 800, "{seed}: {span:?} of {}", sound.len());
            assert!(sound.iter().any(|s| s.unsigned_abs() > 10_000));
        }
    }
}

#[test]
fn lines_and_rooms_keep_the_place_of_a_sound() {
    let mut tone = vec![0; 8000];
    tone.extend((0..8000).map(|n| ((f64::from(n) * 0.2).sin() * 9000.0) as i16));
    for made in [by_phone(&tone).unwrap(), far_away(&tone), levelled(&tone, -30.0)] {
        let onset = audible(&made).start as i64;
        assert!((onset - 8000).abs() < SPEECH_RATE_HZ as i64 / 500, "{onset}");
    }
}

#[test]
fn levels_are_what_they_are_called() {
    let noise: Vec<i16> = {
        let mut random = Random::new(3);
        (0..16_000).map(|_| random.between(-9000.0, 9000.0) as i16).collect()
    };
    let at = levelled(&noise, -30.0);
    let power = at.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 16_000.0;
    assert!((10.0 * power.log10() - 20.0 * 32_768_f64.log10() + 30.0).abs() < 0.1);
}

#[test]
fn a_hold_is_a_frame_of_zeros() {
    let mut agent = vec![5_i16; 1000];
    agent.extend([0; 319]);
    agent.extend([5; 10]);
    assert_eq!(silence_after(&agent, 0), None);
    agent.extend([0; 400]);
    agent.extend([5; 10]);
    assert_eq!(silence_after(&agent, 0), Some(1329));
    assert_eq!(sound_after(&agent, 1329), Some(1729));
}

#[test]
fn turns_in_parts_have_parts() {
    assert!(PIECES.iter().all(|p| p.matches('|').count() >= 2));
    assert!(SENTENCES.iter().filter(|s| s.contains('|')).count() * 2 > SENTENCES.len());
    assert!(SENTENCES.iter().chain(PIECES).all(|s| s.split('|').all(|p| !p.trim().is_empty())));
}
