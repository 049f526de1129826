//! The machine alone: what an event costs, and how fast simulated conversations pass.

use antiphon::{
    Code, Config, Error, Result, Timestamp,
    conversation::{Action, Actions, Conversation, Effect},
    tools::ToolDefinitions,
};
use antiphon_sim::{Caller, Providers, Rng, Step, World};

use crate::{
    figures::{Figure, median},
    machine::thread_seconds,
    report::Report,
    tools::Labelled,
};

/// Lines of a simulated caller, who pauses, hums and interrupts by chance.
const LINES: usize = 8;

/// Pairs of measurements a round.
const TURNS: usize = 5;

/// No such conversation is longer: ten minutes.
const END: Timestamp = Timestamp::from_millis(600_000);

/// Events of simulated conversations once more through the machine, and whole simulations.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let rounds = report.rounds(9, 3);
    let recorded: Result<Vec<Vec<Step>>> =
        (0..40).map(|seed| Ok(run(world(seed)?)?.steps)).collect();
    let recorded = recorded?;
    event_cost(&recorded, report, rounds)?;
    unused_tools(&recorded, report, rounds)?;
    simulation(report, rounds)
}

fn event_cost(recorded: &[Vec<Step>], report: &mut Report, rounds: usize) -> Result<()> {
    let events: usize = recorded.iter().map(Vec::len).sum();
    let mut costs = Vec::new();
    for _ in 0..rounds {
        costs.push(again(recorded, &Config::default())? * 1e6 / events as f64);
    }
    let how = format!(
        "{events} recorded events of 40 simulated conversations handled again; median of \
         {rounds} rounds, processor time"
    );
    report.add(Figure::timed("machine, per event", median(&costs), "µs").how(how));
    Ok(())
}

/// What tools cost that nobody calls: the same events with and without them, in turns.
fn unused_tools(recorded: &[Vec<Step>], report: &mut Report, rounds: usize) -> Result<()> {
    let tools: ToolDefinitions = Labelled::read()?.specs().map(|spec| spec.definition()).collect();
    let (n, none) = (tools.len(), Config::default());
    let some = Config { tools, ..Config::default() };
    let generates = |a: &&Action| matches!(a, Action::Start { effect: Effect::Generate(_), .. });
    let replies = recorded.iter().flatten().flat_map(|step| &step.actions).filter(generates);
    let replies = replies.count() as f64;
    let (mut ratios, mut extra) = (Vec::new(), Vec::new());
    for _ in 0..rounds * TURNS {
        // The machine's state of health drifts; the mean of before and after does not.
        let before = again(recorded, &none)?;
        let with = again(recorded, &some)?;
        let without = f64::midpoint(before, again(recorded, &none)?);
        ratios.push(with / without);
        extra.push((with - without) * 1e6 / replies);
    }
    let how = format!(
        "the same events with {n} tools that nobody calls, in relation to none; median of {} \
         pairs in turns, processor time",
        rounds * TURNS
    );
    let figure = Figure::timed("machine with unused tools", median(&ratios), "x");
    report.add(figure.at_most(1.05).how(how));
    let how = format!("the same difference, over {replies} replies: each request offers the tools");
    report.add(Figure::timed("unused tools, per reply", median(&extra), "µs").how(how));
    Ok(())
}

/// Hands recorded events to machines of this configuration. Gives the seconds it took.
fn again(recorded: &[Vec<Step>], config: &Config) -> Result<f64> {
    let copy =
        |steps: &Vec<Step>| -> Vec<_> { steps.iter().map(|s| (s.at, s.event.clone())).collect() };
    let fed: Vec<_> = recorded.iter().map(copy).collect();
    let machines: Result<Vec<_>> = fed.iter().map(|_| Conversation::new(config.clone())).collect();
    let (machines, start) = (machines?, thread_seconds());
    for (mut machine, steps) in machines.into_iter().zip(fed) {
        let mut actions = Actions::new();
        for (now, event) in steps {
            machine.handle(now, event, &mut actions);
            actions.clear();
        }
    }
    Ok(thread_seconds() - start)
}

fn simulation(report: &mut Report, rounds: usize) -> Result<()> {
    let seeds = report.rounds(400, 40) as u64;
    let mut speeds = Vec::new();
    for _ in 0..rounds {
        let (mut simulated, start) = (0.0, thread_seconds());
        for seed in 0..seeds {
            simulated += run(world(seed)?.bare())?.ended_at.as_secs_f64();
        }
        speeds.push(simulated / (thread_seconds() - start));
    }
    let how = format!(
        "seconds of {seeds} random conversations per second of processor time, machine and \
         virtual world without its checks; median of {rounds} rounds"
    );
    let figure = Figure::timed("simulator, times real time", median(&speeds), "x");
    report.add(figure.at_least(100_000.0).how(how));
    Ok(())
}

fn world(seed: u64) -> Result<World> {
    let caller = Caller::random(&mut Rng::new(seed), LINES);
    World::new(Config::default(), Providers::default(), caller, seed)
}

fn run(world: World) -> Result<antiphon_sim::Report> {
    world
        .run(END)
        .map_err(|broken| Error::new("bench.simulation", Code::Internal, broken.to_string()))
}
