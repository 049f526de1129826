//! What models there are, where they come from, and how to know them. Reads no model files.

use std::{collections::BTreeMap, sync::OnceLock};

use antiphon_core::{Code, Error, Result};
use serde::Deserialize;

/// Jaro-Winkler likeness from which a name is taken for a slip of another.
const ALIKE: f64 = 0.8;

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
    /// Length of the wheel in bytes.
    pub size: u64,
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
        MANIFEST
            .get_or_init(|| read(include_str!("../manifest.json")))
            .as_ref()
            .map_err(|e| Error::new("models.manifest", Code::Internal, e.clone()))
    }

    /// A manifest from JSON, for tests and private models.
    ///
    /// # Errors
    /// `invalid_input` naming the place.
    pub fn parse(json: &str) -> Result<Self> {
        read(json).map_err(|e| {
            Error::new("models.manifest", Code::InvalidInput, e)
                .with_help("mend the manifest; the built-in one shows its form")
        })
    }

    /// All models.
    #[must_use]
    pub fn models(&self) -> &[ModelSpec] {
        &self.models
    }

    /// The model of a name.
    ///
    /// # Errors
    /// `invalid_input` with the name that was probably meant, and all there are.
    pub fn find(&self, name: &str) -> Result<&ModelSpec> {
        self.models.iter().find(|m| m.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.models.iter().map(|m| m.name.as_str()).collect();
            let likeness = |n: &&str| strsim::jaro_winkler(name, n);
            let likely = names.iter().copied().filter(|n| likeness(n) > ALIKE);
            let meant = likely.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
            let meant = meant.map(|m| format!("did you mean {m:?}? ")).unwrap_or_default();
            Error::new("models.find", Code::InvalidInput, format!("there is no model {name:?}"))
                .with_help(format!("{meant}known: {}", names.join(", ")))
        })
    }
}

/// Parses and checks. Names become paths in the cache, so nothing but plain names may pass.
fn read(json: &str) -> std::result::Result<Manifest, String> {
    let manifest: Manifest = serde_json::from_str(json).map_err(|e| e.to_string())?;
    for model in &manifest.models {
        let files = model.files.iter();
        let made = model.convert.iter().map(|c| &c.output);
        let names = files.clone().map(|f| &f.name).chain(made).chain([&model.name]);
        let wheels = model.packages.iter().map(|p| &p.wheel);
        if let Some(name) = names.chain(wheels).find(|n| !is_plain(n)) {
            return Err(format!("{}: {name:?} is not a plain file name", model.name));
        }
        let packages = model.packages.iter();
        let mut sums = files.clone().map(|f| &f.sha256).chain(packages.map(|p| &p.sha256));
        if let Some(sum) = sums.find(|s| !is_sum(s)) {
            return Err(format!("{}: {sum:?} is not a SHA-256 in lower case", model.name));
        }
        let mut parts = files.flat_map(|f| &f.parts);
        if let Some(part) = parts.find(|p| p.package >= model.packages.len()) {
            return Err(format!("{}: {} has no package {}", model.name, part.path, part.package));
        }
    }
    Ok(manifest)
}

fn is_plain(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(fits)
}

fn is_sum(sum: &str) -> bool {
    sum.len() == 64 && sum.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
