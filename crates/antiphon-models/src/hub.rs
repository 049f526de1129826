//! Fetches the files of a model from the public hub of models, or a mirror of it, by plain HTTP.
//!
//! The hub is trusted with nothing: a file counts only if it has the pinned length and sum.

use std::{env, path::Path, time::Duration};

use antiphon_core::{Code, Error, Result};

use crate::{Hub, ModelFile, ModelSpec, Progress, ProgressEvent, hash::Sink};

/// The public hub.
const PUBLIC: &str = "https://huggingface.co";

/// Reaching the hub takes tenths of a second or fails: a machine without a network should turn
/// to another source soon.
const CONNECT: Duration = Duration::from_secs(5);

/// Redirects to storage and a cold cache there take seconds.
const ANSWER: Duration = Duration::from_secs(30);

/// A connection slower than this, in bytes per second, has stalled.
const SLOWEST: u64 = 20_000;

/// The hub that is asked.
#[derive(Clone, Debug)]
pub struct HubSource {
    /// Address without a path, `https://…`.
    pub base: String,
}

impl Default for HubSource {
    /// The hub of `HF_ENDPOINT`, which mirrors are commonly named by, else the public one.
    fn default() -> Self {
        let own = env::var("HF_ENDPOINT").ok().filter(|base| !base.is_empty());
        Self { base: own.unwrap_or_else(|| PUBLIC.to_owned()) }
    }
}

impl HubSource {
    /// Fetches all files of `spec`, which `hub` publishes, to `dir`.
    pub(crate) fn download(
        &self,
        spec: &ModelSpec,
        hub: &Hub,
        dir: &Path,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let (model, bytes) = (spec.title.as_str(), spec.size());
        progress.on(ProgressEvent::Start { model, source: &hub.repository, bytes });
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_resolve(Some(CONNECT))
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .build()
            .into();
        let mut before = 0;
        for file in &spec.files {
            let mut on_bytes = |n| progress.on(ProgressEvent::Bytes { done: before + n });
            self.file(&agent, hub, file, dir, &mut on_bytes)?;
            before += file.size;
        }
        Ok(())
    }

    fn file(
        &self,
        agent: &ureq::Agent,
        hub: &Hub,
        file: &ModelFile,
        dir: &Path,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let failed = |why: &str| {
            let what = format!("could not fetch {} of {}: {why}", file.name, hub.repository);
            Error::new("models.hub", Code::Unavailable, what).with_help(
                "check the network, name a mirror with HF_ENDPOINT, or set ANTIPHON_MODELS to a \
                 folder with the model files",
            )
        };
        let patience = ANSWER + Duration::from_secs(file.size / SLOWEST);
        let request = agent.get(self.address(hub, file)).config();
        let answer = request.timeout_recv_body(Some(patience)).build().call();
        let answer = answer.map_err(|e| {
            let ureq::Error::StatusCode(status) = e else { return failed(&e.to_string()) };
            match status {
                404 => failed("the hub has no such file"),
                _ => failed(&format!("the hub answered {status}")),
            }
        })?;
        let mut sink = Sink::create(dir, file)?;
        let mut body = answer.into_body().into_reader();
        sink.append(&mut body, &|e| failed(&format!("it broke off: {e}")), on_bytes)?;
        sink.finish()
    }

    fn address(&self, hub: &Hub, file: &ModelFile) -> String {
        let base = self.base.trim_end_matches('/');
        let Hub { repository, revision, folder } = hub;
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        format!("{base}/{repository}/resolve/{revision}/{folder}{}", file.name)
    }
}
