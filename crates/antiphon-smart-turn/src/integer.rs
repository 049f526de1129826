//! Arithmetic on quantised values: numbers that are whole multiples of a step.
//!
//! The model was quantised by its authors: weights to 8 bits per output, and what flows between
//! the layers to 256 steps. Products are therefore computed in integers, exactly.

mod multiply;
mod quant;

pub(crate) use multiply::{COLUMNS, Left, Panels, Scaling, multiply};
pub(crate) use quant::{Quant, Table};

#[cfg(target_arch = "x86_64")]
mod avx2;

#[cfg(test)]
mod tests;
