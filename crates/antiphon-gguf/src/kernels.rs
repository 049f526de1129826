//! Dot products by AVX2 where the processor has it, and a way to compile other loops for it.
//!
//! Each gives the same bits as the portable code it stands in for: no fused multiply-add, no
//! other order of additions. A model says the same on every machine.

#![expect(unsafe_code, reason = "instructions that need a check at run time")]
#![expect(clippy::indexing_slicing, reason = "indices are bounded by the layout's constants")]

use crate::tile::{Block, Bytes, LANES, Packed, Tile};

/// The instructions to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Isa {
    /// Only [`detect`](Self::detect) sets this.
    avx2: bool,
}

impl Isa {
    /// Plain Rust.
    #[cfg_attr(not(test), expect(dead_code, reason = "the control of tests"))]
    pub(crate) const PORTABLE: Self = Self { avx2: false };

    /// The best this processor has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c");
        #[cfg(not(target_arch = "x86_64"))]
        let avx2 = false;
        Self { avx2 }
    }

    /// Runs `work`, compiled for these instructions as far as it is inlined.
    #[inline]
    pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
        #[cfg(target_arch = "x86_64")]
        if self.avx2 {
            // SAFETY: `avx2` is set only after detecting the features.
            return unsafe { avx2::run(work) };
        }
        work()
    }
}

/// A tile with a faster dot product.
pub(crate) trait Kernel: Tile {
    /// [`Tile::dot`].
    fn product<const C: usize>(
        isa: Isa,
        tiles: &[Self],
        columns: [&[Block]; C],
    ) -> [[f32; LANES]; C];
}

impl<const HIGH: usize> Kernel for Packed<HIGH> {
    fn product<const C: usize>(
        isa: Isa,
        tiles: &[Self],
        columns: [&[Block]; C],
    ) -> [[f32; LANES]; C] {
        #[cfg(target_arch = "x86_64")]
        if isa.avx2 {
            // SAFETY: `avx2` is set only after detecting the features.
            return unsafe { avx2::packed(tiles, columns) };
        }
        Self::dot(tiles, columns)
    }
}

impl Kernel for Bytes {
    fn product<const C: usize>(
        isa: Isa,
        tiles: &[Self],
        columns: [&[Block]; C],
    ) -> [[f32; LANES]; C] {
        #[cfg(target_arch = "x86_64")]
        if isa.avx2 {
            // SAFETY: `avx2` is set only after detecting the features.
            return unsafe { avx2::bytes(tiles, columns) };
        }
        Self::dot(tiles, columns)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use half::f16;

    use crate::tile::{Block, Bytes, LANES, PARTS, Packed};

    #[target_feature(enable = "avx2,f16c")]
    pub(super) fn run<R>(work: impl FnOnce() -> R) -> R {
        work()
    }

    #[target_feature(enable = "avx2,f16c")]
    pub(super) fn packed<const HIGH: usize, const C: usize>(
        tiles: &[Packed<HIGH>],
        columns: [&[Block]; C],
    ) -> [[f32; LANES]; C] {
        let ones = _mm256_set1_epi16(1);
        let (nibble, fifth) = (_mm256_set1_epi8(15), _mm256_set1_epi8(16));
        let columns = columns.map(|column| column.get(..tiles.len()).unwrap_or_default());
        let mut sums = [_mm256_setzero_ps(); C];
        for (n, tile) in tiles.iter().enumerate() {
            let mut dots = [_mm256_setzero_si256(); C];
            // Four products of 31 · 127, summed in pairs, fit 16 bits; eight would not.
            for half in 0..2 {
                let mut pairs = [_mm256_setzero_si256(); C];
                for part in half * PARTS / 2..(half + 1) * PARTS / 2 {
                    let bytes = load(&tile.low[part]);
                    let mut even = _mm256_and_si256(bytes, nibble);
                    let mut odd = _mm256_and_si256(_mm256_srli_epi16::<4>(bytes), nibble);
                    if let Some(high) = tile.high.first() {
                        let (bits, part) = (load(high), part as i32);
                        let left = _mm256_sll_epi16(bits, _mm_cvtsi32_si128(4 - part));
                        let right = _mm256_srl_epi16(bits, _mm_cvtsi32_si128(part));
                        even = _mm256_or_si256(even, _mm256_and_si256(left, fifth));
                        odd = _mm256_or_si256(odd, _mm256_and_si256(right, fifth));
                    }
                    for c in 0..C {
                        let quads = &columns[c][n].quads;
                        let by_even = _mm256_set1_epi32(quads[2 * part]);
                        let by_odd = _mm256_set1_epi32(quads[2 * part + 1]);
                        let even = _mm256_maddubs_epi16(even, by_even);
                        let odd = _mm256_maddubs_epi16(odd, by_odd);
                        pairs[c] = _mm256_add_epi16(pairs[c], _mm256_add_epi16(even, odd));
                    }
                }
                for c in 0..C {
                    dots[c] = _mm256_add_epi32(dots[c], _mm256_madd_epi16(pairs[c], ones));
                }
            }
            let (scale, min) = (floats(&tile.scale), floats(&tile.min));
            for c in 0..C {
                let block = &columns[c][n];
                let scale = _mm256_mul_ps(scale, _mm256_set1_ps(block.scale));
                let product = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(dots[c]));
                let min = _mm256_mul_ps(min, _mm256_set1_ps(block.sum));
                sums[c] = _mm256_add_ps(sums[c], _mm256_add_ps(product, min));
            }
        }
        sums.map(|lanes| store(lanes))
    }

