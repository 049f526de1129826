//! Makes a model be there: as it lies, or of files put there by hand, or fetched.
//!
//! What counts appears by one rename or by its marker, written last; nobody waits but for the
//! lock of the one model.

use std::{fs, path::Path};

use antiphon_core::Result;

use crate::{
    Model, ModelSpec, Progress, ProgressEvent, State, Store, fetch::reworded, marker::Marker,
    store::storage,
};

impl Store {
    /// The model, fetched if it is not there. A damaged one is fetched again, once.
    ///
    /// Several processes may ask at once: one fetches, the others wait. Blocks, for minutes if
    /// the model is large; killed at any point it leaves nothing that counts.
    ///
    /// # Errors
    /// `invalid_input` if there is no such model, `unavailable` if it cannot be fetched, `corrupt`
    /// if what arrives is not what was pinned, `storage` if it cannot be written.
    pub fn ensure(&self, name: &str, progress: &mut dyn Progress) -> Result<Model> {
        let spec = self.manifest().find(name)?;
        if let Some(model) = self.ready(spec) {
            return Ok(model);
        }
        fs::create_dir_all(self.dir()).map_err(|e| storage(self.dir(), &e))?;
        let _lock = self.lock(spec, progress)?;
        if let Some(model) = self.ready(spec) {
            return Ok(model);
        }
        let made = match self.by_hand(spec) {
            Some(place) => self.adopt(spec, &place, progress),
            None => self.renew(spec, progress),
        };
        made?;
        progress.on(ProgressEvent::Done);
        Ok(Model::new(self.home(spec), spec))
    }

    /// As [`ensure`](Self::ensure), but every file is summed first: damage of the same length is
    /// found, and mended by fetching again, once.
    ///
    /// # Errors
    /// As [`ensure`](Self::ensure).
    pub fn repair(&self, name: &str, progress: &mut dyn Progress) -> Result<Model> {
        if let State::Damaged(why) = self.verify(name)? {
            progress.on(ProgressEvent::Step(&format!("{name} is damaged ({why})")));
            Marker::remove(&self.path(name)?)?;
        }
        self.ensure(name, progress)
    }

    /// The model, if it can be used as it lies there.
    fn ready(&self, spec: &ModelSpec) -> Option<Model> {
        let home = self.home(spec);
        let converter = self.converter(spec);
        if let Some(marker) = Marker::read(&home) {
            let whole = marker.damage(&home, spec, converter.map(|(_, made)| made)).is_none();
            return whole.then(|| Model::new(home, spec));
        }
        if converter.is_some() {
            return None;
        }
        let place = self.by_hand(spec)?;
        if place == home {
            // Saves summing it again; a folder that cannot be written is as good without.
            let _ = Marker::write(&home, spec, None);
        }
        Some(Model::new(place, spec))
    }

    /// Waits for its turn at a model. The lock ends with the file.
    fn lock(&self, spec: &ModelSpec, progress: &mut dyn Progress) -> Result<fs::File> {
        let path = self.dir().join(format!(".{}.lock", spec.name));
        let lock = fs::File::create(&path).map_err(|e| storage(&path, &e))?;
        if lock.try_lock().is_err() {
            progress.on(ProgressEvent::Step("waiting for another fetch"));
            lock.lock().map_err(|e| storage(&path, &e))?;
        }
        Ok(lock)
    }

    /// Makes a model of raw files that are there, without moving them.
    fn adopt(&self, spec: &ModelSpec, place: &Path, progress: &mut dyn Progress) -> Result<()> {
        let home = self.home(spec);
        fs::create_dir_all(&home).map_err(|e| storage(&home, &e))?;
        for file in spec.files.iter().filter(|_| place != home) {
            let (from, to) = (place.join(&file.name), home.join(&file.name));
            let _ = fs::remove_file(&to);
            // A second name costs no space; not every file system has them.
            let placed = fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()));
            placed.map_err(|e| storage(&to, &e))?;
        }
        self.complete(spec, &home, progress)
    }

    /// Fetches a model and puts it in the place of whatever is there.
    fn renew(&self, spec: &ModelSpec, progress: &mut dyn Progress) -> Result<()> {
        let damage = match self.state(&spec.name)? {
            State::Damaged(why) => Some(format!("{} is damaged ({why})", spec.name)),
            State::Absent | State::Present => None,
        };
        if let Some(damage) = &damage {
            progress.on(ProgressEvent::Step(&format!("{damage}, fetching it again")));
        }
        // Under the lock, whatever lies here was left by a run that was killed.
        let work = self.dir().join(format!(".{}.part", spec.name));
        let _ = fs::remove_dir_all(&work);
        let model = work.join("model");
        let made = fs::create_dir_all(&model)
            .map_err(|e| storage(&model, &e))
            .and_then(|()| self.sources.fetch(spec, &work, &model, progress))
            .and_then(|()| self.complete(spec, &model, progress))
            .and_then(|()| publish(&model, &work.join("old"), &self.home(spec)));
        let _ = fs::remove_dir_all(&work);
        made.map_err(|e| match damage {
            Some(damage) => reworded(&e, format!("{damage} and was not replaced: {}", e.detail())),
            None => e,
        })
    }

    /// Converts the checked raw files in `dir` where that is needed, and marks them as complete.
    fn complete(&self, spec: &ModelSpec, dir: &Path, progress: &mut dyn Progress) -> Result<()> {
        let Some((converter, output)) = self.converter(spec) else {
            return Marker::write(dir, spec, None);
        };
        progress.on(ProgressEvent::Step("converting"));
        let (new, output_path) = (dir.join(format!(".{output}.part")), dir.join(output));
        converter(dir, &new)?;
        fs::rename(&new, &output_path).map_err(|e| storage(&output_path, &e))?;
        Marker::write(dir, spec, Some(output))
    }
}

/// Puts a finished model in its place; what was there goes to `old`.
fn publish(from: &Path, old: &Path, to: &Path) -> Result<()> {
    if to.exists() {
        fs::rename(to, old).map_err(|e| storage(to, &e))?;
    }
    fs::rename(from, to).map_err(|e| storage(to, &e))
}
