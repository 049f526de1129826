//! Reading WAV files of any coding, block by block.

use std::{
    fs::File,
    io::{BufReader, Read},
    path::Path,
};

use antiphon_core::{AudioFormat, Result};

use super::{
    coding::Coding,
    header::{Header, bad, unreadable},
};

/// Reads a WAV file block by block, mixed to one channel.
#[derive(Debug)]
pub struct WavReader<R> {
    input: R,
    name: String,
    coding: Coding,
    format: AudioFormat,
    /// Bytes of audio that are still to be read.
    left: u64,
    /// Samples so far that were not numbers.
    not_numbers: u64,
    /// The block read last, as stored; kept so that a file is read without allocating.
    block: Vec<u8>,
}

impl WavReader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// `storage` if it cannot be read, `invalid_input` if it holds no audio this reader knows.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        if path.is_dir() {
            return Err(bad(&name, "it is a folder, not a file"));
        }
        let file = File::open(path).map_err(|e| unreadable(&name, &e))?;
        Self::new(BufReader::new(file), &name)
    }
}

impl<R: Read> WavReader<R> {
    /// Reads the header. `name` is for messages.
    ///
    /// # Errors
    /// `storage` if it cannot be read, `invalid_input` if there is no audio this reader knows.
    pub fn new(mut input: R, name: &str) -> Result<Self> {
        let Header { coding, format, data } = Header::read(&mut input, name)?;
        let (name, block) = (name.to_owned(), Vec::new());
        Ok(Self { input, name, coding, format, left: data, not_numbers: 0, block })
    }

    /// Rate and channels of the file.
    pub const fn format(&self) -> AudioFormat {
        self.format
    }

    /// Resolution of a sample in bits, as the file stores it; 14 or 13 for G.711.
    pub const fn bits(&self) -> usize {
        self.coding.bits()
    }

    /// Sample frames the header still promises; `None` if it does not know, as of a stream. More
    /// than 0 at the end: the file was cut off, or its header lies.
    pub fn promised(&self) -> Option<u64> {
        let width = self.coding.bytes() as u64 * u64::from(self.format.channels);
        // A stream's promise is the largest number, less what was read.
        (self.left <= u64::from(u32::MAX)).then(|| self.left / width)
    }

    /// Samples read so far that were not numbers, and became silence.
    pub const fn not_numbers(&self) -> u64 {
        self.not_numbers
    }

    /// Appends at most `frames` samples, mixed to one channel. Returns how many; 0 at the end.
    ///
    /// A file that is shorter than it says simply ends.
    ///
    /// # Errors
    /// `storage` if reading fails.
    pub fn read_mono(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize> {
        let width = self.read_block(frames)?;
        let channels = i32::from(self.format.channels);
        let before = out.len();
        out.extend(self.block.chunks_exact(width).map(|frame| {
            let samples = frame.chunks_exact(self.coding.bytes());
            let sum: i32 = samples.map(|b| i32::from(self.coding.sample(b))).sum();
            // A mean of i16 values is an i16 value.
            (sum / channels) as i16
        }));
        Ok(out.len() - before)
    }

    /// As [`read_mono`](Self::read_mono), with the channels as they are, interleaved. Returns how
    /// many sample frames were read.
    ///
    /// # Errors
    /// `storage` if reading fails.
    pub fn read_frames(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize> {
        let width = self.read_block(frames)?;
        let whole = self.block.chunks_exact(width);
        let read = whole.len();
        let samples = whole.flat_map(|frame| frame.chunks_exact(self.coding.bytes()));
        out.extend(samples.map(|b| self.coding.sample(b)));
        Ok(read)
    }

    /// Reads the next frames as stored, and gives the bytes of one.
    fn read_block(&mut self, frames: usize) -> Result<usize> {
        let width = self.coding.bytes() * usize::from(self.format.channels);
        let wanted = (frames as u64).saturating_mul(width as u64).min(self.left);
        self.block.clear();
        let read = (&mut self.input).take(wanted).read_to_end(&mut self.block);
        self.left -= read.map_err(|e| unreadable(&self.name, &e))? as u64;
        let nan = self.block.chunks_exact(self.coding.bytes()).filter(|b| self.coding.is_nan(b));
        self.not_numbers += nan.count() as u64;
        Ok(width)
    }
}

/// Reads a whole file, mixed to one channel, with its rate.
///
/// # Errors
/// As [`WavReader::open`] and [`WavReader::read_mono`].
pub fn read_wav(path: &Path) -> Result<(Vec<i16>, u32)> {
    let mut reader = WavReader::open(path)?;
    let mut samples = Vec::new();
    while reader.read_mono(1 << 16, &mut samples)? > 0 {}
    Ok((samples, reader.format().rate_hz))
}
