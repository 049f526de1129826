//! The GGUF file: its metadata, checked, and its tensors by name and shape.
//!
//! It deliberately knows no model: which tensors there are is `weights`' knowledge. Sizes that a
//! damaged or hostile file claims are compared with the file's length before memory is taken.

use std::{
    fmt,
    fs::File,
    io::{BufReader, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use antiphon_core::{Code, Error, Result};
use candle_core::{
    Device,
    quantized::gguf_file::{Content, TensorInfo, Value},
};

use crate::{
    blocks::{Format, rounded},
    matrix::Matrix,
};

/// The operation of every error while loading.
pub(crate) const LOAD: &str = "gguf.load";

/// An open file whose metadata has been read.
pub(crate) struct GgufFile {
    content: Content,
    reader: BufReader<File>,
    length: u64,
    path: String,
}

impl GgufFile {
    /// Opens a file and reads everything but the tensors.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let path_text = path.display().to_string();
        let storage = |e: std::io::Error| {
            Error::new(LOAD, Code::Storage, format!("{path_text}: {e}"))
                .with_help("check the path, or fetch the model again")
        };
        let file = File::open(path).map_err(storage)?;
        let length = file.metadata().map_err(storage)?.len();
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(|e| {
            // The reader has no other sign for a quantisation that it does not know.
            let unknown = e.to_string().contains("unknown dtype");
            if unknown { unsupported(&path_text, e) } else { corrupt(&path_text, e) }
        })?;
        Ok(Self { content, reader, length, path: path_text })
    }

    /// What candle's tokenizer reader needs.
    pub(crate) const fn content(&self) -> &Content {
        &self.content
    }

    /// A model that is not damaged but cannot be run.
    pub(crate) fn unsupported(&self, what: impl fmt::Display) -> Error {
        unsupported(&self.path, what)
    }

    /// A file that contradicts itself or its format.
    pub(crate) fn corrupt(&self, what: impl fmt::Display) -> Error {
        corrupt(&self.path, what)
    }

    /// A text of the metadata, if there is one by that name.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.content.metadata.get(key)?.to_string().ok().map(String::as_str)
    }

    /// A whole number of the metadata, if there is one by that name that fits.
    pub(crate) fn number(&self, key: &str) -> Option<usize> {
        usize::try_from(self.content.metadata.get(key)?.to_u64().ok()?).ok()
    }

    /// A number of the metadata, if there is one by that name.
    pub(crate) fn float(&self, key: &str) -> Option<f32> {
        self.content.metadata.get(key)?.to_f32().ok()
    }

    /// A list of whole numbers of the metadata; empty if there is none by that name.
    pub(crate) fn numbers(&self, key: &str) -> Vec<i64> {
        let values = self.content.metadata.get(key).and_then(|v| v.to_vec().ok());
        let number = |v: &Value| {
            let unsigned = v.to_u64().ok().and_then(|n| i64::try_from(n).ok());
            unsigned.or_else(|| v.to_i32().ok().map(i64::from)).unwrap_or(-1)
        };
        values.map(|values| values.iter().map(number).collect()).unwrap_or_default()
    }

    /// Length of a list of the metadata; 0 if there is none by that name.
    pub(crate) fn list_len(&self, key: &str) -> usize {
        self.content.metadata.get(key).and_then(|v| v.to_vec().ok()).map_or(0, Vec::len)
    }

    /// Whether there is a tensor by that name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// A tensor of one dimension as numbers.
    pub(crate) fn vector(&mut self, name: &str, len: usize) -> Result<Vec<f32>> {
        self.tensor(name, &[len])?;
        self.numbers_of(name)
    }

    /// A tensor of two dimensions, `rows` x `columns`, quantised.
    pub(crate) fn matrix(&mut self, name: &str, shape: [usize; 2]) -> Result<Matrix> {
        let info = self.tensor(name, &shape)?;
        let matrix = match Format::of(info.ggml_dtype) {
            Some(format) => {
                let data = self.data_of(name)?;
                format.matrix(&data, shape)
            }
            None => rounded(&self.numbers_of(name)?, shape),
        };
        matrix.ok_or_else(|| {
            self.unsupported(format!("{name}: rows of {} weights cannot be packed", shape[1]))
        })
    }

    /// The entry of a tensor, which must have this shape and lie within the file.
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<&TensorInfo> {
        let infos = &self.content.tensor_infos;
        let info = infos.get(name).ok_or_else(|| self.corrupt(format!("no tensor {name}")))?;
        let found = info.shape.dims();
        if found != shape {
            return Err(self.corrupt(format!("{name} is {found:?} instead of {shape:?}")));
        }
        let end = self.start_of(info).saturating_add(size_of(info));
        if end > self.length {
            let what = format!("{name} ends at byte {end} of {}: truncated", self.length);
            return Err(self.corrupt(what));
        }
        Ok(info)
    }

    const fn start_of(&self, info: &TensorInfo) -> u64 {
        self.content.tensor_data_offset.saturating_add(info.offset)
    }

    fn data_of(&mut self, name: &str) -> Result<Vec<u8>> {
        let place = self.content.tensor_infos.get(name);
        let (start, size) = place.map_or((0, 0), |info| (self.start_of(info), size_of(info)));
        let mut data = vec![0; usize::try_from(size).unwrap_or_default()];
        let read = self.reader.seek(SeekFrom::Start(start));
        let read = read.and_then(|_| self.reader.read_exact(&mut data));
        read.map_err(|e| self.corrupt(format!("{name}: {e}")))?;
        Ok(data)
    }

    fn numbers_of(&mut self, name: &str) -> Result<Vec<f32>> {
        let tensor = self.content.tensor(&mut self.reader, name, &Device::Cpu);
        let numbers = tensor.and_then(|t| t.dequantize(&Device::Cpu)?.flatten_all()?.to_vec1());
        numbers.map_err(|e| self.corrupt(format!("{name}: {e}")))
    }
}

/// Bytes of a tensor whose shape has been checked.
fn size_of(info: &TensorInfo) -> u64 {
    let blocks = info.shape.elem_count() / info.ggml_dtype.block_size();
    blocks as u64 * info.ggml_dtype.type_size() as u64
}

fn corrupt(path: &str, what: impl fmt::Display) -> Error {
    Error::new(LOAD, Code::Corrupt, format!("{path}: {what}"))
        .with_help("the file is no complete GGUF model: fetch it again")
}

fn unsupported(path: &str, what: impl fmt::Display) -> Error {
    Error::new(LOAD, Code::InvalidInput, format!("{path}: {what}")).with_help(
        "chat models of the architectures llama and qwen2 with a ChatML template can be run",
    )
}
