//! Stories from seeds: every rule holds in each, and each goes the same way twice.

use std::sync::Arc;

use crate::{Caller, Campaign, Fallen, Profile, Replies, Rng, Story, Tally};

fn tell(seeds: u64, profile: Profile) -> Tally {
    let tally = Campaign { first: 0, seeds, profile, threads: 2 }.run().unwrap();
    let lines = tally.fallen.iter().map(|Fallen { seed, what }| {
        format!("cargo xtask sim --seed {seed} --faults {profile}    # {what}\n")
    });
    assert!(tally.fallen.is_empty(), "{}", lines.collect::<String>());
    tally
}

#[test]
fn stories_without_faults_keep_every_rule() {
    let tally = tell(500, Profile::None);
    assert_eq!(tally.stories, 500);
}

#[test]
fn stories_with_mild_faults_keep_every_rule() {
    tell(600, Profile::Mild);
}

#[test]
fn stories_with_harsh_faults_keep_every_rule() {
    tell(900, Profile::Harsh);
}

/// Seeds whose stories once broke a rule: an end of turn that waited for a flush answer nobody
/// owed any more (186, 762, 6558), a first segment without a sound before one that was heard
/// (9302), a last transcript that came after the caller had left (75444, 86129),
/// an answer to a question from before the caller spoke again (4213, 8375, 49910).
#[test]
fn stories_that_broke_a_rule_keep_it() {
    let harsh = [186, 762, 6558, 9302, 15_420, 608_586, 1_031_277, 1_038_992]
        .map(|seed| (seed, Profile::Harsh));
    let mild = [4_213, 8_375, 49_910, 75_444, 86_129].map(|seed| (seed, Profile::Mild));
    for (seed, profile) in harsh.into_iter().chain(mild) {
        let story = Story::from_seed(seed, profile);
        assert_eq!(story.run().map(drop), Ok(()), "seed {seed}");
    }
}

#[test]
fn the_order_in_which_threads_tell_stories_does_not_matter() {
    let one = Campaign { first: 7, seeds: 200, profile: Profile::Mild, threads: 1 };
    let two = Campaign { threads: 2, ..one };
    assert_eq!(one.run().unwrap(), two.run().unwrap());
}

#[test]
fn a_failing_story_shrinks_to_what_matters() {
    let mut story = Story::from_seed(1, Profile::Mild);
    story.caller = Caller::random(&mut Rng::new(1), 8);
    story.providers.replies = Replies::Computed(Arc::new(|request| {
        assert!(request.messages.len() < 3, "a rule broken on purpose");
        "Yes.".to_owned()
    }));
    let what = story.run().unwrap_err();
    let failure = story.shrink(&what);
    assert!(failure.what.ends_with("a rule broken on purpose"), "{}", failure.what);
    assert!(failure.story.caller.lines.len() <= 2, "{:?}", failure.story.caller);
}
