//! The three files a call leaves: made together, or not at all. Knows nothing of what is in them.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use antiphon::{Code, Error, Result};

/// What to do about a file that cannot be written.
pub(crate) const HELP: &str = "free disk space, or choose another folder with --out";

/// Where the files are.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    /// Both sides of the call as audio.
    pub(crate) wav: PathBuf,
    /// The journal.
    pub(crate) journal: PathBuf,
    /// The page.
    pub(crate) page: PathBuf,
}

impl Files {
    /// Makes the folder and sees whether files can be written there, before models are loaded
    /// for minutes. Leaves the files that are there alone.
    ///
    /// # Errors
    /// `storage` naming what cannot be written.
    pub(crate) fn prepare(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).map_err(|e| unwritable(dir, &e))?;
        let [wav, journal, page] = ["call.wav", "call.jsonl", "call.html"].map(|n| dir.join(n));
        let files = Self { wav, journal, page };
        files.all().into_iter().try_for_each(|p| probe(p).map_err(|e| unwritable(p, &e)))?;
        Ok(files)
    }

    /// Writes the page, whole or not at all.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub(crate) fn write_page(&self, html: &str) -> Result<()> {
        fs::write(&self.page, html).map_err(|e| {
            remove(&self.page);
            unwritable(&self.page, &e)
        })
    }

    /// A page of an earlier call is not the page of this one.
    pub(crate) fn remove_page(&self) {
        remove(&self.page);
    }

    /// Removes what a call that could not begin has left.
    pub(crate) fn remove_all(&self) {
        self.all().into_iter().for_each(|p| remove(p));
    }

    const fn all(&self) -> [&PathBuf; 3] {
        [&self.wav, &self.journal, &self.page]
    }
}

/// A new file is written to and removed; of one that is there only the right to write is asked.
fn probe(path: &Path) -> io::Result<()> {
    let new = fs::symlink_metadata(path).is_err();
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    if !new {
        return Ok(());
    }
    let written = file.write_all(b"\n");
    remove(path);
    written
}

/// Removes a file, but nothing that somebody has put in its place: links, devices.
fn remove(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|m| m.is_file()) {
        // If it cannot be removed, the error that led here is the one to tell.
        let _ = fs::remove_file(path);
    }
}

fn unwritable(path: &Path, e: &io::Error) -> Error {
    Error::new("demo.files", Code::Storage, format!("{}: {e}", path.display())).with_help(HELP)
}
