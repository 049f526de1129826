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

impl Rows<'_> {
    /// One row of a tile.
    fn of_tile(&self, channel: usize, column: usize) -> &[f32] {
        &self.data[channel * self.stride + column..][..COLUMNS]
    }
}

impl RowsMut<'_> {
    /// As [`Rows::of_tile`].
    fn of_tile(&mut self, channel: usize, column: usize) -> &mut [f32] {
        &mut self.data[channel * self.stride + column..][..COLUMNS]
    }
}

/// What the sums of a tile begin with.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// What lies there already.
    Sums,
    /// A value for each channel, and what lies at the same place in others.
    Bias(&'a [f32; CHANNELS], &'a [Rows<'a>]),
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
    /// Writes [`CHANNELS`] by [`COLUMNS`] sums to `y` from a channel and column on. Each is its
    /// start and the weighted columns that its taps read: in `x`, from the same column on.
    fn tile(
        self,
        panel: Panel<'_>,
        x: Rows<'_>,
        start: Start<'_>,
        y: &mut RowsMut<'_>,
        at: [usize; 2],
    );
}

/// For any processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portable;

impl Kernel for Portable {
    fn tile(
        self,
        panel: Panel<'_>,
        x: Rows<'_>,
        start: Start<'_>,
        y: &mut RowsMut<'_>,
        [channel, column]: [usize; 2],
    ) {
        let mut sums = [[0.0; COLUMNS]; CHANNELS];
        for (n, sums) in sums.iter_mut().enumerate() {
            match start {
                Start::Sums => sums.copy_from_slice(y.of_tile(channel + n, column)),
                Start::Bias(bias, plus) => {
                    sums.fill(bias[n]);
                    for plus in plus {
                        add(sums, 1.0, plus.of_tile(channel + n, column));
                    }
                }
            }
        }
        for (input, weights) in panel.weights.chunks_exact(panel.taps).enumerate() {
            for (tap, weights) in weights.iter().enumerate() {
                let x = x.of_tile(input, column + tap * panel.dilation);
                for (sums, weight) in sums.iter_mut().zip(weights) {
                    add(sums, *weight, x);
                }
            }
        }
        for (n, sums) in sums.iter().enumerate() {
            y.of_tile(channel + n, column).copy_from_slice(sums);
        }
    }
}

fn add(sums: &mut [f32; COLUMNS], weight: f32, x: &[f32]) {
    for (sum, x) in sums.iter_mut().zip(x) {
        *sum += weight * x;
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) use x86::Avx2;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::{
        arch::x86_64::{__m256, _mm256_add_ps, _mm256_fmadd_ps, _mm256_set1_ps, _mm256_setzero_ps},
        mem::transmute,
    };

    use super::{CHANNELS, COLUMNS, Kernel, Panel, Rows, RowsMut, Start};

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
        fn tile(
            self,
            panel: Panel<'_>,
            x: Rows<'_>,
            start: Start<'_>,
            y: &mut RowsMut<'_>,
            at: [usize; 2],
        ) {
            // SAFETY: an `Avx2` exists only where AVX2 and FMA were detected.
            unsafe { tile(panel, x, start, y, at) }
        }
    }

    /// A row of a tile.
    type Vectors = [__m256; COLUMNS / 8];

    #[target_feature(enable = "avx2,fma")]
    fn tile(
        panel: Panel<'_>,
        x: Rows<'_>,
        start: Start<'_>,
        y: &mut RowsMut<'_>,
        [channel, column]: [usize; 2],
    ) {
        let mut sums = begin(start, y, [channel, column]);
        // Offsets are summed up, which leaves the loop little besides loads and multiplications.
        let mut row = column;
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
            store(sums, y.of_tile(channel + n, column));
        }
    }

    #[target_feature(enable = "avx2")]
    fn begin(
        start: Start<'_>,
        y: &mut RowsMut<'_>,
        [channel, column]: [usize; 2],
    ) -> [Vectors; CHANNELS] {
        let mut sums = [[_mm256_setzero_ps(); COLUMNS / 8]; CHANNELS];
        for (n, sums) in sums.iter_mut().enumerate() {
            match start {
                Start::Sums => *sums = load(y.of_tile(channel + n, column)),
                Start::Bias(bias, plus) => {
                    *sums = [_mm256_set1_ps(bias[n]); COLUMNS / 8];
                    for plus in plus {
                        let more = load(plus.of_tile(channel + n, column));
                        for (sum, more) in sums.iter_mut().zip(more) {
                            *sum = _mm256_add_ps(*sum, more);
                        }
                    }
                }
            }
        }
        sums
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
