//! Tests of the endpointing policy.

use antiphon_core::{Code, Timestamp};
use proptest::prelude::*;

use super::ms;
use crate::{DynamicConfig, EndpointingConfig, EndpointingMode as Mode, Pause, Prediction};

const END: Timestamp = Timestamp::from_millis(1000);

/// After how many milliseconds of silence the turn is due.
fn due(mode: Mode, pause: Pause) -> Option<u64> {
    let config = EndpointingConfig { mode, ..EndpointingConfig::default() };
    let due = config.due(&Pause { speech_end: END, ..pause })?;
    Some(due.since(END).as_millis() as u64)
}

fn sounds(p: f32) -> Pause {
    Pause { prediction: Prediction::Finished(p), ..Pause::default() }
}

#[test]
fn the_surer_the_detector_the_shorter_the_wait() {
    let table = [(1.0, 300), (0.9, 300), (0.89, 700), (0.5, 700), (0.49, 1400), (0.0, 1400)];
    for (p, wait) in table {
        assert_eq!(due(Mode::Detector, sounds(p)), Some(wait), "p = {p}");
    }
    assert_eq!(due(Mode::Detector, sounds(f32::NAN)), Some(1400));
    let pending = Pause { prediction: Prediction::Pending, ..Pause::default() };
    assert_eq!(due(Mode::Detector, pending), Some(1400));
    assert_eq!(due(Mode::Detector, Pause::default()), Some(600));
}

#[test]
fn a_middle_outside_floor_and_ceiling_is_brought_between_them() {
    let wait =
        |config: EndpointingConfig| config.due(&sounds(0.6)).map(|at| at.since(Timestamp::ZERO));
    let hasty = EndpointingConfig { ceiling: ms(500), ..EndpointingConfig::default() };
    assert_eq!(wait(hasty), Some(ms(500)));
    let patient = EndpointingConfig { floor: ms(900), ..EndpointingConfig::default() };
    assert_eq!(wait(patient), Some(ms(900)));
}

#[test]
fn the_fixed_mode_asks_nobody() {
    assert_eq!(due(Mode::Fixed, sounds(1.0)), Some(600));
    assert_eq!(due(Mode::Fixed, sounds(0.0)), Some(600));
}

#[test]
fn the_dynamic_mode_keeps_the_proportions() {
    let wait = |p, usual| due(Mode::Dynamic, Pause { usual, ..sounds(p) });
    let table = [(0.95, 300, 480, 250), (0.6, 700, 1120, 350), (0.1, 1400, 2240, 700)];
    for (p, typical, slow, brisk) in table {
        assert_eq!(wait(p, None), Some(typical));
        assert_eq!(wait(p, Some(ms(500))), Some(typical));
        assert_eq!(wait(p, Some(ms(800))), Some(slow));
        assert_eq!(wait(p, Some(ms(250))), Some(brisk));
    }
    let absent = Pause { usual: Some(ms(800)), ..Pause::default() };
    assert_eq!(due(Mode::Dynamic, absent), Some(960));
}

#[test]
fn the_final_transcript_ends_the_turn_between_floor_and_ceiling() {
    for (at, wait) in [(900, 300), (1100, 300), (1450, 450), (9000, 1400)] {
        let at = Some(Timestamp::from_millis(at));
        let pause = Pause { transcript_final_at: at, ..sounds(0.0) };
        assert_eq!(due(Mode::SttFinal, pause), Some(wait));
    }
    assert_eq!(due(Mode::SttFinal, sounds(1.0)), Some(1400));
}

#[test]
fn the_provider_needs_no_floor_and_is_not_waited_for_for_ever() {
    for (at, wait) in [(900, 0), (1100, 100), (4000, 3000), (60_000, 8000)] {
        let at = Some(Timestamp::from_millis(at));
        let pause = Pause { provider_ended: at, ..sounds(0.0) };
        assert_eq!(due(Mode::Provider, pause), Some(wait));
    }
    assert_eq!(due(Mode::Provider, sounds(1.0)), Some(8000));
}

#[test]
fn push_to_talk_is_never_due() {
    let at = Some(END);
    let pause = Pause { transcript_final_at: at, provider_ended: at, ..sounds(1.0) };
    assert_eq!(due(Mode::Manual, pause), None);
}

