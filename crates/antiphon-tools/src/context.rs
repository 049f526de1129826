//! What a running call is told, and how it reports back.
//!
//! It deliberately holds no queue without an end: a tool that reports faster than anybody reads
//! loses its oldest reports, not its session's memory.

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_core::TurnId;
use futures_util::task::AtomicWaker;

use crate::ToolAnswer;

/// Reports waiting to be read; the oldest makes room.
const MAX_REPORTS: usize = 16;

/// Longest report in bytes; the rest is cut off.
const MAX_REPORT_BYTES: usize = 1024;

/// What a call knows about itself. Cheap to clone; may be kept by a task that outlives the call.
#[derive(Clone)]
pub struct RunContext {
    pub(crate) session: Arc<str>,
    pub(crate) turn: TurnId,
    pub(crate) call: Arc<str>,
    pub(crate) state: State,
    pub(crate) line: Arc<Line>,
}

impl RunContext {
    /// A context that nobody listens to, for calling a tool's function in a test.
    #[must_use]
    pub fn detached() -> Self {
        Self {
            session: "test".into(),
            turn: TurnId(0),
            call: "call".into(),
            state: State::default(),
            line: Arc::default(),
        }
    }

    /// As it is, with a value for [`state`](Self::state).
    #[must_use]
    pub fn with_state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// The session's id.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The turn whose reply made the call.
    #[must_use]
    pub const fn turn(&self) -> TurnId {
        self.turn
    }

    /// The call's id.
    #[must_use]
    pub fn call(&self) -> &str {
        &self.call
    }

    /// The value of type `T` that the session gave its tools ([`Runner::with_state`]).
    ///
    /// [`Runner::with_state`]: crate::Runner::with_state
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(self.state.0.get(&TypeId::of::<T>())?).downcast().ok()
    }

    /// The same for the same call, different for every other: hand it to a service that
    /// recognises repeated requests by such a key.
    #[must_use]
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}/{}", self.session, self.turn, self.call)
    }

    /// Tells how far the call is. Never waits; of more than 16 unread reports the oldest are lost.
    pub fn progress(&self, text: impl Into<String>) {
        let mut text = text.into();
        text.truncate(text.floor_char_boundary(MAX_REPORT_BYTES));
        self.line.report(Report::Progress(text));
    }

    /// Lets the conversation go on while the call does: the model is told `text` as the result
    /// for now, and the answer when it is there. Works once; the call may then take as long as
    /// [`Limits::deferred`](crate::Limits) allows.
    pub fn defer(&self, text: impl Into<String>) {
        if !self.line.deferred.swap(true, Ordering::AcqRel) {
            self.line.report(Report::Deferred(text.into()));
        }
    }

    /// Whether nobody waits for the answer any more. For loops that never await: an async tool is
    /// simply dropped.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.line.closed.load(Ordering::Acquire)
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunContext({})", self.idempotency_key())
    }
}

/// Values that tools get at by their types.
#[derive(Clone, Default)]
pub(crate) struct State(Arc<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl State {
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(value));
    }
}

/// What comes back from a running call.
#[derive(Debug)]
pub(crate) enum Report {
    Progress(String),
    Deferred(String),
    Ended(Ended),
}

/// How a call ended by itself.
#[derive(Debug)]
pub(crate) enum Ended {
    Answered(ToolAnswer),
    Panicked,
}

/// The line from a running call to who waits for it, wherever each of them runs.
#[derive(Default)]
pub(crate) struct Line {
    reports: Mutex<VecDeque<Report>>,
    waiting: AtomicWaker,
    deferred: AtomicBool,
    closed: AtomicBool,
}

impl Line {
    /// Adds a report. Of too many the oldest progress is dropped; an ending never is.
    pub(crate) fn report(&self, report: Report) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() >= MAX_REPORTS
            && let Some(oldest) = reports.iter().position(|r| matches!(r, Report::Progress(_)))
        {
            reports.remove(oldest);
        }
        reports.push_back(report);
        drop(reports);
        self.waiting.wake();
    }

    /// The next report, or `None` and a wake-up when there is one.
    pub(crate) fn poll(&self, waker: &std::task::Waker) -> Option<Report> {
        self.waiting.register(waker);
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Nobody listens any more.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}
