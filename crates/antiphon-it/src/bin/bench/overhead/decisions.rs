//! The machine alone: what an event costs, and how fast simulated conversations pass.

use antiphon::{
    Code, Config, Error, Result, Timestamp,
    conversation::{Actions, Conversation},
};
use antiphon_sim::{Caller, Providers, Rng, Step, World};

use crate::{
    figures::{Figure, median},
    machine::thread_seconds,
    report::Report,
};

/// Lines of a simulated caller, who pauses, hums and interrupts by chance.
const LINES: usize = 8;

/// No such conversation is longer: ten minutes.
const END: Timestamp = Timestamp::from_millis(600_000);

/// Events of simulated conversations once more through the machine, and whole simulations.
pub(crate) fn measure(report: &mut Report) -> Result<()> {
    let rounds = report.rounds(9, 3);
    event_cost(report, rounds)?;
    simulation(report, rounds)
}

fn event_cost(report: &mut Report, rounds: usize) -> Result<()> {
    let recorded: Result<Vec<Vec<Step>>> =
        (0..40).map(|seed| Ok(run(world(seed)?)?.steps)).collect();
    let recorded = recorded?;
    let events: usize = recorded.iter().map(Vec::len).sum();
    let mut costs = Vec::new();
    for _ in 0..rounds {
        let fed: Vec<_> = recorded
            .iter()
            .map(|steps| steps.iter().map(|s| (s.at, s.event.clone())).collect::<Vec<_>>())
            .collect();
        let start = thread_seconds();
        for steps in fed {
            let mut machine = Conversation::new(Config::default())?;
            let mut actions = Actions::new();
            for (now, event) in steps {
                machine.handle(now, event, &mut actions);
                actions.clear();
            }
        }
        costs.push((thread_seconds() - start) * 1e6 / events as f64);
    }
    let how = format!(
        "{events} recorded events of 40 simulated conversations handled again; median of \
         {rounds} rounds, processor time"
    );
    report.add(Figure::timed("machine, per event", median(&costs), "µs").how(how));
    Ok(())
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
