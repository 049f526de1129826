//! WAV files: a reader that copes with what is found in the wild, a writer whose file is valid at
//! any moment.
//!
//! An own reader, because header sizes are often wrong — streamed files say 0 or 4 GiB — and the
//! common library refuses those files.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use antiphon_core::{AudioFormat, Code, Error, Result};

/// Channels a file may have.
const MAX_CHANNELS: u16 = 8;

/// WAVE format tags (Microsoft, `mmreg.h`).
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xfffe;

/// Bytes after which the writer brings its header up to date: about a second.
const HEADER_EVERY: u64 = 96_000;

/// How samples are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    U8,
    I16,
    I24,
    I32,
    F32,
    F64,
}

impl Coding {
    const fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::I16 => 2,
            Self::I24 => 3,
            Self::I32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// One sample. What is not a number is silence.
    fn sample(self, b: &[u8]) -> i16 {
        let float = |v: f64| (v.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
        match (self, b) {
            (Self::U8, [a]) => (i16::from(*a) - 128) << 8,
            (Self::I16, [a, b]) => i16::from_le_bytes([*a, *b]),
            (Self::I24, [_, b, c]) | (Self::I32, [_, _, b, c]) => i16::from_le_bytes([*b, *c]),
            (Self::F32, b) => {
                let v = b.try_into().map_or(0.0, f32::from_le_bytes);
                float(if v.is_nan() { 0.0 } else { f64::from(v) })
            }
            (Self::F64, b) => {
                let v = b.try_into().map_or(0.0, f64::from_le_bytes);
                float(if v.is_nan() { 0.0 } else { v })
            }
            _ => 0,
        }
    }
}

/// Reads a WAV file block by block, mixed to one channel.
#[derive(Debug)]
pub struct WavReader<R> {
    input: R,
    coding: Coding,
    format: AudioFormat,
    left: u64,
}

fn bad(name: &str, what: &str) -> Error {
    Error::new("wav.read", Code::InvalidInput, format!("{name}: {what}"))
        .with_help(format!("convert it first: ffmpeg -i {name} -ac 1 -c:a pcm_s16le speech.wav"))
}

impl WavReader<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// `storage` if it cannot be read, `invalid_input` if it holds no audio this reader knows.
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let unreadable =
            |e: io::Error| Error::new("wav.read", Code::Storage, format!("{name}: {e}"));
        if path.is_dir() {
            return Err(bad(&name, "it is a folder, not a file"));
        }
        let file = File::open(path).map_err(unreadable)?;
        Self::new(BufReader::new(file), &name)
    }
}

impl<R: Read> WavReader<R> {
    /// Reads the header. `name` is for messages.
    ///
    /// # Errors
    /// `invalid_input` if there is no audio this reader knows.
    pub fn new(mut input: R, name: &str) -> Result<Self> {
        let mut riff = [0; 12];
        input
            .read_exact(&mut riff)
            .map_err(|_| bad(name, "it is empty or cut off in its header"))?;
        if !riff.starts_with(b"RIFF") || !riff.ends_with(b"WAVE") {
            return Err(bad(name, "it is not a WAV file"));
        }
        let mut found = None;
        loop {
            let mut head = [0; 8];
            input.read_exact(&mut head).map_err(|_| bad(name, "it has no audio data"))?;
            let [a, b, c, d, e, f, g, h] = head;
            let size = u64::from(u32::from_le_bytes([e, f, g, h]));
            match &[a, b, c, d] {
                b"fmt " => found = Some(read_format(&mut input, size, name)?),
                b"data" => {
                    let (coding, format) =
                        found.ok_or_else(|| bad(name, "its audio comes before its format"))?;
                    // Streamed files give 0 or the largest number: read to the end then.
                    let left = if size == 0 { u64::MAX } else { size };
                    let left = if size >= 0xffff_ff00 { u64::MAX } else { left };
                    return Ok(Self { input, coding, format, left });
                }
                _ => {
                    let skip = size + size % 2;
                    let skipped = io::copy(&mut (&mut input).take(skip), &mut io::sink());
                    if skipped.map_or(true, |n| n < skip) {
                        return Err(bad(name, "it has no audio data"));
                    }
                }
            }
        }
    }

    /// Rate and channels of the file.
    pub const fn format(&self) -> AudioFormat {
        self.format
    }

    /// Appends at most `frames` samples, mixed to one channel. Returns how many; 0 at the end.
    ///
    /// A file that is shorter than it says simply ends.
    ///
    /// # Errors
    /// `storage` if reading fails.
    pub fn read_mono(&mut self, frames: usize, out: &mut Vec<i16>) -> Result<usize> {
        let width = self.coding.bytes() * usize::from(self.format.channels);
        let wanted = (frames as u64 * width as u64).min(self.left);
        let mut bytes = Vec::new();
        (&mut self.input).take(wanted).read_to_end(&mut bytes).map_err(|e| {
            Error::new("wav.read", Code::Storage, format!("the file cannot be read on: {e}"))
        })?;
        self.left -= bytes.len() as u64;
        let channels = i32::from(self.format.channels);
        let before = out.len();
        out.extend(bytes.chunks_exact(width).map(|frame| {
            let samples = frame.chunks_exact(self.coding.bytes());
            let sum: i32 = samples.map(|b| i32::from(self.coding.sample(b))).sum();
            // A mean of i16 values is an i16 value.
            (sum / channels) as i16
        }));
        Ok(out.len() - before)
    }
}

fn read_format(input: &mut impl Read, size: u64, name: &str) -> Result<(Coding, AudioFormat)> {
    let mut body = Vec::new();
    let bounded = (&mut *input).take(size.min(64)).read_to_end(&mut body);
    let skip = size.saturating_sub(64) + size % 2;
    let skipped = io::copy(&mut (&mut *input).take(skip), &mut io::sink());
    let u16_at = |at: usize| Some(u16::from_le_bytes(body.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?));
    let fields = (u16_at(0), u16_at(2), u32_at(4), u16_at(14));
    let (Some(tag), Some(channels), Some(rate_hz), Some(bits)) = fields else {
        return Err(bad(name, "its format header is cut off"));
    };
    if bounded.is_err() || skipped.is_err() {
        return Err(bad(name, "its format header cannot be read"));
    }
    let tag = if tag == EXTENSIBLE { u16_at(24).unwrap_or(tag) } else { tag };
    let coding = match (tag, bits) {
        (PCM, 8) => Coding::U8,
        (PCM, 16) => Coding::I16,
        (PCM, 24) => Coding::I24,
        (PCM, 32) => Coding::I32,
        (FLOAT, 32) => Coding::F32,
        (FLOAT, 64) => Coding::F64,
        _ => return Err(bad(name, &format!("its coding (tag {tag}, {bits} bits) is not known"))),
    };
    if channels == 0 || channels > MAX_CHANNELS {
        return Err(bad(name, &format!("it has {channels} channels, not 1 to {MAX_CHANNELS}")));
    }
    if !(4_000..=192_000).contains(&rate_hz) {
        return Err(bad(name, &format!("its rate of {rate_hz} Hz is not between 4 and 192 kHz")));
    }
    Ok((coding, AudioFormat { rate_hz, channels }))
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
