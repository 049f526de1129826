//! Tests of what is learned of a caller's pauses.

use std::time::Duration;

use proptest::prelude::*;

use super::ms;
use crate::{EndpointingConfig, PauseModel};

fn after(pauses: &[u64]) -> PauseModel {
    let mut model = PauseModel::default();
    for &pause in pauses {
        model.resumed(ms(pause));
    }
    model
}

fn min_max(model: PauseModel) -> (u128, u128) {
    let delays = model.delays(&EndpointingConfig::default());
    (delays.min.as_millis(), delays.max.as_millis())
}

#[test]
fn an_unknown_caller_gets_the_configured_delays() {
    assert_eq!(min_max(PauseModel::default()), (300, 1400));
}

#[test]
fn a_slow_caller_is_waited_for_after_a_few_pauses() {
    assert_eq!(min_max(after(&[1000; 1])), (337, 1575));
    assert_eq!(min_max(after(&[1000; 5])), (446, 2081));
    assert_eq!(min_max(after(&[1000; 40])), (598, 2500));
}

#[test]
fn a_brisk_caller_gets_quicker_answers() {
    assert_eq!(min_max(after(&[250; 40])), (250, 703));
}

#[test]
fn without_pauses_what_was_learned_fades() {
    let mut model = after(&[1200; 40]);
    let slow = model.usual();
    for _ in 0..30 {
        model.ended();
    }
    assert!(model.usual() < slow.mul_f64(0.7), "{:?} of {slow:?}", model.usual());
    assert!(model.usual() > ms(500));
}

#[test]
fn a_model_is_kept_between_conversations() {
    let model = after(&[700, 900, 400]);
    let text = serde_json::to_string(&model).expect("writes");
    assert_eq!(serde_json::from_str::<PauseModel>(&text).expect("reads"), model);
    let odd = r#"{"usual":{"secs":18446744073709551615,"nanos":0}}"#;
    let mut odd: PauseModel = serde_json::from_str(odd).expect("reads");
    assert_eq!(odd.usual(), ms(2000));
    odd.resumed(ms(300));
    assert!(odd.usual() < ms(2000));
}

fn pauses() -> impl Strategy<Value = Vec<Option<u64>>> {
    proptest::collection::vec(proptest::option::of(0u64..20_000), 0..100)
}

fn fed(pauses: &[Option<u64>]) -> PauseModel {
    let mut model = PauseModel::default();
    for pause in pauses {
        match pause {
            Some(pause) => model.resumed(ms(*pause)),
            None => model.ended(),
        }
    }
    model
}

proptest! {
    #[test]
    fn delays_stay_in_their_bounds(pauses in pauses()) {
        let config = EndpointingConfig::default();
        let delays = fed(&pauses).delays(&config);
        prop_assert!(config.dynamic.min <= delays.min);
        prop_assert!(delays.min <= delays.max);
        prop_assert!(delays.max <= config.dynamic.max);
    }

    #[test]
    fn one_pause_moves_the_mean_by_an_eighth_at_most(pauses in pauses(), outlier in any::<u64>()) {
        let before = fed(&pauses);
        let mut model = before;
        model.resumed(ms(outlier));
        let moved = model.usual().abs_diff(before.usual());
        prop_assert!(moved <= before.usual() / 8 + Duration::from_micros(1));
    }

    #[test]
    fn an_even_caller_is_met(pauses in pauses(), pause in 125u64..2000) {
        let mut model = fed(&pauses);
        for _ in 0..80 {
            model.resumed(ms(pause));
        }
        prop_assert!(model.usual().abs_diff(ms(pause)) < ms(5), "{:?}", model.usual());
    }

    #[test]
    fn longer_pauses_never_shorten_the_delays(pauses in pauses(), a in 0u64..5000, b in 0u64..5000) {
        let delays = |pause| {
            let mut model = fed(&pauses);
            model.resumed(ms(pause));
            model.delays(&EndpointingConfig::default())
        };
        let (short, long) = (delays(a.min(b)), delays(a.max(b)));
        prop_assert!(short.min <= long.min && short.max <= long.max);
    }
}
