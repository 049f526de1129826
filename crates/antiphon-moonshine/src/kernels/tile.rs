//! Sums of products of a few rows with a few panels: all the multiplications of the model.
//!
//! Together with the float products of attention the only unsafe code of the crate.
#![expect(unsafe_code, reason = "AVX2 intrinsics behind run-time detection")]

/// Rows of a matrix that lie together: as many 32-bit sums as an AVX2 register holds.
pub(crate) const PANEL: usize = 8;

/// A way to compute tiles. All give the same sums.
pub(crate) trait Kernel: Copy {
    /// For each of `R` rows and `P` panels: the sums over all columns, by row of the panel.
    ///
    /// A panel is `[pair of columns][row][column of the pair]`, a row of activations one value a
    /// column. What goes beyond the shortest of them is left out.
    fn tile<const R: usize, const P: usize>(
        self,
        panels: [&[i8]; P],
        rows: [&[i16]; R],
    ) -> [[[i32; PANEL]; P]; R];
}

/// For any processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl Kernel for Portable {
    fn tile<const R: usize, const P: usize>(
        self,
        panels: [&[i8]; P],
        rows: [&[i16]; R],
    ) -> [[[i32; PANEL]; P]; R] {
        let one = |panel: &[i8], row: &[i16]| {
            let mut sums = [0; PANEL];
            let weights = panel.as_chunks::<{ 2 * PANEL }>().0;
            for (weights, [x0, x1]) in weights.iter().zip(row.as_chunks::<2>().0) {
                for (sum, [w0, w1]) in sums.iter_mut().zip(weights.as_chunks::<2>().0) {
                    *sum += i32::from(*w0) * i32::from(*x0) + i32::from(*w1) * i32::from(*x1);
                }
            }
            sums
        };
        rows.map(|row| panels.map(|panel| one(panel, row)))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::Avx2;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m128i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16,
        _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
    };

    use super::{Kernel, PANEL};

    /// For x86-64 with AVX2. A value of it exists only where that was detected.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        pub(crate) fn detect() -> Option<Self> {
            std::arch::is_x86_feature_detected!("avx2").then_some(Self(()))
        }
    }

    impl Kernel for Avx2 {
        #[inline(always)]
        fn tile<const R: usize, const P: usize>(
            self,
            panels: [&[i8]; P],
            rows: [&[i16]; R],
        ) -> [[[i32; PANEL]; P]; R] {
            // SAFETY: an `Avx2` exists only where AVX2 was detected.
            unsafe { tile(panels, rows) }
        }
    }

    #[target_feature(enable = "avx2")]
    fn tile<const R: usize, const P: usize>(
        panels: [&[i8]; P],
        rows: [&[i16]; R],
    ) -> [[[i32; PANEL]; P]; R] {
        let pairs = panels.iter().map(|p| p.len() / (2 * PANEL)).min().unwrap_or(0);
        let pairs = rows.iter().map(|r| r.len() / 2).min().unwrap_or(0).min(pairs);
        let mut sums = [[_mm256_setzero_si256(); P]; R];
        // Plain loops: a closure's caller would be compiled without AVX2.
        for pair in 0..pairs {
            let mut weights = [_mm256_setzero_si256(); P];
            for (weights, panel) in weights.iter_mut().zip(panels) {
                // SAFETY: `pair` is below the number of 16-byte groups of every panel.
                let group = unsafe { panel.as_ptr().add(pair * 2 * PANEL).cast::<__m128i>() };
                // SAFETY: as above; the load needs no alignment.
                *weights = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(group) });
            }
            for (sums, row) in sums.iter_mut().zip(rows) {
                // SAFETY: `pair` is below the number of pairs of every row.
                let x = unsafe { row.as_ptr().add(pair * 2).cast::<i32>().read_unaligned() };
                let x = _mm256_set1_epi32(x);
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(weights, x));
                }
            }
        }
        let mut out = [[[0; PANEL]; P]; R];
        for (out, sum) in out.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
            // SAFETY: eight 32-bit numbers are written to an array of eight.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), *sum) };
        }
        out
    }
}
