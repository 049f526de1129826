//! The tile for processors with AVX2: eight pairs of products and their sums per instruction.
#![expect(unsafe_code, reason = "vector loads and stores, and the call into code for AVX2")]
#![expect(clippy::indexing_slicing, reason = "a numeric kernel over lengths fixed by the model")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::multiply::{COLUMNS, Left, Pair, Panels, ROWS, Scaling, Sums, in_tiles};

/// As [`super::multiply`], on a processor that has AVX2.
pub(super) fn multiply(
    left: Left<'_>,
    right: &Panels,
    scaling: &Scaling,
    each: impl FnMut(usize, usize, &[i16; COLUMNS]),
) {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: the only caller has just found the feature.
    unsafe { with_avx2(left, right, scaling, each) }
}

#[target_feature(enable = "avx2")]
fn with_avx2(
    left: Left<'_>,
    right: &Panels,
    scaling: &Scaling,
    mut each: impl FnMut(usize, usize, &[i16; COLUMNS]),
) {
    let each = |row, n, sums: &_| each(row, n, &scaling.steps(n, sums));
    in_tiles(left, right, each, |rows, panel| tile(rows, panel));
}

#[target_feature(enable = "avx2")]
fn tile(rows: [&[[i16; 2]]; ROWS], panel: &[Pair]) -> Sums {
    let rows = rows.map(|row| &row[..panel.len()]);
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (k, pair) in panel.iter().enumerate() {
        let pair = load(pair);
        for (sums, row) in sums.iter_mut().zip(rows) {
            // SAFETY: rows are as long as the panel; the compiler loses sight of it, and a check
            // here takes as long as a multiplication.
            let [x0, x1] = unsafe { row.get_unchecked(k) }.map(|x| x as u16);
            let x = _mm256_set1_epi32((u32::from(x1) << 16 | u32::from(x0)) as i32);
            for (sum, weights) in sums.iter_mut().zip(pair) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(x, weights));
            }
        }
    }
    sums.map(|sums| store(sums))
}

#[target_feature(enable = "avx2")]
fn load(pair: &Pair) -> [__m256i; 2] {
    let start = pair.as_ptr().cast::<__m256i>();
    // SAFETY: a pair is 64 bytes, two vectors, and the loads ask for no alignment.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

#[target_feature(enable = "avx2")]
fn store([low, high]: [__m256i; 2]) -> [i32; COLUMNS] {
    let mut sums = [0; COLUMNS];
    let start = sums.as_mut_ptr().cast::<__m256i>();
    // SAFETY: the sums are 64 bytes, two vectors, and the stores ask for no alignment.
    unsafe {
        _mm256_storeu_si256(start, low);
        _mm256_storeu_si256(start.add(1), high);
    }
    sums
}
