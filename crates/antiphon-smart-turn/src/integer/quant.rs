//! Linear quantisation as ONNX defines it (`QuantizeLinear`, unsigned 8 bits).
//!
//! A quantised value is kept as its signed distance from zero in steps, rather than as a byte with
//! a zero point: products then need no correction.
#![expect(clippy::indexing_slicing, reason = "a byte cannot miss one of 256 results")]

/// A range of 256 evenly spaced values, zero among them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quant {
    /// The distance between neighbours.
    pub(crate) scale: f32,
    per_unit: f32,
    low: f32,
    high: f32,
}

impl Quant {
    pub(crate) fn new(scale: f32, zero_point: u8) -> Self {
        let low = -f32::from(zero_point);
        Self { scale, per_unit: 1.0 / scale, low, high: low + 255.0 }
    }

    /// The nearest value to `x`, in steps from zero.
    #[inline(always)]
    pub(crate) fn steps(self, x: f32) -> i16 {
        /// At 1.5 * 2^23, neighbouring floats are 1 apart and the low bits count them: adding it
        /// rounds, and leaves the result in two's complement. A cast would round towards zero,
        /// and check for what cannot be.
        const ONES: f32 = 12_582_912.0;
        let x = x * self.per_unit;
        // Written out, each is one instruction; `clamp` must keep NaN.
        let x = if x > self.low { x } else { self.low };
        let inside = if x < self.high { x } else { self.high };
        (inside + ONES).to_bits() as i16
    }

    /// All values in ascending order.
    fn values(self) -> [f32; 256] {
        std::array::from_fn(|n| (self.low + n as f32) * self.scale)
    }

    /// Where `steps` lies in [`values`](Self::values).
    #[inline(always)]
    fn index(self, steps: i16) -> u8 {
        (steps - self.low as i16) as u8
    }
}

/// A function of a quantised value, evaluated beforehand for each of its 256 values.
pub(crate) struct Table<T> {
    from: Quant,
    results: [T; 256],
}

impl<T: Copy> Table<T> {
    pub(crate) fn new(from: Quant, function: impl Fn(f32) -> T) -> Self {
        Self { from, results: from.values().map(function) }
    }

    /// The function at `steps` from zero.
    #[inline(always)]
    pub(crate) fn at(&self, steps: i16) -> T {
        self.results[usize::from(self.from.index(steps))]
    }
}
