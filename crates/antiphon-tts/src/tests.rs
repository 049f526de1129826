//! Tests of splitter, normaliser and alignment.

mod alignment;
mod normalise;
mod splitter;
