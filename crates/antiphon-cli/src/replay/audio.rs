//! Cuts a piece of a call out of its recording.

use std::path::{Path, PathBuf};

use antiphon::{
    Code, Error, Result, Timestamp,
    audio::{WavReader, WavWriter},
};

/// Sample frames copied at a time.
const BLOCK: usize = 1 << 14;

/// Writes what sounded between two times into a file next to the recording, and gives its name.
/// The recording begins with the call, give or take a frame of 20 ms.
pub(crate) fn cut(wav: &Path, from: Timestamp, to: Timestamp) -> Result<PathBuf> {
    let mut input = WavReader::open(wav)?;
    let format = input.format();
    let position =
        |t: Timestamp| u128::from(t.as_micros()) * u128::from(format.rate_hz) / 1_000_000;
    let (from_frame, to_frame) = (position(from), position(to));
    let mut block = Vec::new();
    let mut at = 0u128;
    while at < from_frame {
        block.clear();
        let wanted = usize::try_from(from_frame - at).unwrap_or(BLOCK).min(BLOCK);
        match input.read_frames(wanted, &mut block)? {
            0 => return Err(too_short(wav, from)),
            read => at += read as u128,
        }
    }
    let path = wav.with_extension(format!("{from}-{to}.wav"));
    let mut output = WavWriter::create(&path, format)?;
    while at < to_frame {
        block.clear();
        let wanted = usize::try_from(to_frame - at).unwrap_or(BLOCK).min(BLOCK);
        match input.read_frames(wanted, &mut block)? {
            0 => break,
            read => at += read as u128,
        }
        output.write(&block)?;
    }
    output.finish()?;
    Ok(path)
}

fn too_short(wav: &Path, from: Timestamp) -> Error {
    let what = format!("{}: the recording ends before {from} s", wav.display());
    Error::new("replay", Code::InvalidInput, what)
        .with_help("pass the recording of the same call, or an earlier --from")
}