    #[target_feature(enable = "avx2,f16c")]
    pub(super) fn bytes<const C: usize>(
        tiles: &[Bytes],
        columns: [&[Block]; C],
    ) -> [[f32; LANES]; C] {
        let ones = _mm256_set1_epi16(1);
        let columns = columns.map(|column| column.get(..tiles.len()).unwrap_or_default());
        let mut sums = [_mm256_setzero_ps(); C];
        for (n, tile) in tiles.iter().enumerate() {
            let mut dots = [_mm256_setzero_si256(); C];
            for (q, quad) in tile.quads.iter().enumerate() {
                let weights = load(quad);
                // The instruction wants one factor unsigned: |w| · (a with the sign of w). Two
                // products of 127 · 127 fit 16 bits.
                let magnitudes = _mm256_abs_epi8(weights);
                for c in 0..C {
                    let by = _mm256_set1_epi32(columns[c][n].quads[q]);
                    let pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(by, weights));
                    dots[c] = _mm256_add_epi32(dots[c], _mm256_madd_epi16(pairs, ones));
                }
            }
            let scale = floats(&tile.scale);
            for c in 0..C {
                let scale = _mm256_mul_ps(scale, _mm256_set1_ps(columns[c][n].scale));
                let product = _mm256_mul_ps(scale, _mm256_cvtepi32_ps(dots[c]));
                sums[c] = _mm256_add_ps(sums[c], product);
            }
        }
        sums.map(|lanes| store(lanes))
    }

    #[target_feature(enable = "avx2")]
    fn load(bytes: &[u8; 32]) -> __m256i {
        // SAFETY: 32 bytes are read from an array of 32, at any alignment.
        unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
    }

    #[target_feature(enable = "avx2,f16c")]
    fn floats(halves: &[f16; LANES]) -> __m256 {
        // SAFETY: 16 bytes are read from an array of eight two-byte numbers.
        _mm256_cvtph_ps(unsafe { _mm_loadu_si128(halves.as_ptr().cast()) })
    }

    #[target_feature(enable = "avx2")]
    fn store(lanes: __m256) -> [f32; LANES] {
        let mut out = [0.0; LANES];
        // SAFETY: eight floats are written to an array of eight.
        unsafe { _mm256_storeu_ps(out.as_mut_ptr(), lanes) };
        out
    }
}
