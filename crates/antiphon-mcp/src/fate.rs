//! What is known of why a connection went wrong, gathered where it shows and told where it is
//! asked for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_http::Secrets;
use antiphon_tools::RunContext;
use rmcp::model::{NumberOrString, ProgressNotificationParam, ProgressToken};
use tokio::sync::Notify;

/// Longest end of the error output that is kept, in bytes.
const MAX_STDERR: usize = 2048;

/// What the parts of one connection share.
#[derive(Clone, Default)]
pub(crate) struct Fate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    known: Mutex<Known>,
    /// The server says that its tools have changed.
    changed: Notify,
    secrets: Secrets,
}

#[derive(Default)]
struct Known {
    /// Why it ended. The first reason is the cause, later ones follow from it.
    ended: Option<String>,
    /// What it last sent that is no message.
    garbage: Option<String>,
    stderr: Vec<u8>,
    calls: BTreeMap<String, RunContext>,
}

impl Fate {
    pub(crate) fn new(secrets: Secrets) -> Self {
        Self(Arc::new(Inner { secrets, ..Inner::default() }))
    }

    /// Notes why the connection ends.
    pub(crate) fn end(&self, why: impl Into<String>) {
        self.lock().ended.get_or_insert_with(|| why.into());
    }

    pub(crate) fn garbage(&self, line: String) {
        self.lock().garbage = Some(line);
    }

    /// Keeps the end of what it writes to its error output.
    pub(crate) fn stderr(&self, bytes: &[u8]) {
        let mut known = self.lock();
        let kept = &mut known.stderr;
        kept.extend_from_slice(bytes);
        let excess = kept.len().saturating_sub(MAX_STDERR);
        kept.drain(..excess);
    }

    /// Why the connection is as it is; empty if nothing is known.
    pub(crate) fn told(&self) -> String {
        let known = self.lock();
        let mut told: Vec<String> = known.ended.iter().cloned().collect();
        told.extend(known.garbage.iter().map(|line| format!("it sent {line:?}")));
        let stderr = String::from_utf8_lossy(&known.stderr);
        let last = stderr.lines().rfind(|line| !line.trim().is_empty());
        told.extend(last.map(|line| format!("its last error output is {:?}", line.trim())));
        drop(known);
        self.0.secrets.hide(told.join("; "))
    }

    /// `text` without what the server was told in confidence.
    pub(crate) fn hide(&self, text: String) -> String {
        self.0.secrets.hide(text)
    }

    pub(crate) fn tools_changed(&self) {
        self.0.changed.notify_one();
    }

    pub(crate) async fn until_tools_change(&self) {
        self.0.changed.notified().await;
    }

    /// Passes progress on to `context` until the guard is dropped.
    pub(crate) fn watch(&self, token: &ProgressToken, context: &RunContext) -> Watch {
        let key = key(token);
        self.lock().calls.insert(key.clone(), context.clone());
        Watch { fate: self.clone(), key }
    }

    pub(crate) fn progress(&self, progress: ProgressNotificationParam) {
        let ProgressNotificationParam { progress_token, progress, total, message, .. } = progress;
        let Some(context) = self.lock().calls.get(&key(&progress_token)).cloned() else { return };
        let figures = || match total {
            Some(total) => format!("{progress} of {total}"),
            None => progress.to_string(),
        };
        context.progress(self.hide(message.unwrap_or_else(figures)));
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call whose progress is passed on.
pub(crate) struct Watch {
    fate: Fate,
    key: String,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.fate.lock().calls.remove(&self.key);
    }
}

fn key(token: &ProgressToken) -> String {
    match &token.0 {
        NumberOrString::Number(n) => n.to_string(),
        NumberOrString::String(s) => s.to_string(),
    }
}
