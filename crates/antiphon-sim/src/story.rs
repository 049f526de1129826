//! A whole conversation from one number: configuration, caller, providers, faults.

use std::{panic::AssertUnwindSafe, time::Duration};

use antiphon_conversation::Config;
use antiphon_core::Timestamp;
use antiphon_turn::EndpointingMode;

use crate::{Caller, Faults, Profile, Providers, Replies, Report, Rng, World, providers};

/// No story takes longer than this.
const HORIZON: Timestamp = Timestamp::from_millis(3_600_000);

/// Most runs that shrinking takes.
const MAX_SHRINKING: usize = 400;

const SENTENCES: [&str; 8] = [
    "Certainly, I can do that.",
    "Of course.",
    "We open at nine in the morning, and we close at six.",
    "Let me see, that would be forty-two dollars and fifty cents, if I am not mistaken.",
    "Dr. Smith is in at 5:30 p.m. today.",
    "Shall we say seven o'clock?",
    "On Sundays we rest, as everybody does, unless it is the first Sunday of the month.",
    "No.",
];

/// A conversation that always goes the same way.
#[derive(Clone, Debug)]
pub struct Story {
    /// The machine's configuration.
    pub config: Config,
    /// The providers, with their faults.
    pub providers: Providers,
    /// The caller.
    pub caller: Caller,
    /// Decides what chance is left.
    pub seed: u64,
}

/// A story that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The broken rule.
    pub what: String,
    /// The shortest story found that breaks the same rule.
    pub story: Story,
    /// What happened in it, one line per event and action.
    pub transcript: String,
}

impl Story {
    /// The story of a seed.
    #[must_use]
    pub fn from_seed(seed: u64, profile: Profile) -> Self {
        let rng = &mut Rng::new(seed ^ 0x5eed);
        let lines = 1 + rng.below(8) as usize;
        let mut config = random_config(rng);
        let mut providers = random_providers(rng, profile);
        // Drawn apart: stories without these are what they were before there were any.
        let detector = &mut Rng::new(seed ^ 0xbac);
        config.backchannel_detector = detector.one_in(3);
        providers.backchannel = Duration::from_millis(10 + detector.below(200));
        if detector.one_in(4) {
            config.endpointing.mode = EndpointingMode::Provider;
        }
        providers.end_of_turn = Duration::from_millis(50 + detector.below(900));
        Self { config, providers, caller: Caller::random(rng, lines), seed }
    }

    /// The world of this story.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid.
    pub fn world(&self) -> antiphon_core::Result<World> {
        World::new(self.config.clone(), self.providers.clone(), self.caller.clone(), self.seed)
    }

    /// Runs the story without recording it.
    ///
    /// # Errors
    /// The broken rule; a panic of the machine is one.
    pub fn run(&self) -> Result<Report, String> {
        let world = self.world().map_err(|e| e.to_string())?.unrecorded();
        catch(|| world.run(HORIZON).map_err(|broken| broken.to_string()))
    }

    /// Finds a shorter story that breaks the same rule as this one did with `what`.
    #[must_use]
    pub fn shrink(&self, what: &str) -> Failure {
        let mut best = (self.clone(), what.to_owned());
        let mut runs = 0;
        'again: loop {
            for story in best.0.shorter() {
                runs += 1;
                if runs > MAX_SHRINKING {
                    break 'again;
                }
                if let Err(now) = story.run()
                    && rule(&now) == rule(what)
                {
                    best = (story, now);
                    continue 'again;
                }
            }
            break;
        }
        let (story, what) = best;
        let transcript = story.transcript();
        Failure { what, story, transcript }
    }

    /// What happens, one line per event and action.
    #[must_use]
    pub fn transcript(&self) -> String {
        let Ok(world) = self.world() else { return String::new() };
        let steps = catch(|| {
            Ok(match world.run(HORIZON) {
                Ok(report) => report.steps,
                Err(broken) => broken.steps,
            })
        });
        crate::script::transcript(&steps.unwrap_or_default())
    }

    /// Every story that is one step simpler.
    fn shorter(&self) -> Vec<Self> {
        let with = |change: &dyn Fn(&mut Self)| {
            let mut story = self.clone();
            change(&mut story);
            story
        };
        let mut all = Vec::new();
        for i in (0..self.caller.lines.len()).rev() {
            all.push(with(&|s| drop(s.caller.lines.remove(i))));
        }
        if self.caller.leaves.is_some() {
            all.push(with(&|s| s.caller.leaves = None));
        }
        if let Replies::Scripted(replies) = &self.providers.replies {
            for i in (0..replies.len()).rev() {
                let mut fewer = replies.clone();
                fewer.remove(i);
                all.push(with(&|s| s.providers.replies = Replies::Scripted(fewer.clone())));
            }
        }
        for faults in self.providers.faults.without_one() {
            all.push(with(&|s| s.providers.faults = faults.clone()));
        }
        if !self.config.greeting.is_empty() {
            all.push(with(&|s| s.config.greeting.clear()));
        }
        all
    }
}

/// Runs something of the machine, a panic being an error.
pub(crate) fn catch<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!("0.000 panic: {}", text.unwrap_or("of an unknown kind")))
    })
}

/// The rule that a message names: what stands between the time and the first colon.
fn rule(what: &str) -> &str {
    let rule = what.split_once(' ').map_or(what, |(_, rest)| rest);
    rule.split_once(':').map_or(rule, |(rule, _)| rule)
}

fn random_config(rng: &mut Rng) -> Config {
    let greeting =
        if rng.one_in(2) { "Hello, this is the front desk. How can I help you?" } else { "" };
    Config {
        greeting: greeting.to_owned(),
        preemptive: !rng.one_in(3),
        turn_detector: !rng.one_in(4),
        segments_ahead: 1 + rng.below(3) as usize,
        ..Config::default()
    }
}

fn random_providers(rng: &mut Rng, profile: Profile) -> Providers {
    let mut ms = |least, most| Duration::from_millis(least + rng.below(most - least));
    let providers = Providers {
        vad: ms(150, 300),
        stt: ms(20, 400),
        turn: ms(20, 300),
        ttft: ms(50, 1500),
        token: ms(5, 60),
        ttfb: ms(30, 500),
        ..Providers::default()
    };
    let replies = (0..1 + rng.below(4)).map(|_| {
        let sentences = (0..1 + rng.below(5)).filter_map(|_| rng.pick(&SENTENCES).copied());
        sentences.collect::<Vec<_>>().join(" ")
    });
    let replies = providers::Replies::Scripted(replies.collect());
    let interim = (!rng.one_in(3)).then(|| Duration::from_millis(20 + rng.below(130)));
    let speed = 2 + rng.below(20) as u32;
    Providers { replies, interim, speed, faults: Faults::of(profile), ..providers }
}
