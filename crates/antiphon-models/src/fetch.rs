//! Brings the files of a model from the first of its sources that has them.

use std::{fs, path::Path};

use antiphon_core::{Code, Error, Result};

use crate::{HubSource, ModelSpec, Pip, Progress, ProgressEvent, store::storage, unpack::unpack};

/// Where models come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) pip: Pip,
    pub(crate) hub: HubSource,
}

impl Sources {
    /// Fetches the files of `spec` to `dir`, whole and checked. `work` is room for packages.
    pub(crate) fn fetch(
        &self,
        spec: &ModelSpec,
        work: &Path,
        dir: &Path,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let mut failures = Vec::new();
        for from_hub in [spec.hub_first, !spec.hub_first] {
            let fetched = match &spec.hub {
                Some(hub) if from_hub => self.hub.download(spec, hub, dir, progress),
                None if from_hub => continue,
                _ if spec.packages.is_empty() => continue,
                _ => self.packages(spec, work, dir, progress),
            };
            match fetched {
                Ok(()) => return Ok(()),
                // Another source would meet the same disk.
                Err(e) if e.code() == Code::Storage => return Err(e),
                Err(e) => {
                    progress.on(ProgressEvent::Step(e.detail()));
                    failures.push(e);
                }
            }
        }
        Err(all_failed(spec, failures))
    }

    fn packages(
        &self,
        spec: &ModelSpec,
        work: &Path,
        dir: &Path,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let wheels = work.join("wheels");
        fs::create_dir_all(&wheels).map_err(|e| storage(&wheels, &e))?;
        self.pip.download(spec, &wheels, progress)?;
        progress.on(ProgressEvent::Step("unpacking"));
        spec.files.iter().try_for_each(|file| unpack(spec, file, &wheels, dir))
    }
}

/// One error of several: changed bytes matter more than absent ones, and packages, which every
/// model has, more than the hub.
fn all_failed(spec: &ModelSpec, mut failures: Vec<Error>) -> Error {
    failures.sort_by_key(|e| (e.code() != Code::Corrupt, e.op() == "models.hub"));
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else {
        let what = format!("{} has no source", spec.title);
        return Error::new("models.fetch", Code::InvalidInput, what)
            .with_help("give it packages or a hub in its manifest");
    };
    failures.fold(first, |e, other| {
        let what = format!("{}; {}", e.detail(), other.detail());
        let help: Vec<&str> = [e.help(), other.help()].into_iter().flatten().collect();
        Error::new(e.op(), e.code(), what).with_help(help.join("; or "))
    })
}

/// The same error with other words.
pub(crate) fn reworded(e: &Error, what: String) -> Error {
    let other = Error::new(e.op(), e.code(), what);
    match e.help() {
        Some(help) => other.with_help(help.to_owned()),
        None => other,
    }
}
