//! `antiphon config`: what an agent file comes to.

use std::path::{Path, PathBuf};

use antiphon::{
    Result,
    config::{Effective, Sources},
};

use crate::screen::say;

/// What to do with an agent file.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print every value in force with its origin; secrets are hidden.
    ///
    /// The output is YAML and can be used as an agent file.
    #[command(after_help = SHOW_EXAMPLES)]
    Show(Agent),
}

const SHOW_EXAMPLES: &str = "\
Examples:
  antiphon config show agent.yaml
  antiphon config show agent.yaml --set models.llm.model=qwen
  ANTIPHON__VOICE__RATE=1.2 antiphon config show agent.yaml";

/// An agent file and what is laid over it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Agent {
    /// The agent file.
    #[arg(value_name = "AGENT.yaml")]
    pub(crate) file: PathBuf,
    /// Set a value, over the file and the environment; may be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
}

impl Agent {
    /// The agent with all layers, as of now.
    pub(crate) fn load(&self) -> Result<Effective> {
        Ok(antiphon::config::load(&self.file, &self.sources()?)?)
    }

    /// What is laid over the file. A file `.env` in this folder counts.
    pub(crate) fn sources(&self) -> Result<Sources> {
        Ok(Sources::of_process(Path::new(".env"), self.set.clone())?)
    }
}

pub(crate) fn main(command: &Command) -> Result<()> {
    let Command::Show(agent) = command;
    let shown = agent.load()?.show();
    say!("{}", shown.trim_end());
    Ok(())
}
