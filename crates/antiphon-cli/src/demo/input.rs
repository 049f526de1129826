//! Whether a recording can be a caller, asked before anything is loaded or written.
//!
//! What a WAV file may be at all is the reader's matter. The rules here are stricter: a user who
//! hands over a file wants to hear what is wrong with it, not a conversation with the noise.

use std::{fs, io::ErrorKind, path::Path};

use antiphon::{Code, Error, Result, audio::WavReader};

/// What telephones have (G.711). Eight plain bits leave 48 dB between voice and noise, which the
/// recogniser takes for mumbling.
const MIN_BITS: usize = 13;

/// Of more channels nobody can say which one is the caller.
const MAX_CHANNELS: u16 = 2;

/// Sample frames read at once.
const BLOCK: usize = 1 << 16;

/// Reads the file through.
///
/// # Errors
/// `invalid_input` if it cannot be a caller, `storage` if it cannot be read.
pub(crate) fn check(path: &Path) -> Result<()> {
    is_file(path)?;
    let mut reader = WavReader::open(path)?;
    let channels = reader.format().channels;
    if reader.bits() < MIN_BITS {
        return Err(bad(path, &format!("it has {} bits a sample, too few", reader.bits())));
    }
    if channels > MAX_CHANNELS {
        return Err(bad(path, &format!("it has {channels} channels, not one or two")));
    }
    let (mut block, mut frames) = (Vec::new(), 0);
    while let n @ 1.. = reader.read_mono(BLOCK, &mut block)? {
        frames += n;
        block.clear();
    }
    if let Some(missing @ 1..) = reader.promised() {
        let promised = missing + frames as u64;
        let what = format!("its header promises {promised} sample frames, it has {frames}");
        return Err(bad(path, &what));
    }
    if frames == 0 {
        return Err(bad(path, "it holds no audio"));
    }
    if reader.not_numbers() > 0 {
        let what = format!("{} of its samples are not numbers", reader.not_numbers());
        return Err(bad(path, &what));
    }
    Ok(())
}

/// It is read twice, which a pipe cannot be.
fn is_file(path: &Path) -> Result<()> {
    let error = |code, what: String| {
        Error::new("demo.input", code, what).with_help("give --input the path of a WAV file")
    };
    let name = path.display();
    match fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(found) => {
            let kind = if found.is_dir() { "a folder" } else { "a pipe or a device" };
            Err(error(Code::InvalidInput, format!("{name}: it is {kind}, not a file")))
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {
            Err(error(Code::InvalidInput, format!("{name}: there is no such file")))
        }
        Err(e) => Err(error(Code::Storage, format!("{name}: {e}"))),
    }
}

fn bad(path: &Path, what: &str) -> Error {
    let name = path.display();
    let help = format!("convert it first: ffmpeg -i {name} -ac 1 -c:a pcm_s16le speech.wav");
    Error::new("demo.input", Code::InvalidInput, format!("{name}: {what}")).with_help(help)
}
