//! Tests of splitter, normaliser and alignment.

mod alignment;
mod conformance;
mod normalise;
mod splitter;
