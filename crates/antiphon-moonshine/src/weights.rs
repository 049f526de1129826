//! The converted file: named values behind a header, closed by a checksum.
//!
//! It is written for this crate alone: matrices lie in it the way the kernels read them.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufReader, Read as _, Write as _},
    path::Path,
};

use antiphon_core::{Code, Error, Result};

use crate::kernels::Matrix8;

const MAGIC: [u8; 8] = *b"ANTIMOON";

/// Raised whenever a file of an older version can no longer be read.
const VERSION: u32 = 2;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Values {
    Floats(Vec<f32>),
    Matrix(Matrix8),
    Bytes(Vec<u8>),
}

impl Values {
    const fn tag(&self) -> u32 {
        match self {
            Self::Floats(_) => 0,
            Self::Matrix(_) => 1,
            Self::Bytes(_) => 2,
        }
    }
}

/// Writes a file, under another name until it is complete.
///
/// # Errors
/// `storage` if that fails.
pub(crate) fn write(path: &Path, all: &[(String, Values)]) -> Result<()> {
    let mut out = Sink::default();
    out.put(&MAGIC);
    out.number(VERSION);
    out.len(all.len());
    for (name, values) in all {
        out.len(name.len());
        out.put(name.as_bytes());
        out.number(values.tag());
        match values {
            Values::Floats(floats) => {
                let bytes: Vec<u8> = floats.iter().flat_map(|f| f.to_le_bytes()).collect();
                out.len(bytes.len());
                out.put(&bytes);
            }
            Values::Matrix(m) => {
                out.len(m.rows);
                out.len(m.columns);
                out.number(m.scale.to_bits());
                out.number(m.offset.to_bits());
                let bytes: Vec<u8> = m.panels.iter().map(|q| q.cast_unsigned()).collect();
                out.put(&bytes);
            }
            Values::Bytes(bytes) => {
                out.len(bytes.len());
                out.put(bytes);
            }
        }
    }
    let part = path.with_extension("part");
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(&out.bytes)?;
        file.write_all(&out.sum.0.to_le_bytes())?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    });
    written.map_err(|e| {
        Error::new("moonshine.convert", Code::Storage, format!("{}: {e}", path.display()))
            .with_source(e)
    })
}

/// FNV-1a over eight bytes at a time, each piece of the file by itself: finds damage at the speed
/// of memory. Against malice the model store compares cryptographic hashes.
struct Checksum(u64);

