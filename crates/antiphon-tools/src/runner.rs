//! Runs one call to exactly one outcome, whatever the tool does: hang, panic, answer with 100 MB.
//!
//! It deliberately knows no runtime: time comes from the [`Clock`] port, and where tools run is
//! the application's choice ([`Executor`]).

use std::{
    fmt, mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use antiphon_core::{BoxFuture, BoxStream, Clock, TurnId};
use futures_core::Stream;
use futures_util::{
    FutureExt as _,
    future::{AbortHandle, abortable},
    stream,
};
use serde_json::Value;

use crate::{
    EffectClass, Failure, FrozenTools, Heard, RunContext, ToolCall, ToolError, ToolEvent,
    ToolResult,
    context::{Ended, Line, Report, State},
    guard::{Attempt, Guards, Refusal},
    set::Entry,
};

/// Where tools run, apart from the session: a tool that blocks its thread then stops nothing else.
///
/// Any function that takes the task will do: `|task| { handle.spawn(task); }`.
pub trait Executor: Send + Sync {
    /// Starts `task`. It ends by itself soon after the call is cancelled, at its next await.
    fn start(&self, task: BoxFuture<'static, ()>);
}

impl<F: Fn(BoxFuture<'static, ()>) + Send + Sync> Executor for F {
    fn start(&self, task: BoxFuture<'static, ()>) {
        self(task);
    }
}

/// The bounds of every call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest result for the model in bytes; the rest is cut off and the cut marked.
    pub result_bytes: usize,
    /// Longest arguments in bytes.
    pub arguments_bytes: usize,
    /// How long a call may go on after it was deferred.
    pub deferred: Duration,
}

impl Default for Limits {
    /// Results of 16 KiB (some 4000 tokens), arguments of 64 KiB, ten minutes deferred.
    fn default() -> Self {
        let deferred = Duration::from_secs(600);
        Self { result_bytes: 16 * 1024, arguments_bytes: 64 * 1024, deferred }
    }
}

/// What happens to one call, as it happens. Dropping it cancels the call.
pub type ToolExecutionStream = BoxStream<ToolEvent>;

/// A call to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The call.
    pub call: ToolCall,
    /// The turn whose reply makes it.
    pub turn: TurnId,
    /// Whether the application has had the user confirm it. Without that, a tool that needs it is
    /// refused until the model has asked and calls again in a later turn.
    pub confirmed: bool,
    /// What was said so far: set it for small models, and calls that nobody asked for or whose
    /// arguments are made up are refused; arguments that there are not are left out.
    pub heard: Option<Heard>,
}

impl Request {
    /// A call in `turn`: not confirmed, and trusted to hold what was said.
    #[must_use]
    pub const fn new(call: ToolCall, turn: TurnId) -> Self {
        Self { call, turn, confirmed: false, heard: None }
    }
}

/// Runs the calls of one session.
pub struct Runner {
    session: Arc<str>,
    clock: Arc<dyn Clock>,
    executor: Option<Arc<dyn Executor>>,
    limits: Limits,
    state: State,
    guards: Arc<Mutex<Guards>>,
}

