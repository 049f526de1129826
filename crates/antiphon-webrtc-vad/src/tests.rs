//! Tests of the wrapped detector.

use antiphon_vad::{Vad, conformance};

use crate::{Mode, WebrtcVad};

const MODES: [Mode; 4] = [Mode::Quality, Mode::LowBitrate, Mode::Aggressive, Mode::VeryAggressive];

#[test]
fn every_mode_conforms() {
    for mode in MODES {
        conformance::check(|| WebrtcVad::new(mode));
    }
}

/// A glottal pulse train through two resonances: an "ah", as far as this detector can tell.
fn vowel() -> Vec<i16> {
    let mut filters = [resonance(700.0), resonance(1200.0)];
    (0..16_000)
        .map(|n| {
            let pulse = if n % 130 == 0 { 9000.0 } else { 0.0 };
            filters.iter_mut().fold(pulse, |x, filter| filter(x)) as i16
        })
        .collect()
}

fn resonance(hz: f32) -> impl FnMut(f32) -> f32 {
    let (radius, angle) = (0.97_f32, hz / 16_000.0 * std::f32::consts::TAU);
    let (mut y1, mut y2) = (0.0, 0.0);
    move |x| {
        let y = 0.1 * x + 2.0 * radius * angle.cos() * y1 - radius * radius * y2;
        (y2, y1) = (y1, y);
        y
    }
}

#[test]
fn a_vowel_is_speech() {
    for mode in MODES {
        let mut vad = WebrtcVad::new(mode);
        let probs: Vec<f32> =
            vowel().chunks_exact(320).map(|frame| vad.push(frame).unwrap()).collect();
        let speech = probs.iter().sum::<f32>() / probs.len() as f32;
        assert!(speech > 0.8, "{mode:?}: {speech}");
        assert!(probs.iter().all(|&p| p == 0.0 || p == 1.0), "{probs:?}");
    }
}

#[test]
fn a_detector_may_move_to_another_thread() {
    let mut vad = WebrtcVad::new(Mode::default());
    std::thread::scope(|s| {
        s.spawn(|| vad.push(&[0; 320]).unwrap());
    });
    assert_eq!(vad.push(&[0; 320]).unwrap(), 0.0);
}
