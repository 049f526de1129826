//! The cache of models: one folder each, complete or not there.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use antiphon_core::{Code, Error, Result};

use crate::{
    Manifest, ModelFile, ModelSpec, Pip, Progress, ProgressEvent, hash::sha256, unpack::unpack,
};

/// Makes a file of a folder of raw files.
pub type Converter = fn(&Path, &Path) -> Result<()>;

/// Written last into a model's folder: it is complete.
const MARKER: &str = "complete";

/// A folder of models.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
    manifest: Manifest,
    pip: Pip,
    converters: BTreeMap<&'static str, Converter>,
}

/// A model that is there.
#[derive(Clone, Debug)]
pub struct Model {
    dir: PathBuf,
    spec: ModelSpec,
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
        let own = env::var_os("ANTIPHON_MODELS").map(PathBuf::from);
        let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let home = || env::home_dir().map(|h| h.join(".cache"));
        let dir = own.or_else(|| cache.or_else(home).map(|c| c.join("antiphon/models")));
        let dir = dir.ok_or_else(|| {
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
        Ok(Self { dir: dir.into(), manifest, pip: Pip::default(), converters: BTreeMap::new() })
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
        self.pip = pip;
        self
    }

    /// Makes a converter known by the name manifests call it.
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
        Ok(self.dir.join(&self.manifest.find(name)?.name))
    }

    /// Whether a model is there, by the sizes of its files.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model.
    pub fn state(&self, name: &str) -> Result<State> {
        let spec = self.manifest.find(name)?;
        let dir = self.dir.join(&spec.name);
        if !dir.exists() {
            return Ok(State::Absent);
        }
        let damage = self.expected(spec).into_iter().find_map(|(file, size)| {
            let found = fs::metadata(dir.join(&file)).map(|m| m.len());
            match (found, size) {
                (Err(_), _) => Some(format!("{file} is missing")),
                (Ok(n), Some(size)) if n != size => {
                    Some(format!("{file} has {n} bytes, not {size}"))
                }
                (Ok(_), _) => None,
            }
        });
        Ok(damage.map_or(State::Present, State::Damaged))
    }

    /// The files a complete model has, and their sizes where they are known.
    fn expected(&self, spec: &ModelSpec) -> Vec<(String, Option<u64>)> {
        let files = spec.files.iter().map(|f| (f.name.clone(), Some(f.size)));
        let converter =
            spec.convert.as_ref().filter(|c| self.converters.contains_key(c.converter.as_str()));
        files.chain(converter.map(|c| (c.output.clone(), None))).collect()
    }

    /// Checks the sums of a model's files.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model, `storage` if a file cannot be read.
    pub fn verify(&self, name: &str) -> Result<State> {
        let state = self.state(name)?;
        if state != State::Present {
            return Ok(state);
        }
        let spec = self.manifest.find(name)?;
        for file in &spec.files {
            if sha256(&self.dir.join(&spec.name).join(&file.name))? != file.sha256 {
                return Ok(State::Damaged(format!("{} has a wrong sum", file.name)));
            }
        }
        Ok(State::Present)
    }

    /// The model, fetched if it is not there. A damaged one is fetched again, once.
    ///
    /// Two processes may ask at once: one fetches, the other waits.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model, `unavailable` if it cannot be fetched, `corrupt`
    /// if what arrives is not what was pinned, `storage` if it cannot be written.
    pub fn ensure(&self, name: &str, progress: &mut dyn Progress) -> Result<Model> {
        let spec = self.manifest.find(name)?;
        let model = Model { dir: self.dir.join(&spec.name), spec: spec.clone() };
        if self.state(name)? == State::Present {
            return Ok(model);
        }
        fs::create_dir_all(&self.dir).map_err(|e| storage(&self.dir, &e))?;
        let lock_path = self.dir.join(format!(".{}.lock", spec.name));
        let lock = fs::File::create(&lock_path).map_err(|e| storage(&lock_path, &e))?;
        progress.on(ProgressEvent::Step("waiting for another fetch"));
        lock.lock().map_err(|e| storage(&lock_path, &e))?;
        match self.state(name)? {
            State::Present => return Ok(model),
            State::Damaged(why) => {
                progress.on(ProgressEvent::Step(&format!("damaged: {why}; fetching again")))
            }
            State::Absent => {}
        }
        let work = self.dir.join(format!(".{}.part", spec.name));
        // Under the lock, whatever lies there was left by a run that was killed.
        let _ = fs::remove_dir_all(&work);
        let made = self.build(spec, &work, progress);
        let published = made.and_then(|()| publish(&work.join("model"), &model.dir));
        let _ = fs::remove_dir_all(&work);
        published?;
        progress.on(ProgressEvent::Done);
        Ok(model)
    }

