//! `antiphon test`: plays scenarios in virtual time and says which did not go as expected.

mod agent;
mod judge;
mod report;
mod run;
mod spoken;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use antiphon::{
    Code, Error, Result,
    config::Effective,
    sim::{Scenario, scenario::Unmet},
};
use tokio::runtime::Runtime;

use self::{
    judge::Judge,
    report::{Played, junit, show},
    run::Run,
    spoken::Spoken,
};
use crate::{config, screen::say};

/// Longest scenario file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Play scenarios in virtual time.
///
/// Each file holds one scenario: what a caller does, what the agent would answer, and what must
/// come of it. A folder stands for its .yaml and .yml files. Exits with 1 if a scenario did not go
/// as expected.
///
/// A scenario may name an agent file: then its tools run, and its model answers unless the
/// scenario says what is answered. With --voice the caller speaks, and the agent hears and speaks
/// with the local models.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Args {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Let caller and agent speak, with the local models and in virtual time.
    #[arg(long)]
    voice: bool,
    /// The agent under test, in place of the one that a scenario names.
    #[arg(long, value_name = "AGENT.yaml")]
    agent: Option<PathBuf>,
    /// Play each so often, each time with other luck, and tell how often it fails.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Let the language model of this agent file judge the rubrics.
    #[arg(long, value_name = "AGENT.yaml")]
    judge: Option<PathBuf>,
    /// Write a report in JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  antiphon test scenarios/
  antiphon test scenarios/hums.yaml --repeat 1000     is it the agent, or bad luck?
  antiphon test scenarios/ --junit report.xml         for a build server
  antiphon test scenarios/ --voice --agent agent.yaml the same callers, by voice

Luck is what the seed of a scenario decides: delays and faults of providers. A scenario without
`faults` goes the same way each time. With --voice there are no faults; what differs from time to
time is how the caller sounds.

Rubrics are judged by the best local language model that is here, unless --judge says who. It is a
weak judge.

MCP servers of agent files are started before the first scenario, once for all of them.";

