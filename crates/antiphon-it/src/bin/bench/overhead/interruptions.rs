//! From the decision to interrupt to the agent's last sample.

use std::{sync::atomic::Ordering, thread, time::Duration};

use antiphon::{
    MediaPool, Notice, Pace, Result, SessionClock, Timestamp, conversation::AgentState,
};
use antiphon_sim::Rng;
use tokio::runtime::Runtime;

use crate::{
    fakes::{Call, LINK_MS, at},
    figures::{Figure, quantile},
    report::Report,
};

/// Longer than anybody listens here.
const REPLY: Duration = Duration::from_secs(5);

/// Ticks that are sat out to see whether a sample comes after all.
const AFTERMATH: u64 = 3;

/// What one interruption showed.
struct Outcome {
    /// Milliseconds from the decision to the last sample handed out; 0 if that came before.
    last: f64,
    /// Milliseconds from the decision until the application was told.
    told: f64,
    /// Samples handed out after it was told.
    after: u64,
}

/// The application interrupts, and so does the user's voice.
pub(crate) fn measure(runtime: &Runtime, report: &mut Report) -> Result<()> {
    let pool = MediaPool::start(SessionClock::new(Pace::RealTime))?;
    let mut call = Call::start(runtime, &pool, REPLY)?;
    let mut rng = Rng::new(1);
    let rounds = report.rounds(200, 10);
    let mut by_command = Vec::new();
    let mut by_voice = Vec::new();
    for _ in 0..rounds {
        call.say("This takes a while.")?;
        begun(&mut call, &mut rng)?;
        by_command.push(command(&mut call)?);
        over(&mut call)?;
        call.say("This takes a while, too.")?;
        begun(&mut call, &mut rng)?;
        by_voice.extend(voice(&mut call)?);
        // The words become a turn; its reply is of no interest.
        call.wait_for(|n| matches!(n, Notice::Interrupted { .. }).then_some(()))?;
        call.wait_for(|n| matches!(n, Notice::SpeechStarted { .. }).then_some(()))?;
        call.interrupt()?;
        over(&mut call)?;
    }
    let lasts = |all: &[Outcome]| all.iter().map(|o| o.last).collect::<Vec<_>>();
    let told: Vec<f64> = by_command.iter().map(|o| o.told).collect();
    let how = format!(
        "{rounds} times at any point of the tick: `interrupt()` until the last frame that sounds \
         is handed to the transport; 0 if that was before"
    );
    let p99 = quantile(&lasts(&by_command), 0.99);
    report.add(Figure::timed("interrupt to last sample, p99", p99, "ms").at_most(1.0).how(how));
    let how = "the same: until the application is told that the agent listens, so surely later \
               than the flush";
    let figure = |name, p| Figure::timed(name, quantile(&told, p), "ms").how(how);
    report.add(figure("interrupt to flush known, p50", 0.5));
    report.add(figure("interrupt to flush known, p99", 0.99).at_most(1.0));
    let how = format!(
        "{} times: voice activity finds speech over the agent, until the last frame that \
         sounds; playout holds until the words are known",
        by_voice.len()
    );
    let p99 = quantile(&lasts(&by_voice), 0.99);
    report
        .add(Figure::timed("speech over the agent to hold, p99", p99, "ms").at_most(1.0).how(how));
    let after: u64 = by_command.iter().chain(&by_voice).map(|o| o.after).sum();
    let how = "all of these: what was handed out in three ticks after the application was told";
    let after = Figure::counted("samples after a flush or hold", after as f64, "samples");
    report.add(after.at_most(0.0).how(how));
    Ok(())
}

/// Waits until the agent speaks, and then for a random point of a tick.
fn begun(call: &mut Call<'_>, rng: &mut Rng) -> Result<()> {
    call.wait_for(|n| matches!(n, Notice::SpeechStarted { .. }).then_some(()))?;
    thread::sleep(Duration::from_micros(20_000 + rng.below(20_000)));
    Ok(())
}

fn over(call: &mut Call<'_>) -> Result<()> {
    call.wait_for(|n| matches!(n, Notice::SpeechEnded { .. }).then_some(()))
}

fn command(call: &mut Call<'_>) -> Result<Outcome> {
    let decided = call.now();
    call.interrupt()?;
    call.wait_for(|n| matches!(n, Notice::AgentState(AgentState::Listening)).then_some(()))?;
    Ok(outcome(call, decided))
}

/// `None` if the user fell silent, and was answered, before there was time to look.
fn voice(call: &mut Call<'_>) -> Result<Option<Outcome>> {
    call.speak(LINK_MS);
    call.wait_for(|n| matches!(n, Notice::OverlapStarted(_)).then_some(()))?;
    call.speak(LINK_MS);
    let began = at(&call.stamps.started);
    let outcome = outcome(call, began);
    Ok((at(&call.stamps.stopped) < began).then_some(outcome))
}

/// The application was told just now.
fn outcome(call: &Call<'_>, decided: Timestamp) -> Outcome {
    let audible = || call.stamps.audible.load(Ordering::Acquire);
    let (told, before) = (call.now(), audible());
    call.sit_out_ticks(AFTERMATH);
    let ms = |t: Timestamp| t.since(decided).as_secs_f64() * 1e3;
    Outcome { last: ms(at(&call.stamps.last)), told: ms(told), after: audible() - before }
}
