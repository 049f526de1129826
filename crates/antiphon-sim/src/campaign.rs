//! Many stories at once: every seed of a range, each told twice, on every core.
//!
//! It deliberately reads no clock: how long a campaign took is for whoever runs it to say.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use antiphon_conversation::Config;
use antiphon_state::Digest;
use antiphon_turn::{EndpointingConfig, EndpointingMode};

use crate::{Profile, Story, storm, story::catch};

/// Seeds that a thread takes at a time.
const BATCH: u64 = 64;

/// Events that a storm throws at one machine.
pub(crate) const STORM: u32 = 100;

/// After so many failures a campaign stops: one broken rule breaks many stories.
const MAX_FALLEN: usize = 20;

/// Which stories to tell.
#[derive(Clone, Copy, Debug)]
pub struct Campaign {
    /// The first seed.
    pub first: u64,
    /// How many seeds.
    pub seeds: u64,
    /// What goes wrong in them.
    pub profile: Profile,
    /// On how many threads, at least 1.
    pub threads: usize,
}

/// A seed whose story broke a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallen {
    /// The seed.
    pub seed: u64,
    /// The rule.
    pub what: String,
}

/// What a campaign found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Stories told, twice each.
    pub stories: u64,
    /// Events handled, counted once per story.
    pub events: u64,
    /// Virtual time lived through, in microseconds, counted once per story.
    pub micros: u64,
    /// The sum of what the digests of all stories say; the same for the same seeds.
    pub trace: u64,
    /// The seeds whose stories broke a rule, by number; at most twenty and a few.
    pub fallen: Vec<Fallen>,
}

impl Campaign {
    /// Tells the stories.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn run(&self) -> std::io::Result<Tally> {
        self.share(|seed, tally| tally.tell(seed, self.profile))
    }

    /// Throws `steps` random events at machines in place of stories, a hundred at each;
    /// only [`Tally::events`] and [`Tally::fallen`] count.
    ///
    /// # Errors
    /// A thread cannot be started.
    pub fn storms(&self, steps: u64) -> std::io::Result<Tally> {
        let this = Self { seeds: steps.div_ceil(u64::from(STORM)), ..*self };
        this.share(|seed, tally| {
            tally.events += u64::from(STORM);
            let stormed = catch(|| storm(storm_config(seed), seed, STORM));
            tally.fallen.extend(stormed.err().map(|what| Fallen { seed, what }));
        })
    }

    /// Shares the seeds among the threads.
    fn share(&self, work: impl Fn(u64, &mut Tally) + Sync) -> std::io::Result<Tally> {
        let next = AtomicU64::new(0);
        let enough = AtomicBool::new(false);
        let work = || {
            let mut tally = Tally::default();
            while !enough.load(Ordering::Relaxed) {
                let from = next.fetch_add(BATCH, Ordering::Relaxed);
                let seeds = from..(from + BATCH).min(self.seeds);
                if seeds.is_empty() {
                    break;
                }
                for n in seeds {
                    work(self.first.wrapping_add(n), &mut tally);
                }
                if tally.fallen.len() >= MAX_FALLEN {
                    enough.store(true, Ordering::Relaxed);
                }
            }
            tally
        };
        let mut total = Tally::default();
        thread::scope(|scope| {
            let spawn = |n| {
                let name = format!("stories-{n}");
                thread::Builder::new().name(name).spawn_scoped(scope, work)
            };
            let threads: Vec<_> = (0..self.threads.max(1)).map(spawn).collect::<Result<_, _>>()?;
            for thread in threads {
                total.add(thread.join().unwrap_or_default());
            }
            Ok::<_, std::io::Error>(())
        })?;
        total.fallen.sort_by_key(|f| f.seed);
        Ok(total)
    }
}

/// Different seeds, different kinds of conversation.
fn storm_config(seed: u64) -> Config {
    let greets = seed.is_multiple_of(3);
    let mut endpointing = EndpointingConfig::default();
    if seed % 7 == 3 {
        endpointing.mode = EndpointingMode::Provider;
    }
    Config {
        greeting: if greets { "Hello! How can I help?".to_owned() } else { String::new() },
        preemptive: seed.is_multiple_of(2),
        turn_detector: !seed.is_multiple_of(5),
        backchannel_detector: seed.is_multiple_of(4),
        endpointing,
        segments_ahead: 1 + (seed % 3) as usize,
        ..Config::default()
    }
}

impl Tally {
    /// Tells one story twice.
    fn tell(&mut self, seed: u64, profile: Profile) {
        let story = Story::from_seed(seed, profile);
        self.stories += 1;
        let (first, second) = (story.run(), story.run());
        let what = match (first, second) {
            (Ok(a), Ok(b)) if a.digest == b.digest => {
                self.events += a.events;
                self.micros += a.ended_at.as_micros();
                self.trace = self.trace.wrapping_add(mixed(seed, a.digest));
                return;
            }
            (Ok(a), Ok(b)) => {
                format!("0.000 replay: the same story went {} and then {}", a.digest, b.digest)
            }
            (Err(what), _) | (_, Err(what)) => what,
        };
        self.fallen.push(Fallen { seed, what });
    }

    fn add(&mut self, other: Self) {
        self.stories += other.stories;
        self.events += other.events;
        self.micros += other.micros;
        self.trace = self.trace.wrapping_add(other.trace);
        self.fallen.extend(other.fallen);
    }
}

/// A number for a story that depends on its seed and its digest.
fn mixed(seed: u64, digest: Digest) -> u64 {
    let mut sum = Digest::default();
    sum.add(&seed.to_le_bytes());
    sum.add(digest.to_string().as_bytes());
    u64::from_str_radix(&sum.to_string(), 16).unwrap_or_default()
}
