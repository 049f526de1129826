//! SHA-256 of files, those that lie there and those that are being written. Knows no models.

use std::{
    fs::File,
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
};

use antiphon_core::{Code, Error, Result};
use sha2::{Digest as _, Sha256};

use crate::{ModelFile, store::storage};

/// Bytes read at once.
const BLOCK: usize = 1 << 16;

/// The sum of a file, hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| storage(path, &e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BLOCK];
    loop {
        let n = file.read(&mut buffer).map_err(|e| storage(path, &e))?;
        let Some(read) = buffer.get(..n).filter(|r| !r.is_empty()) else { break };
        hasher.update(read);
    }
    Ok(hex(hasher))
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// A file of a model being written, summed on the way.
pub(crate) struct Sink<'a> {
    expected: &'a ModelFile,
    path: PathBuf,
    file: File,
    hasher: Sha256,
    written: u64,
}

impl<'a> Sink<'a> {
    /// Begins `expected` in the folder `dir`.
    pub(crate) fn create(dir: &Path, expected: &'a ModelFile) -> Result<Self> {
        let path = dir.join(&expected.name);
        let file = File::create(&path).map_err(|e| storage(&path, &e))?;
        Ok(Self { expected, path, file, hasher: Sha256::new(), written: 0 })
    }

    /// Appends all of `from`. `broken` says what a failure to read means, `on_bytes` is told how
    /// many bytes the file has so far.
    ///
    /// Stops with `corrupt` at the first byte too many: what claims to be small and is not would
    /// fill the disk.
    pub(crate) fn append(
        &mut self,
        from: &mut dyn Read,
        broken: &dyn Fn(io::Error) -> Error,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<()> {
        let mut buffer = vec![0; BLOCK];
        loop {
            let n = match from.read(&mut buffer) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(broken(e)),
            };
            let Some(read) = buffer.get(..n).filter(|r| !r.is_empty()) else { return Ok(()) };
            self.written += n as u64;
            if self.written > self.expected.size {
                return Err(self.wrong(&format!("has more than {} bytes", self.expected.size)));
            }
            self.hasher.update(read);
            self.file.write_all(read).map_err(|e| storage(&self.path, &e))?;
            on_bytes(self.written);
        }
    }

    /// Checks length and sum, and makes the file last.
    pub(crate) fn finish(self) -> Result<()> {
        if self.written != self.expected.size {
            let what = format!("has {} bytes, not {}", self.written, self.expected.size);
            return Err(self.wrong(&what));
        }
        let sum = hex(self.hasher.clone());
        if sum != self.expected.sha256 {
            return Err(self.wrong(&format!("has the sum {sum}, not {}", self.expected.sha256)));
        }
        self.file.sync_all().map_err(|e| storage(&self.path, &e))
    }

    fn wrong(&self, what: &str) -> Error {
        let what = format!("what arrived as {} {what}", self.expected.name);
        Error::new("models.fetch", Code::Corrupt, what)
            .with_help("the source has changed since it was pinned: do not use it, report it")
    }
}
