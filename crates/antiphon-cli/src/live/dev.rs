//! The agent file while it is edited. Applies nothing.

use std::path::PathBuf;

use antiphon::{
    Error,
    config::{Change, Effective, Reload, Watch},
};

use crate::config::Agent;

/// An agent file, and what was read from it last.
pub(crate) struct Dev {
    agent: Agent,
    effective: Effective,
    watch: Watch,
}

/// An edit that can be applied.
type Edit = (Box<Effective>, Vec<Change>);

impl Dev {
    /// Watches from now on the files that `effective` was read from.
    pub(crate) fn new(agent: Agent, effective: Effective) -> Self {
        let watch = watch(&effective);
        Self { agent, effective, watch }
    }

    /// What was edited since the last look, if anything was; or why it cannot be used.
    pub(super) fn read(&mut self) -> Option<Result<Edit, Error>> {
        if !self.watch.changed() {
            return None;
        }
        let sources = match self.agent.sources() {
            Ok(sources) => sources,
            Err(e) => return Some(Err(e)),
        };
        match self.effective.reload(&sources) {
            Reload::Unchanged => None,
            Reload::Kept(why) => Some(Err(why.into())),
            Reload::Applied { effective, changes } => Some(Ok((effective, changes))),
        }
    }

    /// An edit was applied: the next one is compared with it.
    pub(super) fn take_over(&mut self, effective: Effective) {
        self.watch = watch(&effective);
        self.effective = effective;
    }
}

fn watch(effective: &Effective) -> Watch {
    let files = effective.files().into_iter();
    Watch::new(files.chain([PathBuf::from(".env")]))
}