pub(crate) fn main(args: &Args) -> Result<ExitCode> {
    let files = files(&args.paths)?;
    // Every file is read before the first is played: a slip of the pen shows at once.
    let scenarios: Vec<_> = files.into_iter().map(read_scenario).collect::<Result<_>>()?;
    let agents: Vec<_> = scenarios
        .iter()
        .map(|(file, scenario)| agent_of(args, file, scenario))
        .collect::<Result<_>>()?;
    let mut run = Run::begin(&agents)?;
    let played = play_all(args, scenarios, agents, &mut run);
    run.end();
    let played = played?;
    if let Some(path) = &args.junit {
        fs::write(path, junit(&played, args.repeat)).map_err(|e| unwritable(path, &e))?;
    }
    let failed = played.iter().filter(|p| p.failures > 0).count();
    say!("{} passed, {failed} failed", played.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play_all(
    args: &Args,
    scenarios: Vec<(PathBuf, Scenario)>,
    agents: Vec<Option<Effective>>,
    run: &mut Run,
) -> Result<Vec<Played>> {
    let judge = if scenarios.iter().any(|(_, scenario)| scenario.has_rubrics()) {
        let judge = Judge::of(args.judge.as_deref(), run)?;
        say!("judged by {}", judge.introduced());
        Some(judge)
    } else {
        None
    };
    let mut played = Vec::with_capacity(scenarios.len());
    for ((file, mut scenario), agent) in scenarios.into_iter().zip(agents) {
        if let Some(judge) = judge.clone() {
            scenario = scenario.judge(move |rubric, history| judge.judge(rubric, history));
        }
        let mut stage = Stage::prepare(args.voice, agent, &mut scenario, run)?;
        let one = play(file, &scenario, args.repeat, |n| stage.play(&scenario, n, &run.runtime));
        show(&one, args.repeat);
        played.push(one);
    }
    Ok(played)
}

/// The agent file of a scenario: that of the command line, or the one it names, relative to it.
fn agent_of(args: &Args, file: &Path, scenario: &Scenario) -> Result<Option<Effective>> {
    let own = || scenario.agent_file().map(|path| file.parent().unwrap_or(file).join(path));
    let path = args.agent.clone().or_else(own);
    path.map(|file| config::Agent { file, set: Vec::new() }.load()).transpose()
}

/// Where a scenario is played.
enum Stage {
    /// In the virtual world, as it stands.
    World,
    /// In the virtual world, with an agent file.
    Agent(Box<agent::Agent>),
    /// On a line, with voices.
    Line(Box<Spoken>),
}

impl Stage {
    fn prepare(
        voice: bool,
        agent: Option<Effective>,
        scenario: &mut Scenario,
        run: &mut Run,
    ) -> Result<Self> {
        Ok(match (voice, agent) {
            (true, agent) => {
                let spoken = Spoken::load(agent, scenario, run)?;
                // Its greeting decides when the first line is due.
                *scenario = scenario.clone().config(spoken.config().clone());
                Self::Line(Box::new(spoken))
            }
            (false, Some(agent)) => {
                Self::Agent(Box::new(agent::Agent::load(agent, scenario, run)?))
            }
            (false, None) => Self::World,
        })
    }

    /// Plays it for the `n`th time.
    fn play(
        &mut self,
        scenario: &Scenario,
        n: u32,
        runtime: &Runtime,
    ) -> std::result::Result<(), String> {
        let scenario = scenario.with_luck(u64::from(n));
        let told = |unmet: Box<Unmet>| unmet.to_string();
        let refused = |e: Error| format!("{}\n  {}", scenario.name(), e.detail());
        match self {
            Self::World => scenario.run().map(drop).map_err(told),
            Self::Agent(agent) => {
                let scenario = agent.cast(scenario.clone()).map_err(refused)?;
                scenario.run().map(drop).map_err(told)
            }
            Self::Line(spoken) => {
                let transcript = spoken.play(&scenario, runtime).map_err(refused)?;
                scenario.check(transcript).map(drop).map_err(told)
            }
        }
    }
}

fn play(
    file: PathBuf,
    scenario: &Scenario,
    repeat: u32,
    mut once: impl FnMut(u32) -> std::result::Result<(), String>,
) -> Played {
    let name = scenario.name().to_owned();
    let begun = Instant::now();
    let (mut failures, mut report) = (0, None);
    for n in 0..repeat {
        if let Err(unmet) = once(n) {
            failures += 1;
            report.get_or_insert(unmet);
        }
    }
    Played { file, name, failures, report, took: begun.elapsed() }
}

/// The scenario files among `paths`, folders in the order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|e| unreadable(path, &e))?;
        let entries = entries.map(|entry| entry.map(|e| e.path()));
        let mut found: Vec<_> =
            entries.collect::<Result<_, _>>().map_err(|e| unreadable(path, &e))?;
        found.retain(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml"));
        if found.is_empty() {
            let what = format!("{} holds no .yaml file", path.display());
            return Err(Error::new("test", Code::InvalidInput, what)
                .with_help("name the folder of the scenarios, or one of them"));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Reads a scenario, and gives its path back.
pub(crate) fn read_scenario(file: PathBuf) -> Result<(PathBuf, Scenario)> {
    let size = fs::metadata(&file).map_err(|e| unreadable(&file, &e))?.len();
    if size > MAX_BYTES {
        let what = format!("{} has {size} bytes; at most {MAX_BYTES}", file.display());
        return Err(Error::new("test", Code::InvalidInput, what));
    }
    let text = fs::read_to_string(&file).map_err(|e| unreadable(&file, &e))?;
    let scenario = Scenario::from_yaml(&text).map_err(|e| {
        let what = format!("{}: {}", file.display(), e.detail());
        Error::new("test", Code::InvalidInput, what)
            .with_help(e.help().unwrap_or_default().to_owned())
    })?;
    Ok((file, scenario))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let what = format!("{} cannot be read: {e}", path.display());
    Error::new("test", Code::InvalidInput, what).with_help("name a file or a folder of scenarios")
}

fn unwritable(path: &Path, e: &std::io::Error) -> Error {
    let what = format!("{} cannot be written: {e}", path.display());
    Error::new("test", Code::Storage, what)
}
