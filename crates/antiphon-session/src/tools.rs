//! The tools of a session: a set that may change between replies, and the runner of its calls.

use std::{fmt, sync::Arc};

use antiphon_core::{Clock, ToolDefinition};
use antiphon_tools::{FrozenTools, Request, Runner, ToolExecutionStream, ToolSet};

/// What a session's agent may call.
pub(crate) struct Tools {
    set: ToolSet,
    frozen: FrozenTools,
    runner: Runner,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").finish_non_exhaustive()
    }
}

impl Tools {
    /// Runs calls beside the session, on the runtime this is called in.
    pub(crate) fn new(session: &str, set: ToolSet, clock: Arc<dyn Clock>) -> Self {
        let runtime = tokio::runtime::Handle::current();
        let runner = Runner::new(session, clock).with_executor(move |task| {
            runtime.spawn(task);
        });
        Self { frozen: set.freeze(), set, runner }
    }

    /// A reply begins: until the next one, calls are of the tools there are now.
    pub(crate) fn freeze(&mut self) {
        self.frozen = self.set.freeze();
    }

    pub(crate) fn run(&self, request: &Request) -> ToolExecutionStream {
        self.runner.run(&self.frozen, request)
    }
}

/// What the model and the conversation are told of a set.
pub(crate) fn definitions(set: &ToolSet) -> Vec<ToolDefinition> {
    set.freeze().specs().map(|spec| spec.definition()).collect()
}
