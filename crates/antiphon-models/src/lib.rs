//! Models as files: a manifest of what exists, a cache of what was fetched.
//!
//! Models come out of packages by name, version and sum, or from the public hub of models. Packages
//! are only fetched and unpacked, never installed or run; whatever the source, a file counts only
//! with the length and the sum the manifest pins. The crate deliberately knows no engine: what must
//! be converted is converted by a function it is handed.
//!
//! ```no_run
//! use antiphon_models::{Quiet, Store};
//!
//! let store = Store::open_default()?;
//! let model = store.ensure("silero", &mut Quiet)?;
//! println!("{}", model.file("silero_vad_op18_ifless.onnx")?.display());
//! # Ok::<(), antiphon_core::Error>(())
//! ```
//!
//! For a machine without a network, put the raw files into a folder, as `DIR/MODEL/FILE` or as
//! `DIR/FILE`, and set `ANTIPHON_MODELS=DIR`: files with the right sums are used where they lie.

mod ensure;
mod fetch;
mod hash;
mod hub;
mod manifest;
mod marker;
mod model;
mod pip;
mod progress;
mod store;
mod unpack;

pub use hub::HubSource;
pub use manifest::{Convert, Hub, Manifest, ModelFile, ModelSpec, Package, Part};
pub use model::Model;
pub use pip::Pip;
pub use progress::{Progress, ProgressEvent, Quiet};
pub use store::{Converter, State, Store};

#[cfg(test)]
mod tests;
