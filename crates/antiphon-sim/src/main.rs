//! Tells thousands of conversations from seeds, and says which broke a rule: `cargo xtask sim`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

mod figures;

use std::{
    collections::BTreeMap,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use antiphon_core::Timestamp;
use antiphon_sim::{Campaign, Fallen, Profile, Story, Tally, World, sweep};
use clap::Parser;

use self::figures::Figures;

/// Runs seeded conversations in the virtual world: each twice, with every rule checked.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask sim")]
struct Args {
    /// How many stories to tell
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    first: u64,
    /// Tells one story only, and prints all that happens in it
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// What goes wrong: none, mild or harsh
    #[arg(long, default_value_t = Profile::Mild, value_name = "PROFILE")]
    faults: Profile,
    /// Random events in any order, checked against the reference model, beside the stories
    #[arg(long, default_value_t = 1_000_000, value_name = "N")]
    steps: u64,
    /// A million stories and a milliard random events
    #[arg(long, conflicts_with_all = ["seeds", "steps", "seed"])]
    long: bool,
    /// Measures how much faster than real time the machine runs, without any check
    #[arg(long, conflicts_with = "seed")]
    speed: bool,
    /// Interrupts one reply at every 20 ms instead
    #[arg(long, conflicts_with_all = ["seeds", "first", "seed"])]
    sweep: bool,
    /// Threads; as many as there are cores if not given
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Writes the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    let mut args = Args::parse();
    if args.long {
        (args.seeds, args.steps) = (1_000_000, 1_000_000_000);
    }
    // A panic of the machine is a finding like any other; it is reported with its seed.
    std::panic::set_hook(Box::new(|_| {}));
    match args.seed {
        Some(seed) => tell(seed, args.faults),
        None if args.sweep => interrupt(),
        None if args.speed => race(&args),
        None => run(&args),
    }
}

/// Interrupts at every frame.
fn interrupt() -> ExitCode {
    match sweep(Duration::from_millis(20)) {
        Ok(landings) => {
            let mut phases = BTreeMap::new();
            for landing in &landings {
                *phases.entry(landing.phase).or_insert(0_u32) += 1;
            }
            println!("{} interruptions, no rule broken: {phases:?}", landings.len());
            ExitCode::SUCCESS
        }
        Err(what) => {
            println!("FAILED {what}");
            ExitCode::FAILURE
        }
    }
}

/// Tells one story aloud.
fn tell(seed: u64, profile: Profile) -> ExitCode {
    let story = Story::from_seed(seed, profile);
    match story.run() {
        Ok(report) => {
            print!("{}", story.transcript());
            println!("ok: {} events, digest {}", report.events, report.digest);
            ExitCode::SUCCESS
        }
        Err(what) => {
            explain(&Fallen { seed, what }, profile);
            ExitCode::FAILURE
        }
    }
}

/// The stories once, bare and on one thread.
fn race(args: &Args) -> ExitCode {
    let stories: Vec<Story> =
        (args.first..args.first + args.seeds).map(|s| Story::from_seed(s, args.faults)).collect();
    let worlds: Vec<World> = stories.iter().filter_map(|s| s.world().ok()).collect();
    let began = Instant::now();
    let (mut events, mut micros) = (0, 0);
    for world in worlds {
        if let Ok(report) = world.bare().run(Timestamp::from_millis(3_600_000)) {
            events += report.events;
            micros += report.ended_at.as_micros();
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let times = micros as f64 / 1e6 / seconds;
    let rate = events as f64 / seconds;
    println!("one thread, no checks: {times:.0} times real time, {rate:.0} events a second");
    ExitCode::SUCCESS
}

fn run(args: &Args) -> ExitCode {
    let threads = args.threads.or_else(|| thread::available_parallelism().ok().map(Into::into));
    let threads = threads.unwrap_or(1);
    let campaign = Campaign { first: args.first, seeds: args.seeds, profile: args.faults, threads };
    let began = Instant::now();
    let tally = match campaign.run() {
        Ok(tally) => tally,
        Err(e) => {
            eprintln!("error: {e}");
            return ExitCode::FAILURE;
        }
    };
    let figures = Figures::new(&tally, args.faults, threads, began.elapsed());
    println!("{figures}");
    if let Some(fallen) = tally.fallen.first() {
        explain(fallen, args.faults);
        list(&tally, args.faults);
    }
    let stormed = storms(&campaign, args.steps);
    if let Some(path) = &args.json
        && let Err(e) = std::fs::write(path, figures.json())
    {
        eprintln!("error: {}: {e}", path.display());
        return ExitCode::FAILURE;
    }
    if tally.fallen.is_empty() && stormed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first failure in full: how to see it again, and the shortest story that shows it.
fn explain(fallen: &Fallen, profile: Profile) {
    let Fallen { seed, what } = fallen;
    println!("\nFAILED seed {seed}: {what}");
    println!("reproduce: cargo xtask sim --seed {seed} --faults {profile}");
    let failure = Story::from_seed(*seed, profile).shrink(what);
    println!("\nthe shortest story found that breaks this rule: {}", failure.what);
    println!("{:#?}\n{:?}\n", failure.story.caller, failure.story.providers);
    print!("{}", failure.transcript);
    println!("--> {}", failure.what);
}

fn list(tally: &Tally, profile: Profile) {
    for Fallen { seed, what } in &tally.fallen {
        println!("cargo xtask sim --seed {seed} --faults {profile}    # {what}");
    }
}

/// Events without sense or order. Returns whether all went well.
fn storms(campaign: &Campaign, steps: u64) -> bool {
    let began = Instant::now();
    match campaign.storms(steps) {
        Ok(tally) => {
            for Fallen { what, .. } in &tally.fallen {
                println!("FAILED storm: {what}");
            }
            let (events, failures) = (tally.events, tally.fallen.len());
            let seconds = began.elapsed().as_secs_f64();
            println!("{events} random events in {seconds:.1} s, {failures} failures");
            tally.fallen.is_empty()
        }
        Err(e) => {
            eprintln!("error: {e}");
            false
        }
    }
}
