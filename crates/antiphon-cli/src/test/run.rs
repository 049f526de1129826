//! What all scenarios of a run share: the runtime, the engines, and the servers of their agents'
//! tools. Plays nothing.

use std::path::{Path, PathBuf};

use antiphon::{Result, config::Effective, tools::ToolSet};
use tokio::runtime::Runtime;

use crate::{engines::Engines, live::Servers, runtime, screen::say};

/// What is started once.
pub(super) struct Run {
    pub(super) runtime: Runtime,
    pub(super) engines: Engines,
    servers: Vec<(PathBuf, Servers)>,
}

impl Run {
    /// Starts the servers that the agent files name, those of each file once.
    ///
    /// # Errors
    /// `unavailable` with the place in the file if one cannot be used.
    pub(super) fn begin(agents: &[Option<Effective>]) -> Result<Self> {
        let mut run = Self {
            runtime: runtime::start("test")?,
            engines: Engines::default(),
            servers: Vec::new(),
        };
        for agent in agents.iter().flatten() {
            if run.servers_of(agent.path()).is_some() {
                continue;
            }
            match run.runtime.block_on(Servers::start(agent)) {
                Ok(servers) => {
                    servers.left_out().iter().for_each(|tool| say!("warning: {tool}"));
                    run.servers.push((agent.path().to_owned(), servers));
                }
                Err(e) => {
                    run.end();
                    return Err(e);
                }
            }
        }
        Ok(run)
    }

    /// The tools that the servers of an agent file have.
    pub(super) fn remote(&self, agent: &Effective) -> ToolSet {
        self.servers_of(agent.path()).map_or_else(ToolSet::new, |s| s.tools().clone())
    }

    fn servers_of(&self, agent: &Path) -> Option<&Servers> {
        self.servers.iter().find(|(path, _)| path == agent).map(|(_, servers)| servers)
    }

    /// Ends the servers and waits for them.
    pub(super) fn end(&mut self) {
        for (_, servers) in self.servers.drain(..) {
            self.runtime.block_on(servers.close());
        }
    }
}
