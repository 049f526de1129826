//! The two inner loops: eight-bit weights times a float vector, and float matrix products.
//!
//! The only unsafe code of the crate: SIMD intrinsics behind run-time detection, and calls of the
//! matrix-product library on slices whose lengths were checked.
#![expect(unsafe_code, reason = "SIMD intrinsics and strided matrix products; see each block")]

use crate::weights::Matrix8;

/// `out[r] = Σ_c w[r, c] · x[c]` for the rows of an eight-bit matrix.
pub(crate) fn matvec(w: &Matrix8, x: &[f32], out: &mut [f32]) {
    let offset = w.offset * x.iter().sum::<f32>();
    let rows = w.data.chunks_exact(w.columns);
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        for (y, row) in out.iter_mut().zip(rows) {
            // SAFETY: the features were detected.
            *y = w.scale * unsafe { x86::dot(row, x) } + offset;
        }
        return;
    }
    for (y, row) in out.iter_mut().zip(rows) {
        *y = w.scale * dot_portable(row, x) + offset;
    }
}

/// The portable dot product; the others are tested against it.
pub(crate) fn dot_portable(w: &[i8], x: &[f32]) -> f32 {
    let mut sums = [0.0f32; 8];
    let mut rest = 0.0;
    let n = w.len().min(x.len()) / 8 * 8;
    for (w, x) in w.chunks_exact(8).zip(x.chunks_exact(8)) {
        for ((sum, w), x) in sums.iter_mut().zip(w).zip(x) {
            *sum += f32::from(*w) * x;
        }
    }
    for (w, x) in w.iter().zip(x).skip(n) {
        rest += f32::from(*w) * x;
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    //! AVX2 and FMA.

    use std::arch::x86_64::{
        __m128i, _mm_loadl_epi64, _mm256_add_ps, _mm256_cvtepi8_epi32, _mm256_cvtepi32_ps,
        _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps, _mm256_storeu_ps,
    };

    /// Dot product over the shorter of both.
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn dot(w: &[i8], x: &[f32]) -> f32 {
        let mut sums = [_mm256_setzero_ps(); 4];
        let (w32, x32) = (w.chunks_exact(32), x.chunks_exact(32));
        let done = w.len().min(x.len()) / 32 * 32;
        for (w, x) in w32.zip(x32) {
            for (i, sum) in sums.iter_mut().enumerate() {
                // SAFETY: both chunks have 32 elements and i < 4, so elements 8i..8i+8 exist.
                unsafe {
                    let bytes = _mm_loadl_epi64(w.as_ptr().add(8 * i).cast::<__m128i>());
                    let weights = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
                    *sum = _mm256_fmadd_ps(weights, _mm256_loadu_ps(x.as_ptr().add(8 * i)), *sum);
                }
            }
        }
        let [a, b, c, d] = sums;
        let sum = _mm256_add_ps(_mm256_add_ps(a, b), _mm256_add_ps(c, d));
        let mut lanes = [0.0f32; 8];
        // SAFETY: eight floats are written to an array of eight.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
        let tail = w.iter().zip(x).skip(done).map(|(w, x)| f32::from(*w) * x);
        lanes.iter().sum::<f32>() + tail.sum::<f32>()
    }
}

/// A matrix within a slice: element (r, c) lies at `r · row + c · column`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) data: &'a [f32],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl View<'_> {
    fn holds(&self, rows: usize, columns: usize) -> bool {
        let last = rows.saturating_sub(1) * self.row + columns.saturating_sub(1) * self.column;
        rows * columns == 0 || last < self.data.len()
    }
}

/// `c = alpha · a · b` with `a` m × k and `b` k × n; `c` has the given row stride.
///
/// Does nothing if a matrix does not lie within its slice.
pub(crate) fn product(
    (m, k, n): (usize, usize, usize),
    alpha: f32,
    a: View<'_>,
    b: View<'_>,
    c: &mut [f32],
    c_row: usize,
) {
    let c_holds = View { data: c, row: c_row, column: 1 }.holds(m, n);
    if !(a.holds(m, k) && b.holds(k, n) && c_holds) || m * n == 0 {
        debug_assert!(m * n == 0, "a matrix does not fit its slice");
        return;
    }
    // SAFETY: the checks above keep every element (r, c) of the three matrices within its slice;
    // strides are positive; c does not alias a or b, being a unique borrow.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            alpha,
            a.data.as_ptr(),
            a.row.cast_signed(),
            a.column.cast_signed(),
            b.data.as_ptr(),
            b.row.cast_signed(),
            b.column.cast_signed(),
            0.0,
            c.as_mut_ptr(),
            c_row.cast_signed(),
            1,
        );
    }
}

/// `x · wᵀ` with `x` m × k and `w` n × k, both row by row.
pub(crate) fn linear(x: &[f32], w: &[f32], k: usize) -> Vec<f32> {
    let (m, n) = (x.len() / k, w.len() / k);
    let mut out = vec![0.0; m * n];
    let (a, b) = (View { data: x, row: k, column: 1 }, View { data: w, row: 1, column: k });
    product((m, k, n), 1.0, a, b, &mut out, n);
    out
}
