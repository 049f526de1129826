//! WAV files: a reader that copes with what is found in the wild, a writer whose file is valid at
//! any moment.
//!
//! An own reader, because header sizes are often wrong — streamed files say 0 or 4 GiB — and the
//! common library refuses those files.

mod coding;
mod header;
mod reader;
mod writer;

pub use reader::{WavReader, read_wav};
pub use writer::WavWriter;
