//! Convolutions of odd sizes, on every kernel, against the definition.

#[cfg(target_arch = "x86_64")]
use crate::decoder::tile::Avx2;
use crate::decoder::{
    conv::{Conv, Shape},
    tile::{CHANNELS, COLUMNS, Kernel, Portable, Rows, RowsMut},
};

/// Small numbers without a pattern.
pub(super) fn number(n: usize) -> f32 {
    (n as u32).wrapping_mul(2_654_435_761).rotate_right(7) as f32 / u32::MAX as f32 - 0.5
}

fn weight(output: usize, input: usize, tap: usize) -> f32 {
    number(output * 1009 + input * 31 + tap)
}

fn check(kernel: impl Kernel, shape: Shape, dilation: usize, columns: usize) {
    let conv = Conv::new(shape, dilation, weight, |o| number(o + 7));
    let written = shape.outputs.next_multiple_of(CHANNELS);
    assert_eq!(conv.reach(), (shape.taps - 1) * dilation);
    let stride = columns.next_multiple_of(COLUMNS) + conv.reach() + 3;
    let x: Vec<f32> = (0..shape.inputs * stride).map(number).collect();
    let plus: Vec<f32> = (0..written * stride).map(|n| number(n + 5)).collect();
    let mut y = vec![f32::NAN; plus.len()];
    let [x_rows, plus_rows] = [&x, &plus].map(|data| Rows { data, stride });
    let y_rows = RowsMut { data: &mut y, stride };
    conv.write_with(kernel, y_rows, x_rows, &[plus_rows], columns);
    for output in 0..shape.outputs {
        for column in 0..columns {
            let mut sum = f64::from(number(output + 7) + plus[output * stride + column]);
            for input in 0..shape.inputs {
                for tap in 0..shape.taps {
                    let x = x[input * stride + column + tap * dilation];
                    sum += f64::from(weight(output, input, tap)) * f64::from(x);
                }
            }
            let error = (f64::from(y[output * stride + column]) - sum).abs();
            assert!(error < 1e-4, "{shape:?} {dilation}: {error} at {output}, {column}");
        }
    }
}

fn check_all(kernel: impl Kernel) {
    for (outputs, inputs, taps, dilation) in
        [(1, 1, 1, 1), (1, 3, 7, 1), (4, 64, 3, 2), (5, 65, 2, 1), (9, 130, 5, 6), (6, 7, 7, 12)]
    {
        for columns in [1, COLUMNS - 1, COLUMNS, COLUMNS + 1, 20 * COLUMNS + 7] {
            check(kernel, Shape { outputs, inputs, taps }, dilation, columns);
        }
    }
}

#[test]
fn sums_are_as_defined_on_any_processor() {
    check_all(Portable);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn sums_are_as_defined_on_processors_with_avx2() {
    if let Some(kernel) = Avx2::detect() {
        check_all(kernel);
    }
}
