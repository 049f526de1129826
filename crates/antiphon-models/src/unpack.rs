//! Takes files out of wheels. A wheel is a zip; nothing of it is run.

use std::{
    fs::File,
    io::{self, BufReader, Write as _},
    path::Path,
};

use antiphon_core::{Code, Error, Result};
use zip::ZipArchive;

use crate::{ModelFile, ModelSpec, store::storage};

/// Joins the parts of `file` from the wheels in `wheels` to a file in `out`.
pub(crate) fn unpack(spec: &ModelSpec, file: &ModelFile, wheels: &Path, out: &Path) -> Result<()> {
    let target = out.join(&file.name);
    let mut to = File::create(&target).map_err(|e| storage(&target, &e))?;
    for part in &file.parts {
        let lacks = |why: String| {
            let what = format!("the package of {} lacks {}: {why}", spec.title, part.path);
            Error::new("models.unpack", Code::Corrupt, what)
                .with_help("fetch it again; if that does not help, report it")
        };
        let package =
            spec.packages.get(part.package).ok_or_else(|| lacks("not named".to_owned()))?;
        let wheel = wheels.join(&package.wheel);
        let from = File::open(&wheel).map_err(|e| lacks(format!("{}: {e}", package.wheel)))?;
        let mut zip = ZipArchive::new(BufReader::new(from)).map_err(|e| lacks(e.to_string()))?;
        let mut member = zip.by_name(&part.path).map_err(|e| lacks(e.to_string()))?;
        // A member that claims to be small and is not would fill the disk.
        let mut bounded = io::Read::take(&mut member, file.size + 1);
        io::copy(&mut bounded, &mut to).map_err(|e| storage(&target, &e))?;
    }
    to.flush().and_then(|()| to.sync_all()).map_err(|e| storage(&target, &e))
}
