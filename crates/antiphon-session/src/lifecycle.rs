//! The agent's life with the session: validated, entered, left. Its author's mistakes are
//! contained here.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use antiphon_core::{Code, Error, Result};
use futures_util::FutureExt as _;

use crate::{Agent, AgentProfile, SessionHandle};

/// How long an agent may take to leave.
const EXIT_DEADLINE: Duration = Duration::from_secs(2);

/// The profile of an agent that can work.
pub(crate) fn validated(agent: &dyn Agent) -> Result<AgentProfile> {
    let check = AssertUnwindSafe(|| agent.validate().map(|()| agent.profile()));
    let invalid = |what: String| Error::new("agent.validate", Code::AgentInvalid, what);
    match std::panic::catch_unwind(check) {
        Ok(Ok(profile)) => Ok(profile),
        Ok(Err(e)) => {
            let help = e.help().unwrap_or("see what the agent's validation asks for").to_owned();
            Err(invalid(e.detail().to_owned()).with_help(help).with_source(e))
        }
        Err(panic) => Err(invalid(format!("its validation panicked: {}", panic_text(&*panic)))
            .with_help("this is a defect of the agent")),
    }
}

/// Leaves `old`, then enters `new`. Gives what went wrong.
pub(crate) async fn change(
    old: Option<Arc<dyn Agent>>,
    new: Arc<dyn Agent>,
    session: SessionHandle,
) -> Result<()> {
    if let Some(old) = old {
        leave(old).await;
    }
    let entering = AssertUnwindSafe(new.on_enter(session)).catch_unwind();
    entering.await.unwrap_or_else(|panic| {
        Err(Error::new("agent.enter", Code::AgentInvalid, panic_text(&*panic)))
    })
}

/// Leaves an agent, within its deadline.
pub(crate) async fn leave(agent: Arc<dyn Agent>) {
    let exit = AssertUnwindSafe(agent.on_exit()).catch_unwind();
    // An agent that panics or hangs on its way out is gone all the same.
    let _ = tokio::time::timeout(EXIT_DEADLINE, exit).await;
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "it panicked".to_owned())
}