impl Runner {
    /// A runner for `session` that polls tools where its streams are polled. That suits tests and
    /// tools that never block; a session uses [`with_executor`](Self::with_executor).
    #[must_use]
    pub fn new(session: impl Into<Arc<str>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            session: session.into(),
            clock,
            executor: None,
            limits: Limits::default(),
            state: State::default(),
            guards: Arc::default(),
        }
    }

    /// Runs tools on `executor`.
    #[must_use]
    pub fn with_executor(mut self, executor: impl Executor + 'static) -> Self {
        self.executor = Some(Arc::new(executor));
        self
    }

    /// Lets every tool of the session get at `value` by its type ([`RunContext::state`]): the
    /// user's record, a connection pool, the handle of the session. One value of each type.
    #[must_use]
    pub fn with_state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }

    /// Sets the bounds.
    #[must_use]
    pub const fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks and starts a call of one of `tools`. The stream has the order that [`ToolEvent`]
    /// states and never fails in another way. Dropping it cancels the call: nothing that the tool
    /// does later is seen.
    #[must_use]
    pub fn run(&self, tools: &FrozenTools, request: &Request) -> ToolExecutionStream {
        match self.admit(tools, request) {
            Ok((entry, arguments)) => Box::pin(self.start(entry, arguments, request)),
            Err((why, text)) => {
                let result = ToolResult::error(text, self.limits.result_bytes);
                let failed = ToolEvent::Failed { at: self.clock.now(), why, result };
                Box::pin(stream::iter([failed]))
            }
        }
    }

    /// A reply of `turn` was dropped with its results: another one may read the same again.
    pub fn forget_reads(&self, turn: TurnId) {
        self.guards.lock().unwrap_or_else(PoisonError::into_inner).forget_reads(turn);
    }

    /// Everything that can be said against a call before it runs.
    fn admit(
        &self,
        tools: &FrozenTools,
        request: &Request,
    ) -> Result<(Arc<Entry>, Value), Refusal> {
        let ToolCall { id, name, arguments } = &request.call;
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.first_of(id)?;
        let entry = tools.entry(name).ok_or_else(|| unknown(tools, name))?;
        if arguments.len() > self.limits.arguments_bytes {
            let most = self.limits.arguments_bytes;
            let text = format!("The arguments are {} bytes long; at most {most}.", arguments.len());
            return Err((Failure::InvalidArguments, text));
        }
        let read = match &request.heard {
            Some(_) => entry.validator.read_known(arguments),
            None => entry.validator.read(arguments),
        };
        let arguments = read.map_err(|text| (Failure::InvalidArguments, text))?;
        if let Some(heard) = &request.heard {
            heard.check(&entry.spec, &arguments).map_err(|text| (Failure::Unsaid, text))?;
        }
        let Request { turn, confirmed, .. } = *request;
        let attempt = Attempt { turn, spec: &entry.spec, arguments: &arguments, confirmed };
        guards.admit(self.clock.now(), &attempt)?;
        Ok((Arc::clone(entry), arguments))
    }

    fn start(&self, entry: Arc<Entry>, arguments: Value, request: &Request) -> Run {
        let line = Arc::new(Line::default());
        let context = RunContext {
            session: Arc::clone(&self.session),
            turn: request.turn,
            call: request.call.id.as_str().into(),
            state: self.state.clone(),
            line: Arc::clone(&line),
        };
        let (task, abort) = abortable(contained(&entry, context, arguments.clone(), &line));
        let task: BoxFuture<'static, ()> = Box::pin(task.map(drop));
        let task = match &self.executor {
            Some(executor) => {
                executor.start(task);
                None
            }
            None => Some(task),
        };
        Run {
            deadline: self.clock.sleep_until(self.clock.now() + entry.spec.timeout),
            allowed: entry.spec.timeout,
            clock: Arc::clone(&self.clock),
            guards: Arc::clone(&self.guards),
            limits: self.limits,
            turn: request.turn,
            stage: Stage::Starting,
            entry,
            arguments,
            line,
            abort,
            task,
        }
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut s = f.debug_struct("Runner");
        s.field("session", &self.session).field("limits", &self.limits).finish_non_exhaustive()
    }
}

fn unknown(tools: &FrozenTools, name: &str) -> Refusal {
    let hint = match tools.suggest(name) {
        Some(meant) => format!("Did you mean {meant:?}?"),
        None if tools.is_empty() => "There are no tools: answer in words.".to_owned(),
        None => format!("There are: {}.", tools.names().collect::<Vec<_>>().join(", ")),
    };
    (Failure::UnknownTool, format!("There is no tool {name:?}. {hint}"))
}

