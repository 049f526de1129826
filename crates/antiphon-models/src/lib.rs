//! Models as files: a manifest of what exists, a cache of what was fetched.
//!
//! Models come out of packages by name, version and sum. Packages are only fetched and unpacked,
//! never installed or run. The crate deliberately knows no engine: what must be converted is
//! converted by a function it is handed.

mod hash;
mod manifest;
mod pip;
mod progress;
mod store;
mod unpack;

pub use manifest::{Convert, Hub, Manifest, ModelFile, ModelSpec, Package, Part};
pub use pip::Pip;
pub use progress::{Progress, ProgressEvent, Quiet};
pub use store::{Converter, Model, State, Store};

#[cfg(test)]
mod tests;
