//! Any order of events: nothing panics, sticks, leaks or comes back from the dead.

use antiphon_conversation::Config;
use antiphon_core::Timestamp;

use crate::{Caller, Campaign, Faults, Profile, Providers, Rng, World};

fn config(seed: u64) -> Config {
    Config { preemptive: seed.is_multiple_of(2), ..Config::default() }
}

/// `cargo xtask sim --seeds 0 --steps 10000000` takes ten times as many.
#[test]
fn invariants_hold_in_ten_thousand_storms() {
    let campaign = Campaign { first: 0, seeds: 0, profile: Profile::None, threads: 2 };
    let tally = campaign.storms(10_000 * u64::from(crate::campaign::STORM)).unwrap();
    assert!(tally.fallen.is_empty(), "{:?}", tally.fallen.first());
    assert_eq!(tally.events, 1_000_000);
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
