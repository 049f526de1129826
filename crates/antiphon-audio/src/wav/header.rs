//! The header of a WAV file: everything up to the first sample.

use std::io::{self, ErrorKind, Read};

use antiphon_core::{AudioFormat, Code, Error, Result};

use super::coding::Coding;
use crate::G711;

/// Channels a file may have.
const MAX_CHANNELS: u16 = 8;

/// WAVE format tags (Microsoft, `mmreg.h`).
pub(super) const PCM: u16 = 1;
const FLOAT: u16 = 3;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
const EXTENSIBLE: u16 = 0xfffe;

/// What a format chunk holds that we look at.
const FORMAT_BYTES: u64 = 64;

/// Data this long or longer is of unknown length: whoever streams a file says so, or nearly so.
const UNKNOWN_LENGTH: u64 = 0xffff_ff00;

/// What other files begin with.
const OTHERS: [(&[u8], &str); 7] = [
    (b"ID3", "an MP3 file"),
    (b"\xff\xfb", "an MP3 file"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"FORM", "an AIFF file"),
    (b"RIFX", "a big-endian WAV file"),
    (b"RIFF", "another RIFF file, such as AVI"),
];

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) coding: Coding,
    pub(super) format: AudioFormat,
    /// Bytes of audio that follow, as far as the header knows.
    pub(super) data: u64,
}

impl Header {
    /// Reads up to the first sample.
    pub(super) fn read(input: &mut impl Read, name: &str) -> Result<Self> {
        let mut bytes = Bytes { input, name, at: 0 };
        bytes.file_type()?;
        let mut found = None;
        loop {
            let [a, b, c, d, e, f, g, h] = bytes.array("the header of a chunk")?;
            let size = u64::from(u32::from_le_bytes([e, f, g, h]));
            match &[a, b, c, d] {
                b"fmt " => found = Some(bytes.format(size)?),
                b"data" => {
                    let Some((coding, format)) = found else {
                        return Err(bytes.bad("its audio comes before its format"));
                    };
                    let is_unknown = size == 0 || size >= UNKNOWN_LENGTH;
                    let data = if is_unknown { u64::MAX } else { size };
                    return Ok(Self { coding, format, data });
                }
                _ => bytes.skip(size + size % 2)?,
            }
        }
    }
}

/// Takes a header apart, and tells where it is broken.
struct Bytes<'a, R> {
    input: &'a mut R,
    name: &'a str,
    at: u64,
}

impl<R: Read> Bytes<'_, R> {
    fn file_type(&mut self) -> Result<()> {
        let mut start = Vec::new();
        let n = (&mut *self.input).take(12).read_to_end(&mut start);
        self.at = n.map_err(|e| unreadable(self.name, &e))? as u64;
        // RF64 is WAV for more than 4 GiB (EBU Tech 3306); its audio is read to the end.
        let is_riff = start.starts_with(b"RIFF") || start.starts_with(b"RF64");
        if is_riff && start.ends_with(b"WAVE") && start.len() == 12 {
            return Ok(());
        }
        let other = OTHERS.iter().find(|(magic, _)| start.starts_with(magic));
        Err(match other {
            _ if start.is_empty() => self.bad("it is empty"),
            _ if start.len() < 12 => self.bad("it is not a WAV file: it ends after so few bytes"),
            Some((_, what)) => self.bad(&format!("it is not a WAV file but {what}")),
            None => self.bad("it is not a WAV file"),
        })
    }

    fn format(&mut self, size: u64) -> Result<(Coding, AudioFormat)> {
        let start = self.at;
        let mut body = Vec::new();
        let n = (&mut *self.input).take(size.min(FORMAT_BYTES)).read_to_end(&mut body);
        self.at += n.map_err(|e| unreadable(self.name, &e))? as u64;
        let u16_at = |at: usize| Some(u16::from_le_bytes(body.get(at..at + 2)?.try_into().ok()?));
        let u32_at = |at: usize| Some(u32::from_le_bytes(body.get(at..at + 4)?.try_into().ok()?));
        let fields = (u16_at(0), u16_at(2), u32_at(4), u16_at(14));
        let (Some(tag), Some(channels), Some(rate_hz), Some(bits)) = fields else {
            return Err(self.bad("its format is cut off"));
        };
        self.skip((start + size + size % 2).saturating_sub(self.at))?;
        let tag = if tag == EXTENSIBLE { u16_at(24).unwrap_or(tag) } else { tag };
        let coding = match (tag, bits) {
            (PCM, 8) => Coding::U8,
            (PCM, 16) => Coding::I16,
            (PCM, 24) => Coding::I24,
            (PCM, 32) => Coding::I32,
            (FLOAT, 32) => Coding::F32,
            (FLOAT, 64) => Coding::F64,
            (A_LAW, 8) => Coding::Telephone(G711::ALaw),
            (MU_LAW, 8) => Coding::Telephone(G711::MuLaw),
            _ => return Err(self.bad(&format!("its coding (tag {tag}, {bits} bits) is not known"))),
        };
        if channels == 0 || channels > MAX_CHANNELS {
            return Err(self.bad(&format!("it has {channels} channels, not 1 to {MAX_CHANNELS}")));
        }
        if !(4_000..=192_000).contains(&rate_hz) {
            let what = format!("its rate of {rate_hz} Hz is not between 4 and 192 kHz");
            return Err(self.bad(&what));
        }
        Ok((coding, AudioFormat { rate_hz, channels }))
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        let mut array = [0; N];
        self.input.read_exact(&mut array).map_err(|e| {
            let is_end = e.kind() == ErrorKind::UnexpectedEof;
            let no_audio = || self.bad(&format!("it has no audio: it ends in {what}"));
            if is_end { no_audio() } else { unreadable(self.name, &e) }
        })?;
        self.at += N as u64;
        Ok(array)
    }

    fn skip(&mut self, n: u64) -> Result<()> {
        let skipped = io::copy(&mut (&mut *self.input).take(n), &mut io::sink());
        let skipped = skipped.map_err(|e| unreadable(self.name, &e))?;
        self.at += skipped;
        if skipped < n {
            let what = format!("it has no audio: {} bytes of its header are missing", n - skipped);
            return Err(self.bad(&what));
        }
        Ok(())
    }

    fn bad(&self, what: &str) -> Error {
        bad(self.name, &format!("{what} (at byte {})", self.at))
    }
}

pub(super) fn bad(name: &str, what: &str) -> Error {
    Error::new("wav.read", Code::InvalidInput, format!("{name}: {what}"))
        .with_help(format!("convert it first: ffmpeg -i {name:?} -ac 1 -c:a pcm_s16le speech.wav"))
}

pub(super) fn unreadable(name: &str, e: &io::Error) -> Error {
    Error::new("wav.read", Code::Storage, format!("{name}: {e}"))
        .with_help("check that the file is there, may be read, and that its disk works")
}
