//! Tests of the gate, the re-blocker and the energy detector.

use std::time::Duration;

use antiphon_core::{Code, Result};
use proptest::prelude::*;

use crate::{Blocks, EnergyVad, GateConfig, GateEdge, SpeechGate, Vad, conformance};

const FRAME: usize = 512;

fn gate() -> SpeechGate {
    SpeechGate::new(GateConfig::default(), 16_000).unwrap()
}

/// The edges of a run of probabilities, each with the index of the frame that brought it.
fn edges(gate: &mut SpeechGate, probs: &[f32]) -> Vec<(usize, GateEdge)> {
    probs.iter().enumerate().filter_map(|(n, &p)| Some((n, gate.push(p, FRAME)?))).collect()
}

#[test]
fn speech_starts_after_two_frames_and_dates_back_to_the_first() {
    let mut gate = gate();
    let found = edges(&mut gate, &[0.1, 0.9, 0.9, 0.9]);
    assert_eq!(found, [(2, GateEdge::Started { onset: 512 })]);
    assert!(gate.is_speaking());
    assert_eq!(gate.position(), 4 * 512);
}

#[test]
fn a_click_is_not_speech() {
    assert_eq!(edges(&mut gate(), &[0.9, 0.1, 0.9, 0.4, 0.9, 0.49]), []);
}

#[test]
fn speech_stops_after_seven_silent_frames_and_ends_where_the_last_word_did() {
    let probs = [&[0.9; 4][..], &[0.1; 9]].concat();
    let found = edges(&mut gate(), &probs);
    // 200 ms are 6.25 frames.
    assert_eq!(found.last(), Some(&(10, GateEdge::Stopped { end: 4 * 512 })));
    assert_eq!(found.len(), 2);
}

#[test]
fn the_time_a_detector_takes_to_let_go_is_no_speech() {
    struct Slow;

    impl Vad for Slow {
        fn rate_hz(&self) -> u32 {
            16_000
        }

        fn frame_len(&self) -> usize {
            FRAME
        }

        fn release(&self) -> Duration {
            Duration::from_millis(100)
        }

        fn push(&mut self, _: &[i16]) -> Result<f32> {
            Ok(0.0)
        }

        fn reset(&mut self) {}
    }

    for (frames, end) in [(10, 10 * 512 - 1600), (3, 0)] {
        let probs = [vec![0.9; frames], vec![0.1; 9]].concat();
        let found = edges(&mut gate().behind(&Slow), &probs);
        // It is told no earlier for that.
        assert_eq!(found.last(), Some(&(frames + 6, GateEdge::Stopped { end })));
    }
}

#[test]
fn a_frame_between_the_thresholds_keeps_speech_alive_but_does_not_start_it() {
    let probs = [&[0.4; 5][..], &[0.9; 2], &[0.1; 6], &[0.4], &[0.1; 6]].concat();
    assert_eq!(edges(&mut gate(), &probs), [(6, GateEdge::Started { onset: 5 * 512 })]);
}

#[test]
fn broken_probabilities_count_as_silence() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.1, 1.1] {
        let mut gate = gate();
        assert_eq!(edges(&mut gate, &[broken; 9]), []);
        let started = edges(&mut gate, &[1.0; 9]);
        let stopped = edges(&mut gate, &[broken; 9]);
        assert_eq!((started.len(), stopped.len()), (1, 1), "{broken}");
    }
}

#[test]
fn reset_returns_to_silence_at_sample_zero() {
    let mut gate = gate();
    edges(&mut gate, &[0.9; 3]);
    gate.reset();
    assert!(!gate.is_speaking());
    assert_eq!(edges(&mut gate, &[0.9; 3]), [(1, GateEdge::Started { onset: 0 })]);
}

