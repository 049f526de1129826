//! Reloading while an agent runs: a good edit is applied, a broken one changes nothing. Knows no
//! session and no clock: who runs the agent asks when it suits.

use std::{collections::BTreeMap, fs, path::PathBuf, time::SystemTime};

use crate::{
    agent::AgentFile,
    effective::{Effective, load, parse},
    error::ConfigError,
    layers::Sources,
    secret::HIDDEN,
};

/// What an edit came to.
#[derive(Debug)]
pub enum Reload {
    /// The agent is what it was.
    Unchanged,
    /// The edit is good: `effective` is the agent from the next turn on.
    Applied {
        /// The new agent.
        effective: Box<Effective>,
        /// What is different, in the order of the paths; at least one.
        changes: Vec<Change>,
    },
    /// The edit is broken: the old agent stays, and this is why.
    Kept(ConfigError),
}

/// A value that is different.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The setting, written with dots.
    pub path: String,
    /// The old value as YAML, secrets hidden; `None` if there was none.
    pub before: Option<String>,
    /// The new value, likewise.
    pub after: Option<String>,
}

impl Change {
    /// Whether a running conversation cannot take it on between turns, because models have to be
    /// loaded or connected anew.
    #[must_use]
    pub fn needs_models(&self) -> bool {
        self.path.starts_with("models.")
    }
}

impl Effective {
    /// Reads the files again.
    #[must_use]
    pub fn reload(&self, sources: &Sources) -> Reload {
        self.step(load(self.path(), sources))
    }

    /// As [`reload`](Self::reload), from the new bytes of the agent file.
    #[must_use]
    pub fn reload_from(&self, bytes: &[u8], sources: &Sources) -> Reload {
        self.step(parse(self.path(), bytes, sources))
    }

    fn step(&self, loaded: Result<Self, ConfigError>) -> Reload {
        let new = match loaded {
            Ok(new) => new,
            Err(error) => return Reload::Kept(error),
        };
        let changes = changes(self, &new);
        if changes.is_empty() {
            return Reload::Unchanged;
        }
        Reload::Applied { effective: Box::new(new), changes }
    }
}

fn changes(old: &Effective, new: &Effective) -> Vec<Change> {
    let (before, after) = (values(old), values(new));
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differing = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    let shown = |value: Option<&Compared>| value.map(|v| v.shown.clone());
    let change = |path: &String| Change {
        path: path.clone(),
        before: shown(before.get(path)),
        after: shown(after.get(path)),
    };
    differing.map(change).collect()
}

/// A value as it is shown, and what it hides.
#[derive(Clone, PartialEq)]
struct Compared {
    shown: String,
    hidden: String,
}

fn values(effective: &Effective) -> BTreeMap<String, Compared> {
    let shown = effective.leaves().into_iter();
    let mut values: BTreeMap<String, Compared> =
        shown.map(|l| (l.path, Compared { shown: l.value, hidden: String::new() })).collect();
    let mut agent: AgentFile = effective.agent().clone();
    agent.secrets_mut(&mut |path, secret| {
        let empty = || Compared { shown: HIDDEN.to_owned(), hidden: String::new() };
        let value = values.entry(path.join(".")).or_insert_with(empty);
        secret.expose().clone_into(&mut value.hidden);
    });
    if let Some(file) = values.get_mut("instructions.file") {
        effective.agent().instructions.text().clone_into(&mut file.hidden);
    }
    values
}

/// Notices that one of the files of an agent was written, by length and time of change.
#[derive(Debug)]
pub struct Watch {
    files: Vec<(PathBuf, Stamp)>,
}

/// Length and time of change; `None` while the file is not there.
type Stamp = Option<(u64, SystemTime)>;

impl Watch {
    /// Watches `files`, usually [`Effective::files`] and the `.env` file.
    #[must_use]
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let stamped = |file: PathBuf| {
            let stamp = stamp(&file);
            (file, stamp)
        };
        Self { files: files.into_iter().map(stamped).collect() }
    }

    /// Whether a file differs from the last time this was asked. A look at each file, without
    /// reading it: a few times a second costs nothing.
    pub fn changed(&mut self) -> bool {
        let mut changed = false;
        for (file, seen) in &mut self.files {
            let now = stamp(file);
            changed |= *seen != now;
            *seen = now;
        }
        changed
    }
}

fn stamp(file: &PathBuf) -> Stamp {
    let meta = fs::metadata(file).ok()?;
    Some((meta.len(), meta.modified().ok()?))
}
