//! The barge-in sweep, in steps of one frame.

use std::{collections::BTreeMap, time::Duration};

use crate::{Phase, sweep};

#[test]
fn an_interruption_at_any_moment_keeps_what_was_heard_and_gets_its_answer() {
    let landings = sweep(Duration::from_millis(20)).unwrap();
    let mut phases = BTreeMap::new();
    for landing in &landings {
        *phases.entry(landing.phase).or_insert(0) += 1;
    }
    assert_eq!(phases.len(), 5, "{phases:?}");
    assert!(landings.len() > 2_500, "{phases:?}");
    let cut = landings.iter().filter(|l| l.phase == Phase::BetweenSegments);
    assert!(cut.clone().all(|l| l.interrupted && l.heard > 2));
    assert!(landings.iter().filter(|l| l.phase == Phase::Tail).all(|l| !l.interrupted));
}
