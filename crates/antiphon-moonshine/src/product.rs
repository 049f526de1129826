//! Float matrix products, for attention: neither side of them is a weight.
#![expect(unsafe_code, reason = "the library works on pointers; lengths are checked first")]

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
    if !(a.holds(m, k) && b.holds(k, n) && c_holds) {
        debug_assert!(false, "a matrix does not fit its slice");
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
