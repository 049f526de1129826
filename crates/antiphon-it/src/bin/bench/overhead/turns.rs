//! From the end of the user's speech to the agent's first sound.

use std::time::Duration;

use antiphon::{MediaPool, Notice, Pace, Result, SessionClock};
use tokio::runtime::Runtime;

use crate::{
    fakes::{Call, at},
    figures::{Figure, quantile},
    report::Report,
};

/// Turns before the ones that count.
const WARM_UP: usize = 5;

/// One frame: enough to be a reply, over at once.
const REPLY: Duration = Duration::from_millis(20);

/// How long the user speaks: three frames.
const QUESTION_MS: u32 = 60;

/// Milliseconds from the verdict of voice activity on.
#[derive(Debug, Default)]
struct Delays {
    queued: Vec<f64>,
    handed_out: Vec<f64>,
}

/// The user asks, the agent answers, again and again.
pub(crate) fn measure(runtime: &Runtime, report: &mut Report) -> Result<()> {
    let pool = MediaPool::start(SessionClock::new(Pace::RealTime))?;
    let mut call = Call::start(runtime, &pool, REPLY)?;
    let turns = report.rounds(400, 20);
    let mut delays = Delays::default();
    for turn in 0..WARM_UP + turns {
        let (queued, handed_out) = ask(&mut call)?;
        if turn >= WARM_UP {
            delays.queued.push(queued);
            delays.handed_out.push(handed_out);
        }
    }
    let what = format!(
        "{turns} turns; from the verdict of voice activity until the reply's first audio is in \
         the playout queue and the driver knows"
    );
    let name = |q| format!("end of speech to first audio queued, {q}");
    let figure = |q, p, limit| {
        Figure::timed(&name(q), quantile(&delays.queued, p), "ms").at_most(limit).how(&*what)
    };
    report.add(figure("p50", 0.5, 0.5));
    report.add(figure("p99", 0.99, 2.0));
    let what = "the same turns, until the transport is handed the first frame that sounds: voice \
                activity speaks right after a tick, so nearly a whole tick of 20 ms is waited";
    let figure = |name, p| Figure::timed(name, quantile(&delays.handed_out, p), "ms").how(what);
    report.add(figure("end of speech to first frame handed out, p50", 0.5));
    report.add(figure("end of speech to first frame handed out, p99", 0.99));
    Ok(())
}

/// One turn: milliseconds until audio was queued, and until it was handed out.
fn ask(call: &mut Call<'_>) -> Result<(f64, f64)> {
    call.stamps.arm();
    call.speak(QUESTION_MS);
    let waterfall =
        call.wait_for(|n| if let Notice::Latency(w) = n { Some(w.clone()) } else { None })?;
    call.wait_for(|n| matches!(n, Notice::SpeechEnded { .. }).then_some(()))?;
    let stopped = at(&call.stamps.stopped);
    let since = |t: antiphon::Timestamp| t.since(stopped).as_secs_f64() * 1e3;
    let queued = waterfall.tts_first_audio.map_or(f64::NAN, since);
    Ok((queued, since(at(&call.stamps.first))))
}
