//! The converted file: named tensors behind a header, closed by a checksum.

use std::{collections::HashMap, io::Write as _, path::Path};

use antiphon_core::{Code, Error, Result};

const MAGIC: &[u8; 8] = b"ANTIMOON";

/// Raised whenever a file of an older version can no longer be read.
const VERSION: u32 = 1;

/// A tensor of a known name.
#[derive(Clone, Debug)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dims: Vec<usize>,
    pub(crate) values: Values,
}

#[derive(Clone, Debug)]
pub(crate) enum Values {
    Floats(Vec<f32>),
    /// The weight is `data · scale + offset`.
    Bytes8 { data: Vec<i8>, scale: f32, offset: f32 },
    /// Not a tensor: the tokenizer.
    Bytes(Vec<u8>),
}

/// A matrix of eight-bit weights, `rows` × `columns`, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Matrix8 {
    pub(crate) data: Vec<i8>,
    pub(crate) scale: f32,
    pub(crate) offset: f32,
    pub(crate) columns: usize,
}

impl Matrix8 {
    /// The weights as floats.
    pub(crate) fn expand(&self) -> Vec<f32> {
        self.data.iter().map(|q| f32::from(*q) * self.scale + self.offset).collect()
    }
}

/// FNV-1a over eight bytes at a time: finds damage, at memory speed.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        sum = (sum ^ u64::from_le_bytes(word)).wrapping_mul(0x0100_0000_01b3);
    }
    sum
}

pub(crate) fn write(path: &Path, tensors: &[Tensor]) -> Result<()> {
    let mut out = Vec::new();
    out.extend(MAGIC);
    out.extend(VERSION.to_le_bytes());
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    out.extend(number(tensors.len()));
    for t in tensors {
        out.extend(number(t.name.len()));
        out.extend(t.name.as_bytes());
        out.extend(number(t.dims.len()));
        out.extend(t.dims.iter().flat_map(|d| number(*d)));
        let (kind, body): (u8, Vec<u8>) = match &t.values {
            Values::Floats(v) => (0, v.iter().flat_map(|f| f.to_le_bytes()).collect()),
            Values::Bytes8 { data, .. } => (1, data.iter().map(|b| b.cast_unsigned()).collect()),
            Values::Bytes(v) => (2, v.clone()),
        };
        out.push(kind);
        if let Values::Bytes8 { scale, offset, .. } = &t.values {
            out.extend(scale.to_le_bytes());
            out.extend(offset.to_le_bytes());
        }
        out.extend(number(body.len()));
        out.extend(body);
    }
    out.extend(checksum(&out).to_le_bytes());
    let storage = |e: std::io::Error| {
        Error::new("moonshine.convert", Code::Storage, format!("{}: {e}", path.display()))
    };
    let mut file = std::fs::File::create(path).map_err(storage)?;
    file.write_all(&out).and_then(|()| file.sync_all()).map_err(storage)
}

/// The tensors of a file, taken out by name.
#[derive(Debug)]
pub(crate) struct Weights {
    tensors: HashMap<String, Tensor>,
    path: String,
}

impl Weights {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|e| Error::new("moonshine.load", Code::Storage, format!("{name}: {e}")))?;
        let corrupt = |what: &str| {
            Error::new("moonshine.load", Code::Corrupt, format!("{name}: {what}"))
                .with_help("remove the model's folder from the cache and fetch it again")
        };
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or_else(|| corrupt("it is too short"))?;
        if !body.starts_with(MAGIC) {
            return Err(corrupt("it is not a converted Moonshine model"));
        }
        if checksum(body) != u64::from_le_bytes(*sum) {
            return Err(corrupt("its checksum is wrong"));
        }
        let tensors = parse(body).ok_or_else(|| corrupt("it was written by another version"))?;
        Ok(Self { tensors, path: name })
    }

    fn take(&mut self, name: &str) -> Result<Tensor> {
        self.tensors.remove(name).ok_or_else(|| {
            let what = format!("{}: the tensor {name} is missing", self.path);
            Error::new("moonshine.load", Code::Corrupt, what)
        })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor as floats, expanded if it is stored in eight bits.
    pub(crate) fn floats(&mut self, name: &str) -> Result<Vec<f32>> {
        match self.take(name)?.values {
            Values::Floats(v) => Ok(v),
            Values::Bytes8 { data, scale, offset } => {
                Ok(Matrix8 { data, scale, offset, columns: 1 }.expand())
            }
            Values::Bytes(_) => Err(self.kind(name)),
        }
    }

    pub(crate) fn matrix(&mut self, name: &str) -> Result<Matrix8> {
        let tensor = self.take(name)?;
        match (tensor.values, tensor.dims.as_slice()) {
            (Values::Bytes8 { data, scale, offset }, [rows, columns])
                if rows * columns == data.len() && *columns > 0 =>
            {
                Ok(Matrix8 { data, scale, offset, columns: *columns })
            }
            _ => Err(self.kind(name)),
        }
    }

    pub(crate) fn bytes(&mut self, name: &str) -> Result<Vec<u8>> {
        match self.take(name)?.values {
            Values::Bytes(v) => Ok(v),
            Values::Floats(_) | Values::Bytes8 { .. } => Err(self.kind(name)),
        }
    }

    fn kind(&self, name: &str) -> Error {
        let what = format!("{}: the tensor {name} is of another kind or shape", self.path);
        Error::new("moonshine.load", Code::Corrupt, what)
    }
}

fn parse(body: &[u8]) -> Option<HashMap<String, Tensor>> {
    let mut rest = body.get(MAGIC.len()..)?;
    (number(&mut rest)? == VERSION as usize).then_some(())?;
    let n = number(&mut rest)?;
    let mut tensors = HashMap::new();
    for _ in 0..n {
        let len = number(&mut rest)?;
        let name = String::from_utf8(take(&mut rest, len)?.to_vec()).ok()?;
        let rank = number(&mut rest)?;
        let dims: Vec<usize> = (0..rank).map(|_| number(&mut rest)).collect::<Option<_>>()?;
        let kind = *take(&mut rest, 1)?.first()?;
        let mut float = || Some(f32::from_le_bytes(take(&mut rest, 4)?.try_into().ok()?));
        let scales = if kind == 1 { Some((float()?, float()?)) } else { None };
        let len = number(&mut rest)?;
        let data = take(&mut rest, len)?;
        let values = match (kind, scales) {
            (0, _) => {
                let f32 = |c: &[u8]| c.try_into().ok().map(f32::from_le_bytes);
                Values::Floats(data.chunks_exact(4).filter_map(f32).collect())
            }
            (1, Some((scale, offset))) => {
                let data = data.iter().map(|b| b.cast_signed()).collect();
                Values::Bytes8 { data, scale, offset }
            }
            (2, _) => Values::Bytes(data.to_vec()),
            _ => return None,
        };
        tensors.insert(name.clone(), Tensor { name, dims, values });
    }
    Some(tensors)
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Option<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(n)?;
    *rest = tail;
    Some(head)
}

fn number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(take(rest, 4)?.try_into().ok()?)).ok()
}