/// The tool's own work, with its panics caught and its ending reported.
fn contained(
    entry: &Arc<Entry>,
    context: RunContext,
    arguments: Value,
    line: &Arc<Line>,
) -> impl Future<Output = ()> + Send + use<> {
    let entry = Arc::clone(entry);
    let line = Arc::clone(line);
    let work = async move { entry.tool.call(context, arguments).await };
    AssertUnwindSafe(work).catch_unwind().map(move |ended| {
        line.report(Report::Ended(ended.map_or(Ended::Panicked, Ended::Answered)));
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Starting,
    Running,
    Over,
}

/// One running call.
struct Run {
    entry: Arc<Entry>,
    arguments: Value,
    turn: TurnId,
    clock: Arc<dyn Clock>,
    guards: Arc<Mutex<Guards>>,
    limits: Limits,
    line: Arc<Line>,
    abort: AbortHandle,
    /// The work, if it is polled here.
    task: Option<BoxFuture<'static, ()>>,
    deadline: BoxFuture<'static, ()>,
    allowed: Duration,
    stage: Stage,
}

impl Run {
    fn event_of(&mut self, report: Report) -> ToolEvent {
        let at = self.clock.now();
        match report {
            Report::Progress(text) => ToolEvent::Progress { at, text },
            Report::Deferred(text) => {
                self.allowed = self.limits.deferred;
                self.deadline = self.clock.sleep_until(at + self.allowed);
                let result = ToolResult::success(text, self.limits.result_bytes);
                ToolEvent::Deferred { at, result }
            }
            Report::Ended(Ended::Answered(Ok(text))) => {
                self.end();
                let result = ToolResult::success(text, self.limits.result_bytes);
                ToolEvent::Completed { at, result }
            }
            Report::Ended(Ended::Answered(Err(error))) => self.failed(Failure::Failed, error),
            Report::Ended(Ended::Panicked) => {
                let text = format!("The tool {:?} broke down.", self.entry.spec.name);
                self.failed(Failure::Panicked, ToolError::new(text))
            }
        }
    }

    fn timed_out(&mut self) -> ToolEvent {
        let name = &self.entry.spec.name;
        let text =
            format!("The tool {name:?} took longer than {:?} and was stopped.", self.allowed);
        self.failed(Failure::Timeout, ToolError::new(text))
    }

    fn failed(&mut self, why: Failure, error: ToolError) -> ToolEvent {
        self.end();
        let spec = &self.entry.spec;
        let mut guards = self.guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.failed(self.turn, spec, &self.arguments);
        drop(guards);
        let mut text = error.into_message();
        if why != Failure::Failed && spec.effect != EffectClass::Read {
            text.push_str(" It may have taken effect all the same: do not just repeat it.");
        }
        let result = ToolResult::error(text, self.limits.result_bytes);
        ToolEvent::Failed { at: self.clock.now(), why, result }
    }

    /// Stops the work, wherever it runs, and hears nothing of it any more.
    fn end(&mut self) {
        self.stage = Stage::Over;
        self.line.close();
        self.abort.abort();
        drop_contained(mem::take(&mut self.task));
    }
}

impl Stream for Run {
    type Item = ToolEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ToolEvent>> {
        let this = self.get_mut();
        match this.stage {
            Stage::Over => return Poll::Ready(None),
            Stage::Starting => {
                this.stage = Stage::Running;
                return Poll::Ready(Some(ToolEvent::Started { at: this.clock.now() }));
            }
            Stage::Running => {}
        }
        if this.task.as_mut().is_some_and(|task| task.poll_unpin(cx).is_ready()) {
            drop_contained(mem::take(&mut this.task));
        }
        if let Some(report) = this.line.poll(cx.waker()) {
            return Poll::Ready(Some(this.event_of(report)));
        }
        this.deadline.poll_unpin(cx).map(|()| Some(this.timed_out()))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end();
    }
}

/// What a tool holds may panic while it is dropped, too.
fn drop_contained(task: Option<BoxFuture<'static, ()>>) {
    // A second panic has nobody left to be told to: the call's outcome is decided.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(task)));
}
