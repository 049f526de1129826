//! Matrix products of eight-bit weights and eight-bit activations, in blocks of 32 with a scale
//! each (the layout GGML calls Q8_0).
//!
//! One kernel serves prefill and decode: a row of weights is read once for all positions.
#![expect(unsafe_code, reason = "SIMD intrinsics behind run-time detection; see each block")]

/// Values that share a scale.
pub(crate) const BLOCK: usize = 32;

/// A matrix of `rows` × `columns`, row by row. `columns` is a multiple of [`BLOCK`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    pub(crate) data: Vec<i8>,
    pub(crate) scales: Vec<f32>,
    pub(crate) columns: usize,
}

impl Blocks {
    /// Quantises rows of floats. Values beyond a multiple of [`BLOCK`] in a row are left out, so
    /// callers check the shape first.
    pub(crate) fn quantise(values: &[f32], columns: usize) -> Self {
        let mut this = Self { columns, ..Self::default() };
        this.refill(values);
        this
    }

    /// Replaces the contents, keeping the memory.
    pub(crate) fn refill(&mut self, values: &[f32]) {
        self.data.clear();
        self.scales.clear();
        for block in values.chunks_exact(BLOCK) {
            let max = block.iter().fold(0.0f32, |m, v| m.max(v.abs()));
            let scale = max / 127.0;
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            self.data.extend(block.iter().map(|v| (v * inverse).round() as i8));
            self.scales.push(scale);
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.data.len() / self.columns.max(1)
    }

    /// One row as floats.
    pub(crate) fn row(&self, n: usize) -> Vec<f32> {
        let data = self.data.chunks_exact(self.columns).nth(n).unwrap_or_default();
        let scales = self.scales.chunks_exact(self.columns / BLOCK).nth(n).unwrap_or_default();
        let blocks = data.chunks_exact(BLOCK).zip(scales);
        blocks.flat_map(|(b, s)| b.iter().map(move |q| f32::from(*q) * s)).collect()
    }
}

/// `out[p][r] = Σ_c w[r, c] · x[p, c]`: `x` and `out` have a row for each position.
pub(crate) fn product(w: &Blocks, x: &Blocks, out: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the features were detected.
        return for_each_row(w, x, out, |a, b, c, d| unsafe { x86::dot(a, b, c, d) });
    }
    for_each_row(w, x, out, dot_portable);
}

fn for_each_row(
    w: &Blocks,
    x: &Blocks,
    out: &mut [f32],
    dot: impl Fn(&[i8], &[f32], &[i8], &[f32]) -> f32,
) {
    let (columns, rows) = (w.columns, w.rows());
    let blocks = columns / BLOCK;
    if x.columns != columns || blocks == 0 {
        debug_assert!(false, "shapes differ");
        return;
    }
    let weights = w.data.chunks_exact(columns).zip(w.scales.chunks_exact(blocks));
    for (r, (row, scales)) in weights.enumerate() {
        let positions = x.data.chunks_exact(columns).zip(x.scales.chunks_exact(blocks));
        for ((values, by), out) in positions.zip(out.chunks_exact_mut(rows)) {
            if let Some(slot) = out.get_mut(r) {
                *slot = dot(row, scales, values, by);
            }
        }
    }
}

/// The portable dot product of two rows; the others are tested against it.
pub(crate) fn dot_portable(w: &[i8], ws: &[f32], x: &[i8], xs: &[f32]) -> f32 {
    let blocks = w.chunks_exact(BLOCK).zip(ws).zip(x.chunks_exact(BLOCK).zip(xs));
    let sum = |((w, ws), (x, xs)): ((&[i8], &f32), (&[i8], &f32))| {
        let dot: i32 = w.iter().zip(x).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        dot as f32 * ws * xs
    };
    blocks.map(sum).sum()
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod x86 {
    //! AVX2 and FMA.

    use std::arch::x86_64::{
        __m256i, _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_loadu_si256, _mm256_madd_epi16,
        _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_ps, _mm256_setzero_ps,
        _mm256_sign_epi8, _mm256_storeu_ps,
    };

    use super::BLOCK;

    /// Dot product of two rows of blocks. Values lie in −127..=127, so that the sum of two
    /// products fits 16 bits.
    #[target_feature(enable = "avx2,fma")]
    pub(crate) fn dot(w: &[i8], ws: &[f32], x: &[i8], xs: &[f32]) -> f32 {
        let ones = _mm256_set1_epi16(1);
        let mut sum = _mm256_setzero_ps();
        let blocks = w.chunks_exact(BLOCK).zip(ws).zip(x.chunks_exact(BLOCK).zip(xs));
        for ((w, ws), (x, xs)) in blocks {
            // SAFETY: both chunks have 32 bytes.
            let (w, x) = unsafe {
                (
                    _mm256_loadu_si256(w.as_ptr().cast::<__m256i>()),
                    _mm256_loadu_si256(x.as_ptr().cast::<__m256i>()),
                )
            };
            // |w| · (x with the sign of w): the instruction wants one factor unsigned.
            let pairs = _mm256_maddubs_epi16(_mm256_sign_epi8(w, w), _mm256_sign_epi8(x, w));
            let dots = _mm256_cvtepi32_ps(_mm256_madd_epi16(pairs, ones));
            sum = _mm256_fmadd_ps(dots, _mm256_set1_ps(ws * xs), sum);
        }
        let mut lanes = [0.0f32; 8];
        // SAFETY: eight floats are written to an array of eight.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
        lanes.iter().sum()
    }
}
