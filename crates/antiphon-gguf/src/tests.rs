//! Tests on a model of two small layers with random weights, which `tiny` writes to a file.

mod engine;
mod file;
mod forward;
mod numbers;
mod reference;
mod text;
pub(crate) mod tiny;
mod tools;

/// Numbers between −1 and 1, the same for the same seed.
fn noise(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut next = || {
        // Numerical Recipes' linear congruential generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}