impl Default for Checksum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Checksum {
    fn add(&mut self, piece: &[u8]) {
        let (words, rest) = piece.as_chunks::<8>();
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        for word in words.iter().chain([&last]) {
            self.0 = (self.0 ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[derive(Default)]
struct Sink {
    bytes: Vec<u8>,
    sum: Checksum,
}

impl Sink {
    fn put(&mut self, piece: &[u8]) {
        self.sum.add(piece);
        self.bytes.extend_from_slice(piece);
    }

    fn number(&mut self, n: u32) {
        self.put(&n.to_le_bytes());
    }

    /// Lengths of a model that fits into memory here fit into 32 bits.
    fn len(&mut self, n: usize) {
        self.number(u32::try_from(n).unwrap_or(u32::MAX));
    }
}

/// A file's values, taken out by name.
#[derive(Debug)]
pub(crate) struct Weights {
    values: HashMap<String, Values>,
    path: String,
}

impl Weights {
    /// Reads and checks a whole file.
    ///
    /// # Errors
    /// `storage` if it cannot be read, `corrupt` if it is damaged or something else.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let storage = |e: io::Error| {
            Error::new("moonshine.load", Code::Storage, format!("{name}: {e}")).with_source(e)
        };
        let file = File::open(path).map_err(storage)?;
        let left = file.metadata().map_err(storage)?.len();
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let source = Source { file: BufReader::new(file), left, sum: Checksum::default() };
        let values = source.all().map_err(|fault| match fault {
            Fault::Io(e) => storage(e),
            Fault::Content(what) => corrupt(&name, what),
        })?;
        Ok(Self { values, path: name })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// How many floats this name has; 0 if it has none.
    pub(crate) fn len(&self, name: &str) -> usize {
        match self.values.get(name) {
            Some(Values::Floats(floats)) => floats.len(),
            Some(Values::Matrix(_) | Values::Bytes(_)) | None => 0,
        }
    }

    /// The floats of this name.
    ///
    /// # Errors
    /// `corrupt` if there are not `len` of them.
    pub(crate) fn floats(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        match self.values.remove(name) {
            Some(Values::Floats(floats)) if floats.len() == len => Ok(floats),
            other => Err(self.unfit(name, other.as_ref())),
        }
    }

    /// The matrix of this name.
    ///
    /// # Errors
    /// `corrupt` if there is none of this shape.
    pub(crate) fn matrix(&mut self, name: &str, rows: usize, columns: usize) -> Result<Matrix8> {
        match self.values.remove(name) {
            Some(Values::Matrix(m)) if m.rows == rows && m.columns == columns => Ok(m),
            other => Err(self.unfit(name, other.as_ref())),
        }
    }

    /// The bytes of this name.
    ///
    /// # Errors
    /// `corrupt` if there are none.
    pub(crate) fn bytes(&mut self, name: &str) -> Result<Vec<u8>> {
        match self.values.remove(name) {
            Some(Values::Bytes(bytes)) => Ok(bytes),
            other => Err(self.unfit(name, other.as_ref())),
        }
    }

    /// The error for a file that is whole but not what it should be.
    pub(crate) fn unfit(&self, name: &str, found: Option<&Values>) -> Error {
        let what = if found.is_some() { "is not as expected" } else { "is missing" };
        corrupt(&self.path, &format!("{name} {what}"))
    }
}

fn corrupt(path: &str, what: &str) -> Error {
    Error::new("moonshine.load", Code::Corrupt, format!("{path}: {what}"))
        .with_help("delete this file and fetch the model again")
}

enum Fault {
    Io(io::Error),
    Content(&'static str),
}

struct Source {
    file: BufReader<File>,
    /// Bytes not read yet: no length within the file may ask for more.
    left: usize,
    sum: Checksum,
}

impl Source {
    fn all(mut self) -> Result<HashMap<String, Values>, Fault> {
        if self.take(MAGIC.len())? != MAGIC {
            return Err(Fault::Content("it is not a converted Moonshine model"));
        }
        if self.number()? != VERSION {
            return Err(Fault::Content("it was written by another version"));
        }
        let mut all = HashMap::new();
        for _ in 0..self.number()? {
            let name = self.counted()?;
            let name = String::from_utf8(name).map_err(|_| Fault::Content("a name is damaged"))?;
            all.insert(name, self.values()?);
        }
        let sum = self.sum.0.to_le_bytes();
        if self.left != sum.len() || self.take(sum.len())? != sum {
            return Err(Fault::Content("its checksum is wrong"));
        }
        Ok(all)
    }

    fn values(&mut self) -> Result<Values, Fault> {
        Ok(match self.number()? {
            0 => {
                let bytes = self.counted()?;
                let floats = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b));
                Values::Floats(floats.collect())
            }
            1 => {
                let (rows, columns) = (self.number()? as usize, self.number()? as usize);
                let (scale, offset) = (self.number()?, self.number()?);
                let (scale, offset) = (f32::from_bits(scale), f32::from_bits(offset));
                // No dimension exceeds the file, so that their product cannot overflow.
                if rows.max(columns) > self.left.min(1 << 24) {
                    return Err(Fault::Content("a matrix exceeds the file"));
                }
                let panels = self.take(Matrix8::packed_len(rows, columns))?;
                let panels = panels.into_iter().map(u8::cast_signed).collect();
                Values::Matrix(Matrix8 { panels, rows, columns, scale, offset })
            }
            2 => Values::Bytes(self.counted()?),
            _ => return Err(Fault::Content("it holds something unknown")),
        })
    }

    fn counted(&mut self) -> Result<Vec<u8>, Fault> {
        let n = self.number()? as usize;
        self.take(n)
    }

    fn number(&mut self) -> Result<u32, Fault> {
        let bytes = self.take(4)?;
        Ok(bytes.iter().rev().fold(0, |n, b| n << 8 | u32::from(*b)))
    }

    fn take(&mut self, n: usize) -> Result<Vec<u8>, Fault> {
        self.left = self.left.checked_sub(n).ok_or(Fault::Content("it ends too early"))?;
        let mut bytes = vec![0; n];
        self.file.read_exact(&mut bytes).map_err(Fault::Io)?;
        self.sum.add(&bytes);
        Ok(bytes)
    }
}
