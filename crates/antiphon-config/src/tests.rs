//! Tests of the crate's parts, and what they share.

mod errors;
mod hostile;
mod layers;
mod reload;
mod secrets;
mod show;

use std::path::Path;

use crate::{ConfigError, Effective, Sources, parse};

/// Loads `yaml` with nothing over it.
fn agent(yaml: &str) -> Result<Effective, ConfigError> {
    with(yaml, &Sources::none())
}

fn with(yaml: &str, sources: &Sources) -> Result<Effective, ConfigError> {
    parse(Path::new("agent.yaml"), yaml.as_bytes(), sources)
}

/// What is said about a broken `yaml`.
fn complaint(yaml: &str) -> String {
    agent(yaml).expect_err("it should be refused").to_string()
}
