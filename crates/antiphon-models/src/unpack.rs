//! Takes files out of wheels. A wheel is a zip; nothing of it is installed or run.

use std::{fs::File, io::BufReader, path::Path};

use antiphon_core::{Code, Error, Result};
use zip::ZipArchive;

use crate::{ModelFile, ModelSpec, hash::Sink};

/// Joins the parts of `file` from the wheels in `wheels` to a checked file in `out`.
pub(crate) fn unpack(spec: &ModelSpec, file: &ModelFile, wheels: &Path, out: &Path) -> Result<()> {
    let mut sink = Sink::create(out, file)?;
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
        sink.append(&mut member, &|e| lacks(e.to_string()), &mut |_| {})?;
    }
    sink.finish()
}
