//! The tools of an application: registered and removed at any time, frozen for each reply.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_core::{Code, Error, Result};

use crate::{Tool, ToolSpec, validate::Validator};

/// Tools in one set at most: beyond that no model chooses well.
const MAX_TOOLS: usize = 128;

/// How alike a wrong name must be to be taken for a slip, 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.8;

/// A registered tool with its compiled schema.
pub(crate) struct Entry {
    pub(crate) spec: ToolSpec,
    pub(crate) tool: Arc<dyn Tool>,
    pub(crate) validator: Validator,
}

impl Entry {
    /// Reads what the tool says of itself, and checks it.
    fn new(tool: impl Tool) -> Result<Self> {
        let spec = tool.spec();
        spec.check()?;
        let validator = Validator::new(&spec.parameters).map_err(|e| {
            let what = format!("the schema of the tool {:?}: {}", spec.name, e.detail());
            refuse(what).with_help("see `parameters` of its specification").with_source(e)
        })?;
        Ok(Self { tool: Arc::new(tool), validator, spec })
    }
}

fn put(entries: &mut Arc<Entries>, entry: Entry) -> Result<()> {
    let name = entry.spec.name.clone();
    if entries.len() >= MAX_TOOLS && !entries.contains_key(&name) {
        return Err(refuse(format!("there are {MAX_TOOLS} tools already")));
    }
    Arc::make_mut(entries).insert(name, Arc::new(entry));
    Ok(())
}

fn refuse(what: String) -> Error {
    Error::new("tools.register", Code::InvalidInput, what)
}

type Entries = BTreeMap<String, Arc<Entry>>;

/// A handle to a set of tools; clones share the set.
#[derive(Clone, Default)]
pub struct ToolSet {
    entries: Arc<Mutex<Arc<Entries>>>,
}

impl ToolSet {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers one tool, or all those of an `#[tools]` type, and returns the set.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn with(self, tools: impl Tools) -> Result<Self> {
        tools.into_tools().into_iter().try_for_each(|tool| self.register(tool))?;
        Ok(self)
    }

    /// Adds a tool. Replies that run already do not see it.
    ///
    /// # Errors
    /// `invalid_input` if its name is taken, its specification or its schema is unusable, or the
    /// set is full.
    pub fn register(&self, tool: impl Tool) -> Result<()> {
        let entry = Entry::new(tool)?;
        let name = &entry.spec.name;
        let mut entries = self.lock();
        if entries.contains_key(name) {
            let help = "choose another name, or unregister the other tool first";
            return Err(refuse(format!("there is a tool {name:?} already")).with_help(help));
        }
        put(&mut entries, entry)
    }

    /// Puts a tool in place of the one of its name, or adds it: no reply is without either.
    /// Replies and calls that run already keep what they have.
    ///
    /// # Errors
    /// `invalid_input` as for [`register`](Self::register); the old tool then stays.
    pub fn replace(&self, tool: impl Tool) -> Result<()> {
        let entry = Entry::new(tool)?;
        put(&mut self.lock(), entry)
    }

    /// Removes a tool; whether there was one. Replies and calls that run already keep it.
    pub fn unregister(&self, name: &str) -> bool {
        Arc::make_mut(&mut self.lock()).remove(name).is_some()
    }

    /// Holds what `other` holds, and nothing else. Replies that run already do not see it.
    pub fn adopt(&self, other: &Self) {
        let entries = Arc::clone(&other.lock());
        *self.lock() = entries;
    }

    /// Adds what `other` holds now. Gives the names of the tools that are left out, because there
    /// is one of their name already or no room. Replies that run already do not see it.
    pub fn include(&self, other: &Self) -> Vec<String> {
        let theirs = Arc::clone(&other.lock());
        let mut entries = self.lock();
        let entries = Arc::make_mut(&mut entries);
        let mut left_out = Vec::new();
        for (name, entry) in theirs.iter() {
            if entries.len() >= MAX_TOOLS || entries.contains_key(name) {
                left_out.push(name.clone());
            } else {
                entries.insert(name.clone(), Arc::clone(entry));
            }
        }
        left_out
    }

    /// The set as it is now, for one reply: later changes do not reach it.
    #[must_use]
    pub fn freeze(&self) -> FrozenTools {
        FrozenTools { entries: Arc::clone(&self.lock()) }
    }

    fn lock(&self) -> MutexGuard<'_, Arc<Entries>> {
        // A panic cannot leave the map half changed: each change is one operation.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ToolSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.freeze().fmt(f)
    }
}

/// The tools one reply may call. Never changes.
#[derive(Clone, Default)]
pub struct FrozenTools {
    entries: Arc<Entries>,
}

impl FrozenTools {
    /// Only the tools named in `allowed`: what one agent of several may call.
    ///
    /// # Errors
    /// `invalid_input` if there is no tool of one of these names.
    pub fn allow<S: AsRef<str>>(&self, allowed: impl IntoIterator<Item = S>) -> Result<Self> {
        let names: BTreeSet<String> = allowed.into_iter().map(|n| n.as_ref().to_owned()).collect();
        if let Some(unknown) = names.iter().find(|n| !self.entries.contains_key(*n)) {
            let what = format!("the allow-list names {unknown:?}, which is no tool");
            let help = self.suggest(unknown).map_or_else(
                || format!("there are: {}", self.names().collect::<Vec<_>>().join(", ")),
                |name| format!("did you mean {name:?}?"),
            );
            return Err(Error::new("tools.allow", Code::InvalidInput, what).with_help(help));
        }
        let kept = self.entries.iter().filter(|(name, _)| names.contains(*name));
        let entries = kept.map(|(name, entry)| (name.clone(), Arc::clone(entry))).collect();
        Ok(Self { entries: Arc::new(entries) })
    }

    /// What the model is told, in the order of the names: the same set always reads the same, so
    /// that a provider's prompt cache is met.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.entries.values().map(|entry| &entry.spec)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The specification of the tool `name`.
    #[must_use]
    pub fn spec(&self, name: &str) -> Option<&ToolSpec> {
        self.entries.get(name).map(|entry| &entry.spec)
    }

    /// The compiled schema of the tool `name`.
    #[must_use]
    pub fn validator(&self, name: &str) -> Option<&Validator> {
        self.entries.get(name).map(|entry| &entry.validator)
    }

    /// The name that `wrong` is probably meant to be.
    #[must_use]
    pub fn suggest(&self, wrong: &str) -> Option<&str> {
        let wrong = wrong.to_lowercase();
        let alike = |name: &str| strsim::jaro_winkler(&wrong, &name.to_lowercase());
        let scored = self.names().map(|name| (alike(name), name)).filter(|(a, _)| *a >= ALIKE);
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&Arc<Entry>> {
        self.entries.get(name)
    }
}

impl fmt::Debug for FrozenTools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What [`ToolSet::with`] takes: one tool, or a value whose methods are tools (`#[tools]`).
pub trait Tools {
    /// The tools.
    fn into_tools(self) -> Vec<Arc<dyn Tool>>;
}

impl<T: Tool> Tools for T {
    fn into_tools(self) -> Vec<Arc<dyn Tool>> {
        vec![Arc::new(self)]
    }
}
