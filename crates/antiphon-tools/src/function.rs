//! Tools made of closures: typed, raw, and blocking.

use std::{
    fmt,
    future::{self, Future},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
    thread,
};

use antiphon_core::BoxFuture;
use futures_util::task::AtomicWaker;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{IntoAnswer, RunContext, Tool, ToolAnswer, ToolError, ToolSpec};

/// Calls of one blocking tool at the same time. Those that hang keep their thread, so this bounds
/// what a broken tool can cost.
const MAX_THREADS: usize = 4;

type Call = dyn Fn(RunContext, Value) -> BoxFuture<'static, ToolAnswer> + Send + Sync;

/// A tool made of a closure.
pub struct FunctionTool {
    spec: ToolSpec,
    call: Box<Call>,
}

impl FunctionTool {
    /// A tool whose arguments are read into `A`, whose schema they get.
    pub fn new<A, F, R>(
        spec: ToolSpec,
        body: impl Fn(RunContext, A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        F: Future<Output = R> + Send + 'static,
        R: IntoAnswer,
    {
        Self::raw(spec.with_arguments::<A>(), move |context, arguments| {
            let body = read(arguments).map(|arguments| body(context, arguments));
            async move { body?.await.into_answer() }
        })
    }

    /// A tool that takes its arguments as JSON, checked against the schema in `spec`.
    pub fn raw<F>(
        spec: ToolSpec,
        body: impl Fn(RunContext, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ToolAnswer> + Send + 'static,
    {
        Self { spec, call: Box::new(move |context, arguments| Box::pin(body(context, arguments))) }
    }

    /// A tool that blocks: each call gets a thread of its own, four of them at most. A call that
    /// never ends is timed out like any other, but keeps its thread; it should look at
    /// [`RunContext::is_cancelled`] now and then.
    pub fn blocking<A, R>(
        spec: ToolSpec,
        body: impl Fn(RunContext, A) -> R + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
        R: IntoAnswer,
    {
        let name = format!("tool-{}", spec.name);
        let body = Arc::new(body);
        let threads = Arc::new(AtomicUsize::new(0));
        Self::raw(spec.with_arguments::<A>(), move |context, arguments| {
            let body = Arc::clone(&body);
            let work = move || body(context, read(arguments)?).into_answer();
            on_thread(&name, &threads, work)
        })
    }
}

impl Tool for FunctionTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call(&self, context: RunContext, arguments: Value) -> BoxFuture<'static, ToolAnswer> {
        (self.call)(context, arguments)
    }
}

impl fmt::Debug for FunctionTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTool").field("spec", &self.spec).finish_non_exhaustive()
    }
}

/// Reads checked arguments into a type. What a schema cannot say is found here.
///
/// # Errors
/// Words for the model.
pub fn read<A: DeserializeOwned>(arguments: Value) -> Result<A, ToolError> {
    serde_json::from_value(arguments)
        .map_err(|e| ToolError::new(format!("The arguments do not fit: {e}")))
}

/// Runs `work` on a thread of its own. Dropping the future forgets the work, it does not stop it.
fn on_thread(
    name: &str,
    threads: &Arc<AtomicUsize>,
    work: impl FnOnce() -> ToolAnswer + Send + 'static,
) -> BoxFuture<'static, ToolAnswer> {
    let slot = Arc::new(Slot::default());
    let started = Busy::begin(threads).and_then(|busy| {
        let slot = Arc::clone(&slot);
        let run = move || {
            // Dropped after the work, also when that panics: the count stays true.
            let _busy = busy;
            slot.fill(catch_unwind(AssertUnwindSafe(work)));
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
        thread.map(drop).map_err(ToolError::from)
    });
    Box::pin(async move {
        started?;
        slot.wait().await.unwrap_or_else(|panic| resume_unwind(panic))
    })
}

/// One of the threads a blocking tool may have.
struct Busy(Arc<AtomicUsize>);

impl Busy {
    fn begin(threads: &Arc<AtomicUsize>) -> Result<Self, ToolError> {
        let free = |n: usize| (n < MAX_THREADS).then_some(n + 1);
        match threads.fetch_update(Ordering::AcqRel, Ordering::Acquire, free) {
            Ok(_) => Ok(Self(Arc::clone(threads))),
            Err(_) => Err(ToolError::new("The tool is still busy with earlier calls.")),
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a thread leaves for the future that waits for it.
#[derive(Default)]
struct Slot {
    outcome: Mutex<Option<thread::Result<ToolAnswer>>>,
    waiting: AtomicWaker,
}

impl Slot {
    fn fill(&self, outcome: thread::Result<ToolAnswer>) {
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        self.waiting.wake();
    }

    async fn wait(&self) -> thread::Result<ToolAnswer> {
        future::poll_fn(|cx| {
            self.waiting.register(cx.waker());
            let outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
            outcome.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
