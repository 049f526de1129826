//! The tools of a session: a set that may change between replies, and the runner of its calls.

use std::{fmt, sync::Arc};

use antiphon_conversation::Notice;
use antiphon_core::{Clock, ToolDefinitions};
use antiphon_tools::{FrozenTools, Request, Runner, ToolExecutionStream, ToolSet};

/// What a session's agent may call.
pub(crate) struct Tools {
    set: ToolSet,
    /// The tools of the reply under way.
    frozen: Option<FrozenTools>,
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
        Self { frozen: None, set, runner }
    }

    /// A reply begins or goes on: until it is over, calls are of the tools there were first.
    pub(crate) fn freeze(&mut self) {
        self.frozen.get_or_insert_with(|| self.set.freeze());
    }

    /// What the end of a reply means: the next one may call what there is then.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        if let Notice::PreemptiveDropped { turn, .. } = notice {
            self.runner.forget_reads(*turn);
        }
        if matches!(notice, Notice::SpeechEnded { .. } | Notice::PreemptiveDropped { .. }) {
            self.frozen = None;
        }
    }

    pub(crate) fn run(&mut self, request: &Request) -> ToolExecutionStream {
        let frozen = self.frozen.get_or_insert_with(|| self.set.freeze());
        self.runner.run(frozen, request)
    }
}

/// What the model and the conversation are told of a set.
pub(crate) fn definitions(set: &ToolSet) -> ToolDefinitions {
    set.freeze().specs().map(|spec| spec.definition()).collect()
}
