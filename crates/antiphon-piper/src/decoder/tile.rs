//! Sums of products of a few output channels with a few neighbouring columns: all the
//! multiplications of the decoder.
//!
//! It deliberately knows no layers and no time. The only unsafe code of the crate.
#![expect(unsafe_code, reason = "vector loads and stores, and the call into code for AVX2")]
#![expect(clippy::indexing_slicing, reason = "a numeric kernel whose caller sees to the lengths")]

/// Output channels and columns of a tile. Their sums fill twelve of the sixteen registers of AVX2;
/// what is read for them is used four and three times.
pub(super) const CHANNELS: usize = 4;
pub(super) const COLUMNS: usize = 24;

/// Channels over time, from some column on: channel `n` begins at `n · stride`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    pub(super) stride: usize,
}

/// As [`Rows`], to be written.
pub(super) struct RowsMut<'a> {
    pub(super) data: &'a mut [f32],
    pub(super) stride: usize,
}

/// The weights of a tile: for each input channel `taps` times one for each output channel.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) weights: &'a [[f32; CHANNELS]],
    pub(super) taps: usize,
    /// From the column one tap reads to that of the next.
    pub(super) dilation: usize,
}

/// A way to compute tiles. All give the same sums, but for rounding.
pub(super) trait Kernel: Copy {
    /// Adds to each of [`CHANNELS`] by [`COLUMNS`] values of `y` the weighted sum of the columns
    /// of `x` that its taps read; the first tap of the first column reads the first of `x`.
    fn tile(self, panel: Panel<'_>, x: Rows<'_>, y: RowsMut<'_>);
}

/// For any processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Kernel for Portable {
    fn tile(self, panel: Panel<'_>, x: Rows<'_>, y: RowsMut<'_>) {
        let mut sums = [[0.0; COLUMNS]; CHANNELS];
        for (weights, row) in panel.weights.chunks_exact(panel.taps).zip(x.data.chunks(x.stride)) {
            for (tap, weights) in weights.iter().enumerate() {
                let x = &row[tap * panel.dilation..][..COLUMNS];
                for (sums, weight) in sums.iter_mut().zip(weights) {
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum += weight * x;
                    }
                }
            }
        }
        for (y, sums) in y.data.chunks_mut(y.stride).zip(sums) {
            for (y, sum) in y.iter_mut().zip(sums) {
                *y += sum;
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::Avx2;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::{
        arch::x86_64::{__m256, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps},
        mem::transmute,
    };

    use super::{CHANNELS, COLUMNS, Kernel, Panel, Rows, RowsMut};

    /// For x86-64 with AVX2 and FMA. A value of it exists only where both were detected.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Avx2(());

    impl Avx2 {
        pub(crate) fn detect() -> Option<Self> {
            let avx2 = std::arch::is_x86_feature_detected!("avx2");
            (avx2 && std::arch::is_x86_feature_detected!("fma")).then_some(Self(()))
        }
    }

    impl Kernel for Avx2 {
        #[inline(always)]
        fn tile(self, panel: Panel<'_>, x: Rows<'_>, y: RowsMut<'_>) {
            // SAFETY: an `Avx2` exists only where AVX2 and FMA were detected.
            unsafe { tile(panel, x, y) }
        }
    }

    /// A row of a tile.
    type Vectors = [__m256; COLUMNS / 8];

    #[target_feature(enable = "avx2,fma")]
    fn tile(panel: Panel<'_>, x: Rows<'_>, y: RowsMut<'_>) {
        let mut sums = [[_mm256_setzero_ps(); COLUMNS / 8]; CHANNELS];
        for (n, sums) in sums.iter_mut().enumerate() {
            *sums = load(&y.data[n * y.stride..][..COLUMNS]);
        }
        let mut row = 0;
        for weights in panel.weights.chunks_exact(panel.taps) {
            let mut column = row;
            for weights in weights {
                let x = load(&x.data[column..][..COLUMNS]);
                for (sums, weight) in sums.iter_mut().zip(weights) {
                    let weight = _mm256_set1_ps(*weight);
                    for (sum, x) in sums.iter_mut().zip(x) {
                        *sum = _mm256_fmadd_ps(weight, x, *sum);
                    }
                }
                column += panel.dilation;
            }
            row += x.stride;
        }
        for (n, sums) in sums.into_iter().enumerate() {
            store(sums, &mut y.data[n * y.stride..][..COLUMNS]);
        }
    }

    /// The first floats of a row.
    #[target_feature(enable = "avx2")]
    fn load(row: &[f32]) -> Vectors {
        let eights = row.as_chunks::<8>().0;
        // SAFETY: a vector is eight floats, and any are valid.
        let vector = |n: usize| unsafe { transmute::<[f32; 8], __m256>(eights[n]) };
        std::array::from_fn(vector)
    }

    #[target_feature(enable = "avx2")]
    fn store(vectors: Vectors, row: &mut [f32]) {
        for (eight, vector) in row.as_chunks_mut().0.iter_mut().zip(vectors) {
            // SAFETY: a vector is eight floats.
            *eight = unsafe { transmute::<__m256, [f32; 8]>(vector) };
        }
    }
}
