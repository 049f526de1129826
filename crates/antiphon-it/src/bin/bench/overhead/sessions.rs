//! What a session costs that does nothing: to start it, to keep it, to tick it.

use std::{sync::Arc, thread, time::Duration};

use antiphon::{Code, Error, MediaPool, Pace, Result, Session, SessionClock};
use tokio::runtime::Runtime;

use crate::{
    fakes::parts,
    figures::{Figure, median},
    machine::{Watch, resident_bytes, thread_seconds},
    report::Report,
};

/// Sessions that join between two ticks.
const BATCH: usize = 50;

/// What the far end may be ahead, or behind, in milliseconds: two frames.
const LINK_MS: u32 = 40;

/// Long enough for every buffer that fills by itself: the user's last half second of audio.
const SETTLING: Duration = Duration::from_millis(1500);

/// A session and the far end that keeps it alive.
struct Idle {
    session: Session,
    _peer: antiphon::transport::MemoryPeer,
}

/// What starting a batch took, in milliseconds of processor time per session.
struct Start {
    /// In the call itself.
    call: f64,
    /// Of the whole process, until every session has spoken up.
    ready: f64,
}

/// Starts, memory and processor time of sessions that are silent.
pub(crate) fn measure(runtime: &Runtime, report: &mut Report) -> Result<()> {
    let pool = MediaPool::start(SessionClock::new(Pace::RealTime))?;
    let mut warm = Vec::new();
    start(runtime, &pool, &mut warm)?;
    close(runtime, warm)?;
    let batches = report.rounds(10, 2);
    let (mut sessions, mut starts) = (Vec::new(), Vec::new());
    let before = resident_bytes();
    for _ in 0..batches {
        starts.push(start(runtime, &pool, &mut sessions)?);
    }
    thread::sleep(SETTLING);
    let after = resident_bytes();
    let n = sessions.len();
    let of = |f: fn(&Start) -> f64| median(&starts.iter().map(f).collect::<Vec<_>>());
    let how = format!(
        "processor time of the whole process from `Session::start` to the first notice; median \
         of {batches} batches of {BATCH}, the link being there"
    );
    let ready = Figure::timed("session start, CPU until ready", of(|s| s.ready), "ms");
    report.add(ready.at_most(0.2).how(how));
    let how = "the same: the part in `Session::start` itself";
    report.add(Figure::timed("session start, CPU in the call", of(|s| s.call), "ms").how(how));
    if let (Some(before), Some(after)) = (before, after) {
        let how = format!(
            "growth of resident memory over {n} sessions that have listened to silence for \
             1.5 s, with a link of two frames each way; the detector's state (Silero: 16 kB) not \
             counted"
        );
        let kilobytes = (after - before) / n as f64 / 1e3;
        let figure = Figure::timed("memory per idle session", kilobytes, "kB");
        report.add(figure.at_most(40.0).how(how));
    }
    let seconds = report.rounds(5, 1);
    let watch = Watch::start();
    thread::sleep(Duration::from_secs(seconds as u64));
    let took = watch.took();
    let per_second = took.cpu * 1e3 / took.wall / n as f64;
    let how = format!("processor time of {n} silent sessions together over {seconds} s");
    report.add(Figure::timed("CPU per idle session and second", per_second, "ms").how(how));
    let late = pool.late_ticks() as f64;
    report.add(Figure::timed("ticks given up meanwhile", late, "ticks").at_most(0.0));
    close(runtime, sessions)
}

fn start(runtime: &Runtime, pool: &Arc<MediaPool>, sessions: &mut Vec<Idle>) -> Result<Start> {
    let made: Result<Vec<_>> =
        (0..BATCH).map(|_| parts(pool.clock(), Duration::from_millis(20), LINK_MS)).collect();
    let made = made?;
    let _entered = runtime.enter();
    let (watch, thread) = (Watch::start(), thread_seconds());
    let mut events = Vec::with_capacity(BATCH);
    for (parts, peer, _) in made {
        let (session, first) = Session::start(pool, parts)?;
        sessions.push(Idle { session, _peer: peer });
        events.push(first);
    }
    let call = thread_seconds() - thread;
    for mut first in events {
        let gone =
            |e| Error::new("bench.start", Code::Internal, "a session says nothing").with_source(e);
        runtime.block_on(first.recv()).map_err(gone)?;
    }
    let (per, ready) = (1e3 / BATCH as f64, watch.took().cpu);
    // The batch has joined, and made room for the next one, when a tick has passed.
    let ticks = pool.ticks();
    while pool.ticks() < ticks + 3 {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(Start { call: call * per, ready: ready * per })
}

fn close(runtime: &Runtime, sessions: Vec<Idle>) -> Result<()> {
    for idle in sessions {
        runtime.block_on(idle.session.close())?;
    }
    Ok(())
}
