//! An agent that is edited while one talks to it: what changed is applied between turns, a broken
//! edit changes nothing. Knows neither input nor screen.

use std::{path::PathBuf, sync::Arc};

use antiphon::{
    LlmAgent, Result, SessionHandle, TextTools,
    config::{Change, Effective, Reload, Watch},
    llm::Llm,
};

use super::{agent::HungUp, tools::tool_set};
use crate::config::Agent;

/// The agent file of a chat, and what was read from it last.
pub(super) struct Dev {
    agent: Agent,
    effective: Effective,
    watch: Watch,
    llm: Arc<dyn Llm>,
    hung_up: HungUp,
}

/// What an edit came to.
pub(super) enum Edit {
    /// These values are different. Whether each holds from now on, or from the next chat on.
    Applied(Vec<(Change, bool)>),
    /// The old agent stays.
    Kept(antiphon::Error),
}

impl Dev {
    pub(super) fn new(
        agent: Agent,
        effective: Effective,
        llm: Arc<dyn Llm>,
        hung_up: HungUp,
    ) -> Self {
        let watch = watch(&effective);
        Self { agent, effective, watch, llm, hung_up }
    }

    /// Looks at the files; what changed in them is applied to the chat behind `session`.
    pub(super) async fn look(&mut self, session: &SessionHandle) -> Result<Option<Edit>> {
        if !self.watch.changed() {
            return Ok(None);
        }
        let sources = match self.agent.sources() {
            Ok(sources) => sources,
            Err(e) => return Ok(Some(Edit::Kept(e))),
        };
        let (effective, changes) = match self.effective.reload(&sources) {
            Reload::Unchanged => return Ok(None),
            Reload::Kept(why) => return Ok(Some(Edit::Kept(why.into()))),
            Reload::Applied { effective, changes } => (effective, changes),
        };
        let touches = |part: &str| changes.iter().any(|change| is_in(change, part));
        // Also a tool that there is not is a broken edit.
        let tools = touches("tools").then(|| tool_set(&effective, &self.hung_up)).transpose();
        let tools = match tools {
            Ok(tools) => tools,
            Err(e) => return Ok(Some(Edit::Kept(e))),
        };
        if touches("instructions") {
            let agent = LlmAgent::new(Arc::new(TextTools::new(self.llm.clone())));
            let instructions = effective.agent().instructions.text();
            session.update_agent(Arc::new(agent.with_instructions(instructions))).await?;
        }
        if let Some(tools) = tools {
            session.tools().adopt(&tools);
            session.refresh_tools().await?;
        }
        self.effective = *effective;
        self.watch = watch(&self.effective);
        let now = |change: &Change| is_in(change, "instructions") || is_in(change, "tools");
        Ok(Some(Edit::Applied(changes.into_iter().map(|c| (c.clone(), now(&c))).collect())))
    }
}

/// Whether a change lies in this part of the file.
fn is_in(change: &Change, part: &str) -> bool {
    change.path.split('.').next() == Some(part)
}

fn watch(effective: &Effective) -> Watch {
    let files = effective.files().into_iter();
    Watch::new(files.chain([PathBuf::from(".env")]))
}
