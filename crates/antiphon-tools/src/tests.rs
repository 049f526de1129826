//! Tests of the crate, with a clock that moves only when nothing else can.

mod bad_days;
mod groundings;
mod guards;
mod readers;
mod schemas;
mod sets;

use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use antiphon_core::{BoxFuture, BoxStream, Clock, Timestamp, TurnId};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    Failure, FunctionTool, Request, Runner, ToolAnswer, ToolCall, ToolEvent, ToolResult, ToolSet,
    ToolSpec,
};

/// Time as the test moves it.
#[derive(Debug, Default)]
struct VirtualClock(Mutex<(Timestamp, BTreeSet<Timestamp>)>);

impl VirtualClock {
    fn advance(&self, by: Duration) {
        let mut time = self.0.lock().unwrap();
        time.0 = time.0 + by;
    }

    /// Jumps to the next deadline, if somebody waits for one.
    fn jump(&self) -> bool {
        let mut time = self.0.lock().unwrap();
        let next = time.1.pop_first();
        time.0 = next.map_or(time.0, |next| next.max(time.0));
        next.is_some()
    }
}

/// The clock as a port: the test keeps the other end.
#[derive(Clone, Debug, Default)]
struct Time(Arc<VirtualClock>);

impl Clock for Time {
    fn now(&self) -> Timestamp {
        self.0.0.lock().unwrap().0
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(poll_fn(move |_| {
            let mut time = clock.0.lock().unwrap();
            if time.0 >= at {
                return Poll::Ready(());
            }
            time.1.insert(at);
            Poll::Pending
        }))
    }
}

/// A runner, its tools and its time.
struct World {
    time: Time,
    runner: Runner,
    tools: ToolSet,
}

impl World {
    fn new() -> Self {
        let time = Time::default();
        let runner = Runner::new("s1", Arc::new(time.clone()));
        Self { time, runner, tools: ToolSet::new() }
    }

    /// With a tool of any arguments.
    fn with<F>(
        self,
        spec: ToolSpec,
        body: impl Fn(crate::RunContext, Value) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ToolAnswer> + Send + 'static,
    {
        let spec = spec.with_parameters(json!({"type": "object"}));
        self.tools.register(FunctionTool::raw(spec, body)).unwrap();
        self
    }

    fn start(&self, id: &str, name: &str, arguments: &str) -> BoxStream<ToolEvent> {
        self.start_in(1, id, name, arguments)
    }

    fn start_in(&self, turn: u32, id: &str, name: &str, arguments: &str) -> BoxStream<ToolEvent> {
        self.runner.run(&self.tools.freeze(), &request(turn, id, name, arguments))
    }

    /// Every event of a call; time jumps whenever the call waits.
    fn call(&self, id: &str, name: &str, arguments: &str) -> Vec<ToolEvent> {
        self.all(self.start(id, name, arguments))
    }

    fn all(&self, mut events: BoxStream<ToolEvent>) -> Vec<ToolEvent> {
        let mut seen = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        loop {
            match events.poll_next_unpin(&mut cx) {
                Poll::Ready(Some(event)) => seen.push(event),
                Poll::Ready(None) => return seen,
                Poll::Pending => assert!(self.time.0.jump(), "stuck after {seen:?}"),
            }
        }
    }

    /// The failure of a call, and what the model is told.
    fn failure(&self, turn: u32, id: &str, name: &str, arguments: &str) -> (Failure, String) {
        match self.all(self.start_in(turn, id, name, arguments)).pop() {
            Some(ToolEvent::Failed { why, result, .. }) => (why, result.text),
            other => panic!("{other:?}"),
        }
    }

    fn answer(&self, turn: u32, id: &str, name: &str, arguments: &str) -> String {
        match self.all(self.start_in(turn, id, name, arguments)).pop() {
            Some(ToolEvent::Completed { result, .. }) => result.text,
            other => panic!("{other:?}"),
        }
    }
}

fn request(turn: u32, id: &str, name: &str, arguments: &str) -> Request {
    let call = ToolCall { id: id.into(), name: name.into(), arguments: arguments.into() };
    Request::new(call, TurnId(turn))
}

fn outcomes(events: &[ToolEvent]) -> Vec<&ToolResult> {
    events.iter().filter_map(ToolEvent::outcome).collect()
}

/// Wakes the thread that drives.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread until it ends, without moving any clock.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
