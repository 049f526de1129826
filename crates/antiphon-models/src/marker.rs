//! What a finished model's folder says of itself. Written last: without it nothing is finished.

use std::{fs, io::ErrorKind, path::Path, process, time::SystemTime};

use antiphon_core::{Code, Error, Result};
use serde::{Deserialize, Serialize};

use crate::{ModelSpec, hash::sha256, store::storage};

/// Its name in the folder.
const FILE: &str = "model.json";

/// The files of a finished model.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Marker {
    name: String,
    files: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    name: String,
    size: u64,
    sha256: String,
}

impl Marker {
    /// The marker of `dir`, if it has a readable one.
    pub(crate) fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(dir.join(FILE)).ok()?).ok()
    }

    /// Marks `dir` as holding `spec` whole, whose pinned files were checked, and `made`, which
    /// was made of them here and is summed now.
    pub(crate) fn write(dir: &Path, spec: &ModelSpec, made: Option<&str>) -> Result<()> {
        let pinned = spec.files.iter();
        let mut files: Vec<Entry> = pinned
            .map(|f| Entry { name: f.name.clone(), size: f.size, sha256: f.sha256.clone() })
            .collect();
        if let Some(made) = made {
            let path = dir.join(made);
            let size = fs::metadata(&path).map_err(|e| storage(&path, &e))?.len();
            files.push(Entry { name: made.to_owned(), size, sha256: sha256(&path)? });
        }
        let json = serde_json::to_vec_pretty(&Self { name: spec.name.clone(), files })
            .map_err(|e| Error::new("models.store", Code::Internal, e.to_string()))?;
        let (path, new) = (dir.join(FILE), dir.join(format!(".{FILE}.{}", process::id())));
        fs::write(&new, json).and_then(|()| fs::rename(&new, &path)).map_err(|e| {
            let _ = fs::remove_file(&new);
            storage(&path, &e)
        })
    }

    /// Takes the mark from `dir`: what lies there has to be summed again before it counts.
    pub(crate) fn remove(dir: &Path) -> Result<()> {
        let path = dir.join(FILE);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(storage(&path, &e)),
            _ => Ok(()),
        }
    }

    /// What is wrong with the files in `dir`: by presence and length, and by their sum if they were
    /// written to after they were marked; also if they are not the ones that `spec` pins, or if
    /// `made` should be among them and is not.
    pub(crate) fn damage(
        &self,
        dir: &Path,
        spec: &ModelSpec,
        made: Option<&str>,
    ) -> Option<String> {
        let lists = |name: &str| self.files.iter().find(|e| e.name == name);
        for file in &spec.files {
            if lists(&file.name).is_none_or(|e| e.sha256 != file.sha256) {
                return Some(format!("{} is of another version", file.name));
            }
        }
        if let Some(made) = made.filter(|m| lists(m).is_none()) {
            return Some(format!("{made} was not made yet"));
        }
        let marked = modified(&dir.join(FILE));
        let touched = |e: &&Entry| modified(&dir.join(&e.name)) > marked;
        self.files
            .iter()
            .find_map(|e| misfit(dir, &e.name, e.size))
            .or_else(|| self.files.iter().filter(touched).find_map(|e| e.wrong_sum(dir)))
    }

    /// The first file in `dir` whose sum is not the noted one.
    pub(crate) fn wrong_sum(&self, dir: &Path) -> Result<Option<String>> {
        for entry in &self.files {
            if sha256(&dir.join(&entry.name))? != entry.sha256 {
                return Ok(Some(entry.is_wrong()));
            }
        }
        Ok(None)
    }
}

impl Entry {
    /// What is wrong with the sum of this file in `dir`; a file that cannot be read has none.
    fn wrong_sum(&self, dir: &Path) -> Option<String> {
        let right = sha256(&dir.join(&self.name)).is_ok_and(|sum| sum == self.sha256);
        (!right).then(|| self.is_wrong())
    }

    fn is_wrong(&self) -> String {
        format!("{} has a wrong sum", self.name)
    }
}

/// When a file was written to last, if the system tells.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// What is wrong with the length of a file in `dir`.
pub(crate) fn misfit(dir: &Path, name: &str, size: u64) -> Option<String> {
    match fs::metadata(dir.join(name)) {
        Err(_) => Some(format!("{name} is missing")),
        Ok(found) if found.len() != size => {
            Some(format!("{name} has {} bytes, not {size}", found.len()))
        }
        Ok(_) => None,
    }
}
