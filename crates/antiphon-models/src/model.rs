//! A model that is there: where its files lie. Does not look into them.

use std::path::{Path, PathBuf};

use antiphon_core::{Code, Error, Result};

use crate::ModelSpec;

/// A model that is there.
#[derive(Clone, Debug)]
pub struct Model {
    dir: PathBuf,
    spec: ModelSpec,
}

impl Model {
    pub(crate) fn new(dir: PathBuf, spec: &ModelSpec) -> Self {
        Self { dir, spec: spec.clone() }
    }

    /// A file of the model.
    ///
    /// # Errors
    /// `invalid_input` if it has no such file, or it was not converted because the store knew no
    /// converter.
    pub fn file(&self, name: &str) -> Result<PathBuf> {
        let path = self.dir.join(name);
        let known = self.names().contains(&name);
        if known && path.is_file() {
            return Ok(path);
        }
        let what = format!("{} has no file {name:?}", self.spec.title);
        let help = match known {
            true => "open the store with the engine's converter, or fetch the model again".into(),
            false => format!("it has: {}", self.names().join(", ")),
        };
        Err(Error::new("models.file", Code::InvalidInput, what).with_help(help))
    }

    /// The folder its files are in; other files may lie there.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is known of it.
    #[must_use]
    pub const fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    fn names(&self) -> Vec<&str> {
        let raw = self.spec.files.iter().map(|f| f.name.as_str());
        raw.chain(self.spec.convert.as_ref().map(|c| c.output.as_str())).collect()
    }
}
