//! Any order of events: nothing panics, sticks, leaks or comes back from the dead.

use antiphon_conversation::Config;
use antiphon_core::Timestamp;

use crate::{Caller, Faults, Profile, Providers, Rng, World, storm};

/// Set to a seed to reproduce one failing storm.
const REPRODUCE: Option<u64> = None;

fn config(seed: u64) -> Config {
    Config {
        greeting: if seed.is_multiple_of(3) {
            "Hello! How can I help?".into()
        } else {
            String::new()
        },
        preemptive: seed.is_multiple_of(2),
        turn_detector: !seed.is_multiple_of(5),
        segments_ahead: 1 + (seed % 3) as usize,
        ..Config::default()
    }
}

#[test]
fn invariants_hold_in_ten_thousand_storms() {
    let seeds = REPRODUCE.map_or(0..10_000, |s| s..s + 1);
    for seed in seeds {
        storm(config(seed), seed, 100).unwrap();
    }
}

#[test]
fn a_rude_world_breaks_nothing() {
    for seed in 0..1_000 {
        let caller = Caller::random(&mut Rng::new(seed), 8);
        let providers = Providers { faults: Faults::of(Profile::Harsh), ..Providers::default() };
        let world = World::new(config(seed), providers, caller, seed).unwrap();
        let report = world.run(Timestamp::from_millis(600_000)).unwrap_or_else(|e| {
            panic!("seed {seed}: {e}");
        });
        assert!(report.events > 0);
    }
}

#[test]
fn the_same_seed_gives_the_same_actions() {
    let run = |seed| {
        let caller = Caller::random(&mut Rng::new(seed), 6);
        let providers = Providers { faults: Faults::of(Profile::Harsh), ..Providers::default() };
        let world = World::new(config(seed), providers, caller, seed).unwrap();
        world.run(Timestamp::from_millis(300_000)).map(|r| r.digest).map_err(|e| e.to_string())
    };
    assert!((0..50).all(|seed| run(seed) == run(seed)));
    assert_ne!(run(1), run(2));
}