#[test]
fn an_unusable_gate_is_refused() {
    let good = GateConfig::default();
    let bad = [
        GateConfig { start_threshold: f32::NAN, ..good },
        GateConfig { start_threshold: 1.5, ..good },
        GateConfig { stop_threshold: 0.6, ..good },
        GateConfig { stop_threshold: 0.0, ..good },
    ];
    for config in bad {
        let error = SpeechGate::new(config, 16_000).unwrap_err();
        assert_eq!(error.code(), Code::InvalidInput, "{config:?}");
    }
    assert_eq!(SpeechGate::new(good, 0).unwrap_err().code(), Code::InvalidInput);
}

proptest! {
    #[test]
    fn edges_alternate_and_never_run_backwards(
        frames in prop::collection::vec((-0.5_f32..1.5, 0_usize..2000), 0..300)
    ) {
        let mut gate = gate();
        let (mut speaking, mut last) = (false, 0);
        for (prob, len) in frames {
            let at = match gate.push(prob, len) {
                None => continue,
                Some(GateEdge::Started { onset }) => { prop_assert!(!speaking); onset }
                Some(GateEdge::Stopped { end }) => { prop_assert!(speaking); end }
            };
            speaking = !speaking;
            prop_assert!(last <= at && at <= gate.position());
            prop_assert_eq!(gate.is_speaking(), speaking);
            last = at;
        }
    }

    #[test]
    fn blocks_lose_and_invent_nothing(
        frame_len in 1_usize..40,
        pieces in prop::collection::vec(prop::collection::vec(any::<i16>(), 0..100), 0..20),
    ) {
        let mut blocks = Blocks::new(frame_len);
        let mut out = Vec::new();
        for piece in &pieces {
            let mut rest = piece.as_slice();
            while let Some(frame) = blocks.next_frame(&mut rest) {
                prop_assert_eq!(frame.len(), frame_len);
                out.extend_from_slice(frame);
            }
            prop_assert!(rest.is_empty());
        }
        let all = pieces.concat();
        prop_assert_eq!(&out, &all[..out.len()]);
        prop_assert_eq!(out.len() + blocks.pending(), all.len());
    }
}

#[test]
fn reset_drops_the_pending_samples() {
    let mut blocks = Blocks::new(3);
    assert_eq!(blocks.next_frame(&mut &[1, 2][..]), None);
    blocks.reset();
    assert_eq!(blocks.next_frame(&mut &[3, 4, 5][..]), Some(&[3, 4, 5][..]));
}

#[test]
fn the_energy_detector_conforms() {
    conformance::check(EnergyVad::new);
}

#[test]
fn the_energy_detector_hears_a_burst_and_gets_used_to_a_hum() {
    let tone = |n: usize, peak: f32| -> Vec<i16> {
        let t = |i: usize| (n * 320 + i) as f32 / 16_000.0;
        (0..320).map(|i| (peak * (t(i) * 200.0 * std::f32::consts::TAU).sin()) as i16).collect()
    };
    let mut vad = EnergyVad::new();
    let burst: Vec<f32> = (0..10).map(|n| vad.push(&tone(n, 5000.0)).unwrap()).collect();
    assert!(burst.iter().all(|&p| p > 0.9), "{burst:?}");
    let hum = (0..500).map(|n| vad.push(&tone(n, 5000.0)).unwrap()).last();
    assert!(hum.unwrap() < 0.1, "{hum:?} after ten seconds of the same hum");
}

#[test]
#[should_panic(expected = "reset left something behind")]
fn the_kit_finds_a_reset_that_forgets_to_forget() {
    #[derive(Debug)]
    struct Leaky(f32);
    impl Vad for Leaky {
        fn rate_hz(&self) -> u32 {
            16_000
        }
        fn frame_len(&self) -> usize {
            320
        }
        fn push(&mut self, _: &[i16]) -> antiphon_core::Result<f32> {
            self.0 = (self.0 + 0.001).min(0.4);
            Ok(self.0)
        }
        fn reset(&mut self) {}
    }
    conformance::check(|| Leaky(0.0));
}
