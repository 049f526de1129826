//! The cache of models: one folder each, complete or not there. Says what is there, and changes
//! nothing.

use std::{
    collections::BTreeMap,
    env, io,
    path::{Path, PathBuf},
};

use antiphon_core::{Code, Error, Result};

use crate::{
    HubSource, Manifest, ModelSpec, Pip,
    fetch::Sources,
    hash::sha256,
    marker::{Marker, misfit},
};

/// Makes a file of a folder of raw files.
pub type Converter = fn(&Path, &Path) -> Result<()>;

/// A folder of models.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    manifest: Manifest,
    pub(crate) sources: Sources,
    converters: BTreeMap<&'static str, Converter>,
}

/// Whether a model is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was never fetched.
    Absent,
    /// It is there.
    Present,
    /// It is there and cannot be used; says why.
    Damaged(String),
}

pub(crate) fn storage(path: &Path, e: &io::Error) -> Error {
    let what = format!("{}: {e}", path.display());
    Error::new("models.store", Code::Storage, what).with_help(
        "free disk space, mend the folder's rights, or choose another one with ANTIPHON_MODELS",
    )
}

impl Store {
    /// The user's store: `ANTIPHON_MODELS`, else `antiphon/models` in the user's cache folder.
    ///
    /// # Errors
    /// `storage` if there is no home folder, `internal` if the built-in manifest is broken.
    pub fn open_default() -> Result<Self> {
        let set = |name| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let home = || env::home_dir().map(|h| h.join(".cache"));
        let cache = || set("XDG_CACHE_HOME").or_else(home).map(|c| c.join("antiphon/models"));
        let dir = set("ANTIPHON_MODELS").or_else(cache).ok_or_else(|| {
            Error::new("models.store", Code::Storage, "there is no home folder for the cache")
                .with_help("set ANTIPHON_MODELS to a folder for the models")
        })?;
        Self::open(dir)
    }

    /// A store in `dir`, which need not exist yet.
    ///
    /// # Errors
    /// `internal` if the built-in manifest is broken.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let manifest = Manifest::builtin()?.clone();
        let (sources, converters) = (Sources::default(), BTreeMap::new());
        Ok(Self { dir: dir.into(), manifest, sources, converters })
    }

    /// Uses other models than the built-in ones.
    #[must_use]
    pub fn with_manifest(mut self, manifest: Manifest) -> Self {
        self.manifest = manifest;
        self
    }

    /// Uses another pip.
    #[must_use]
    pub fn with_pip(mut self, pip: Pip) -> Self {
        self.sources.pip = pip;
        self
    }

    /// Uses another hub.
    #[must_use]
    pub fn with_hub(mut self, hub: HubSource) -> Self {
        self.sources.hub = hub;
        self
    }

    /// Makes a converter known by the name manifests call it. Without it the raw files of such a
    /// model are still fetched.
    #[must_use]
    pub fn with_converter(mut self, name: &'static str, converter: Converter) -> Self {
        self.converters.insert(name, converter);
        self
    }

    /// What models there could be.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The folder of the store.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The folder of a model, whether it is there or not.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        Ok(self.home(self.manifest.find(name)?))
    }

    /// Whether a model is there. Of a fetched one only the lengths of its files are looked at;
    /// files put there by hand are summed.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model.
    pub fn state(&self, name: &str) -> Result<State> {
        let spec = self.manifest.find(name)?;
        let home = self.home(spec);
        let made = self.converter(spec).map(|(_, output)| output);
        if let Some(marker) = Marker::read(&home) {
            let damage = marker.damage(&home, spec, made);
            return Ok(damage.map_or(State::Present, State::Damaged));
        }
        Ok(match (self.by_hand(spec), made) {
            (Some(_), None) => State::Present,
            (Some(_), Some(made)) => State::Damaged(format!("{made} was not made yet")),
            (None, _) if home.exists() => {
                let misfit = spec.files.iter().find_map(|f| misfit(&home, &f.name, f.size));
                State::Damaged(misfit.unwrap_or_else(|| "a file has a wrong sum".to_owned()))
            }
            (None, _) => State::Absent,
        })
    }

    /// As [`state`](Self::state), and sums all files.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model, `storage` if a file cannot be read.
    pub fn verify(&self, name: &str) -> Result<State> {
        let state = self.state(name)?;
        let home = self.home(self.manifest.find(name)?);
        match (&state, Marker::read(&home)) {
            (State::Present, Some(marker)) => {
                Ok(marker.wrong_sum(&home)?.map_or(state, State::Damaged))
            }
            (_, _) => Ok(state),
        }
    }

    pub(crate) fn home(&self, spec: &ModelSpec) -> PathBuf {
        self.dir.join(&spec.name)
    }

    /// The converter of a model and what it makes, if it needs one and we have it.
    pub(crate) fn converter<'a>(&self, spec: &'a ModelSpec) -> Option<(Converter, &'a str)> {
        let convert = spec.convert.as_ref()?;
        Some((*self.converters.get(convert.converter.as_str())?, &convert.output))
    }

    /// The folder that holds the right raw files without having been fetched by us.
    pub(crate) fn by_hand(&self, spec: &ModelSpec) -> Option<PathBuf> {
        [self.home(spec), self.dir.clone()].into_iter().find(|dir| {
            let (mut fits, mut right) = (spec.files.iter(), spec.files.iter());
            fits.all(|f| misfit(dir, &f.name, f.size).is_none())
                && right.all(|f| sha256(&dir.join(&f.name)).is_ok_and(|sum| sum == f.sha256))
        })
    }
}