    /// Builds a complete model in `work/model`.
    fn build(&self, spec: &ModelSpec, work: &Path, progress: &mut dyn Progress) -> Result<()> {
        let (wheels, model) = (work.join("wheels"), work.join("model"));
        for dir in [&wheels, &model] {
            fs::create_dir_all(dir).map_err(|e| storage(dir, &e))?;
        }
        let local = spec.files.iter().map(|f| self.local(spec, f)).collect::<Option<Vec<_>>>();
        if let Some(local) = local {
            for (file, path) in spec.files.iter().zip(local) {
                let to = model.join(&file.name);
                fs::copy(&path, &to).map_err(|e| storage(&to, &e))?;
            }
        } else {
            let (title, bytes) = (spec.title.as_str(), spec.size());
            progress.on(ProgressEvent::Start { model: title, source: "package", bytes });
            self.pip.download(spec, &wheels, progress)?;
            progress.on(ProgressEvent::Step("unpacking"));
            for file in &spec.files {
                unpack(spec, file, &wheels, &model)?;
            }
        }
        for file in &spec.files {
            let found = sha256(&model.join(&file.name))?;
            if found != file.sha256 {
                let what = format!(
                    "{} of {} has the sum {found}, not {}",
                    file.name, spec.title, file.sha256
                );
                return Err(Error::new("models.fetch", Code::Corrupt, what).with_help(
                    "the source has changed or the file is damaged: replace it, or report it",
                ));
            }
        }
        if let Some(convert) = &spec.convert
            && let Some(converter) = self.converters.get(convert.converter.as_str())
        {
            progress.on(ProgressEvent::Step("converting"));
            converter(&model, &model.join(&convert.output))?;
        }
        let marker = model.join(MARKER);
        fs::write(&marker, &spec.name).map_err(|e| storage(&marker, &e))
    }

    /// A raw file that a user has put into the store by hand, for machines without a network.
    fn local(&self, spec: &ModelSpec, file: &ModelFile) -> Option<PathBuf> {
        let places = [self.dir.join(&spec.name).join(&file.name), self.dir.join(&file.name)];
        let fits = |p: &PathBuf| fs::metadata(p).is_ok_and(|m| m.len() == file.size);
        let right = |p: &PathBuf| sha256(p).is_ok_and(|sum| sum == file.sha256);
        places.into_iter().find(|p| fits(p) && right(p))
    }
}

/// Puts a finished model in its place.
fn publish(from: &Path, to: &Path) -> Result<()> {
    let old = to.with_extension("old");
    let _ = fs::remove_dir_all(&old);
    if to.exists() {
        fs::rename(to, &old).map_err(|e| storage(to, &e))?;
    }
    fs::rename(from, to).map_err(|e| storage(to, &e))?;
    let _ = fs::remove_dir_all(&old);
    Ok(())
}

impl Model {
    /// A file of the model.
    ///
    /// # Errors
    /// `invalid_input` if it has no such file.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        if path.is_file() {
            return Ok(path);
        }
        let what = format!("{} has no file {name:?}", self.spec.title);
        Err(Error::new("models.file", Code::InvalidInput, what))
    }

    /// The model's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is known of it.
    #[must_use]
    pub const fn spec(&self) -> &ModelSpec {
        &self.spec
    }
}
