//! The two threads of the media plane, shared by all sessions of a process.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Thread},
    time::Duration,
};

use antiphon_core::{
    AudioFormat, Clock as _, Code, Error, FRAME_MS, Result, SPEECH_RATE_HZ, Timestamp,
};

use super::{Frames, Listener, Member, tick::Shared};
use crate::{Pace, SessionClock};

/// Sessions that may join between two ticks. Boxed, so that the room for them is small.
const MAX_JOINING: usize = 1024;

/// A tick later than this is not made up for: time is given up instead.
const MAX_LAG: Duration = Duration::from_millis(200);

/// The media plane: ticks every 20 ms, for all sessions that joined.
///
/// The threads end when the pool and its sessions are gone.
pub struct MediaPool {
    clock: SessionClock,
    members: SyncSender<Box<Member>>,
    listeners: SyncSender<Box<Listener>>,
    state: Arc<State>,
    tick: Thread,
    analysis: Thread,
}

#[derive(Debug, Default)]
struct State {
    stop: AtomicBool,
    ticks: AtomicU64,
    analysed: AtomicU64,
    late: AtomicU64,
}

/// A session's place in the pool. Dropping it leaves.
#[derive(Debug)]
pub(crate) struct Seat(pub(crate) Arc<Shared>);

impl Seat {
    /// No tick from now on.
    pub(crate) fn leave(&self) {
        self.0.closed.store(true, Ordering::Release);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for MediaPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaPool").field("ticks", &self.ticks()).finish_non_exhaustive()
    }
}

impl MediaPool {
    /// Starts the threads. Sessions on this pool share `clock`.
    ///
    /// # Errors
    /// `unavailable` if a thread cannot be started.
    pub fn start(clock: SessionClock) -> Result<Arc<Self>> {
        let (members, joining) = sync_channel(MAX_JOINING);
        let (listeners, listening) = sync_channel(MAX_JOINING);
        let state = Arc::new(State::default());
        let analysis = spawn("antiphon-ears", {
            let state = state.clone();
            move || analyse(&listening, &state)
        })?;
        let tick = spawn("antiphon-tick", {
            let (state, clock, analysis) = (state.clone(), clock.clone(), analysis.clone());
            move || {
                let (members, frames) = (Vec::new(), Frames::default());
                Ticker { members, frames, clock, state, analysis }.run(&joining);
            }
        })?;
        Ok(Arc::new(Self { clock, members, listeners, state, tick, analysis }))
    }

    /// The clock of this pool's sessions.
    #[must_use]
    pub const fn clock(&self) -> &SessionClock {
        &self.clock
    }

    /// Ticks so far.
    #[must_use]
    pub fn ticks(&self) -> u64 {
        self.state.ticks.load(Ordering::Relaxed)
    }

    /// Ticks that came too late to be made up for.
    #[must_use]
    pub fn late_ticks(&self) -> u64 {
        self.state.late.load(Ordering::Relaxed)
    }

    pub(crate) fn join(&self, member: Member, listener: Listener) -> Result<()> {
        let full = || {
            Error::new("session.start", Code::Unavailable, "too many sessions start at once")
                .with_help("start it again in a moment")
        };
        self.listeners.try_send(Box::new(listener)).map_err(|_| full())?;
        self.members.try_send(Box::new(member)).map_err(|_| full())?;
        self.tick.unpark();
        Ok(())
    }
}

impl Drop for MediaPool {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Release);
        self.tick.unpark();
        self.analysis.unpark();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<Thread> {
    let handle = thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|e| {
        Error::new("session.start", Code::Unavailable, format!("no thread for {name}: {e}"))
    })?;
    Ok(handle.thread().clone())
}

struct Ticker {
    members: Vec<Member>,
    frames: Frames,
    clock: SessionClock,
    state: Arc<State>,
    analysis: Thread,
}

impl Ticker {
    fn run(mut self, joining: &Receiver<Box<Member>>) {
        let frame = Duration::from_millis(u64::from(FRAME_MS));
        let mut due = self.clock.now() + frame;
        loop {
            for member in joining.try_iter() {
                self.frames.fit(&member);
                self.members.push(*member);
            }
            self.members.retain(|m| !m.is_closed());
            if self.members.is_empty() {
                if self.state.stop.load(Ordering::Acquire) {
                    return;
                }
                thread::park();
                due = self.clock.now() + frame;
                continue;
            }
            self.wait(due);
            for member in self.members.iter_mut().filter(|m| !m.is_closed()) {
                member.tick(&mut self.frames);
            }
            self.state.ticks.fetch_add(1, Ordering::AcqRel);
            self.analysis.unpark();
            due = due + frame;
            let now = self.clock.now();
            if now.since(due) > MAX_LAG {
                self.state.late.fetch_add(1, Ordering::Relaxed);
                due = now;
            }
        }
    }

    fn wait(&self, due: Timestamp) {
        match self.clock.pace() {
            Pace::RealTime => loop {
                let left = due.since(self.clock.now());
                if left.is_zero() {
                    return;
                }
                thread::sleep(left);
            },
            // Time is skipped only after everything the last tick brought has been dealt with.
            Pace::Fast | Pace::Virtual => {
                let caught_up = || {
                    self.state.analysed.load(Ordering::Acquire)
                        == self.state.ticks.load(Ordering::Acquire)
                };
                while !(caught_up() && self.clock.skip_to(due)) {
                    thread::sleep(Duration::from_micros(200));
                }
            }
        }
    }
}

fn analyse(listening: &Receiver<Box<Listener>>, state: &State) {
    let mut listeners: Vec<Listener> = Vec::new();
    // A frame at a time, of one session after the other.
    let mut scratch = [0; AudioFormat::mono(SPEECH_RATE_HZ).samples_in_ms(FRAME_MS)];
    loop {
        let ticks = state.ticks.load(Ordering::Acquire);
        listeners.extend(listening.try_iter().map(|listener| *listener));
        listeners.retain(|l| !l.is_closed());
        for listener in &mut listeners {
            listener.listen(&mut scratch);
        }
        state.analysed.store(ticks, Ordering::Release);
        if state.stop.load(Ordering::Acquire) && listeners.is_empty() {
            return;
        }
        thread::park_timeout(Duration::from_secs(1));
    }
}