#[test]
fn a_bad_setting_is_named_with_its_value_and_its_mending() {
    let good = EndpointingConfig::default();
    assert!(good.validate().is_ok());
    let backwards = DynamicConfig { min: ms(900), max: ms(800) };
    let table = [
        (EndpointingConfig { threshold: 1.5, ..good.clone() }, "endpointing.threshold is 1.5"),
        (EndpointingConfig { sure: f32::NAN, ..good.clone() }, "endpointing.sure is NaN"),
        (
            EndpointingConfig { floor: ms(1500), ..good.clone() },
            "endpointing.floor (1.5s) exceeds endpointing.ceiling (1.4s)",
        ),
        (
            EndpointingConfig { dynamic: backwards, ..good.clone() },
            "endpointing.dynamic.min (900ms) exceeds endpointing.dynamic.max (800ms)",
        ),
        (
            EndpointingConfig { provider_ceiling: ms(61_000), ..good },
            "endpointing.provider_ceiling is 61s",
        ),
    ];
    for (config, detail) in table {
        let error = config.validate().expect_err(detail);
        assert_eq!((error.code(), error.detail()), (Code::InvalidInput, detail));
        assert!(error.help().is_some());
    }
}

#[test]
fn a_header_of_an_older_journal_is_read() {
    let old = r#"{"floor":{"secs":0,"nanos":250000000},"ceiling":{"secs":1,"nanos":0},
        "without_detector":{"secs":0,"nanos":600000000},"threshold":0.6,
        "transcript_grace":{"secs":1,"nanos":500000000}}"#;
    let read: EndpointingConfig = serde_json::from_str(old).expect("reads");
    let expected = EndpointingConfig {
        floor: ms(250),
        ceiling: ms(1000),
        threshold: 0.6,
        ..EndpointingConfig::default()
    };
    assert_eq!(read, expected);
    let written = serde_json::to_string(&read).expect("writes");
    assert!(written.starts_with(r#"{"mode":"detector","#), "{written}");
}

fn modes() -> impl Strategy<Value = Mode> {
    use Mode::{Detector, Dynamic, Fixed, Manual, Provider, SttFinal};
    proptest::sample::select(vec![Detector, Fixed, Dynamic, SttFinal, Manual, Provider])
}

fn pauses() -> impl Strategy<Value = Pause> {
    let prediction = prop_oneof![
        Just(Prediction::Absent),
        Just(Prediction::Pending),
        proptest::num::f32::ANY.prop_map(Prediction::Finished),
    ];
    let at = || proptest::option::of((0u64..20_000_000).prop_map(Timestamp::from_micros));
    let usual = proptest::option::of((0u64..9000).prop_map(ms));
    (0u64..10_000_000, prediction, any::<bool>(), at(), at(), usual).prop_map(
        |(end, prediction, trails_off, stt, own, usual)| Pause {
            speech_end: Timestamp::from_micros(end),
            prediction,
            trails_off,
            transcript_final_at: stt,
            provider_ended: own,
            usual,
        },
    )
}

proptest! {
    #[test]
    fn every_mode_keeps_its_bounds(mode in modes(), pause in pauses()) {
        let config = EndpointingConfig { mode, ..EndpointingConfig::default() };
        let end = pause.speech_end;
        let Some(due) = config.due(&pause) else {
            prop_assert_eq!(mode, Mode::Manual);
            return Ok(());
        };
        let (low, high) = match mode {
            Mode::Dynamic => (config.dynamic.min, config.dynamic.max),
            Mode::Provider => (ms(0), config.provider_ceiling),
            Mode::Detector | Mode::Fixed | Mode::SttFinal | Mode::Manual => {
                (config.floor, config.ceiling)
            }
        };
        prop_assert!(due >= end + low && due <= end + high);
    }

    #[test]
    fn more_likely_finished_is_never_later(p in 0f32..1.0, q in 0f32..1.0, pause in pauses()) {
        let config = EndpointingConfig { mode: Mode::Dynamic, ..EndpointingConfig::default() };
        let due = |p| config.due(&Pause { prediction: Prediction::Finished(p), ..pause });
        prop_assert!(due(p.max(q)) <= due(p.min(q)));
    }

    #[test]
    fn no_setting_makes_it_panic(
        floor in any::<u64>(), ceiling in any::<u64>(), min in any::<u64>(), max in any::<u64>(),
        mode in modes(), pause in pauses(),
    ) {
        let config = EndpointingConfig {
            mode,
            floor: ms(floor),
            ceiling: ms(ceiling),
            dynamic: DynamicConfig { min: ms(min), max: ms(max) },
            provider_ceiling: ms(max),
            ..EndpointingConfig::default()
        };
        prop_assert_eq!(config.due(&pause).is_none(), mode == Mode::Manual);
    }
}
