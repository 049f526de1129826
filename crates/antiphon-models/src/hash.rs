//! SHA-256 of files.

use std::{fs::File, io::Read, path::Path};

use antiphon_core::Result;
use sha2::{Digest as _, Sha256};

use crate::store::storage;

/// The sum of a file, hexadecimal.
pub(crate) fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(|e| storage(path, &e))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer).map_err(|e| storage(path, &e))?;
        let Some(read) = buffer.get(..n).filter(|r| !r.is_empty()) else { break };
        hasher.update(read);
    }
    Ok(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect())
}
