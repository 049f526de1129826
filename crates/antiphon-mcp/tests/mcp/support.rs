//! A session's end: calls through the runner, in real time.

use std::{
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use antiphon_core::{BoxFuture, Clock, Timestamp, TurnId};
use antiphon_tools::{Request, Runner, ToolCall, ToolEvent, ToolExecutionStream, ToolSet};
use futures_util::StreamExt as _;

/// What takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
struct RealTime(Instant);

impl Clock for RealTime {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let at = self.0 + at.since(Timestamp::ZERO);
        Box::pin(tokio::time::sleep_until(at.into()))
    }
}

/// A set of tools that is called.
pub(crate) struct World {
    pub(crate) set: ToolSet,
    runner: Runner,
    calls: AtomicU32,
}

impl World {
    pub(crate) fn new() -> Self {
        let runner = Runner::new("s1", Arc::new(RealTime(Instant::now())));
        Self { set: ToolSet::new(), runner, calls: AtomicU32::new(0) }
    }

    pub(crate) fn run(&self, tool: &str, arguments: &str) -> ToolExecutionStream {
        let n = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let (id, name) = (format!("c{n}"), tool.to_owned());
        let call = ToolCall { id, name, arguments: arguments.to_owned() };
        let request = Request { confirmed: true, ..Request::new(call, TurnId(n)) };
        self.runner.run(&self.set.freeze(), &request)
    }

    /// The text a call comes to, marked if it failed.
    pub(crate) async fn call(&self, tool: &str, arguments: &str) -> String {
        let events: Vec<ToolEvent> = self.run(tool, arguments).collect().await;
        let result = events.iter().find_map(ToolEvent::outcome).unwrap();
        format!("{}{}", if result.is_error { "error: " } else { "" }, result.text)
    }
}

/// What `future` comes to, which it does soon.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("it hangs")
}
