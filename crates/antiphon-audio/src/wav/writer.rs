//! Writing WAV files. It knows one coding: 16-bit PCM.

use std::{
    fs::File,
    io::{self, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use antiphon_core::{AudioFormat, Code, Error, Result};

use super::header::PCM;

/// Bytes after which the writer brings its header up to date: about a second.
const HEADER_EVERY: u64 = 96_000;

/// Writes 16-bit PCM. The file is a valid WAV file after every second of audio, whatever happens.
#[derive(Debug)]
pub struct WavWriter {
    out: BufWriter<File>,
    path: PathBuf,
    bytes: u64,
    header_at: u64,
}

impl WavWriter {
    /// Creates or overwrites a file.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn create(path: &Path, format: AudioFormat) -> Result<Self> {
        let file = File::create(path).map_err(|e| unwritable(path, &e))?;
        let mut this =
            Self { out: BufWriter::new(file), path: path.to_owned(), bytes: 0, header_at: 0 };
        let width = format.channels * 2;
        let mut head = Vec::new();
        head.extend(b"RIFF\0\0\0\0WAVEfmt ");
        head.extend(16u32.to_le_bytes());
        head.extend(PCM.to_le_bytes());
        head.extend(format.channels.to_le_bytes());
        head.extend(format.rate_hz.to_le_bytes());
        head.extend((format.rate_hz * u32::from(width)).to_le_bytes());
        head.extend(width.to_le_bytes());
        head.extend(16u16.to_le_bytes());
        head.extend(b"data\0\0\0\0");
        this.out.write_all(&head).map_err(|e| unwritable(path, &e))?;
        this.update_header()?;
        Ok(this)
    }

    /// Appends interleaved samples.
    ///
    /// # Errors
    /// `storage` if they cannot be written.
    pub fn write(&mut self, samples: &[i16]) -> Result<()> {
        for sample in samples {
            self.out.write_all(&sample.to_le_bytes()).map_err(|e| unwritable(&self.path, &e))?;
        }
        self.bytes += 2 * samples.len() as u64;
        if self.bytes - self.header_at >= HEADER_EVERY { self.update_header() } else { Ok(()) }
    }

    /// Completes the file.
    ///
    /// # Errors
    /// `storage` if it cannot be written.
    pub fn finish(mut self) -> Result<()> {
        self.update_header()
    }

    fn update_header(&mut self) -> Result<()> {
        self.header_at = self.bytes;
        let clamp = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
        let (riff, data) = (clamp(self.bytes + 36), clamp(self.bytes));
        let mut write = || {
            self.out.seek(SeekFrom::Start(4))?;
            self.out.write_all(&riff)?;
            self.out.seek(SeekFrom::Start(40))?;
            self.out.write_all(&data)?;
            self.out.seek(SeekFrom::End(0))?;
            self.out.flush()
        };
        write().map_err(|e| unwritable(&self.path, &e))
    }
}

fn unwritable(path: &Path, e: &io::Error) -> Error {
    Error::new("wav.write", Code::Storage, format!("{}: {e}", path.display()))
        .with_help("free disk space, or choose another folder with --out")
}
