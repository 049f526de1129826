//! Tests of the integer arithmetic, on this processor's path and on the portable one.

use super::{
    COLUMNS, Left, Panels, Quant, Table, multiply,
    multiply::{in_tiles, tile},
};

/// Numbers that fill the range of a step count or a weight, the same at every call.
fn numbers(len: usize, largest: i32) -> Vec<i16> {
    let mut seed = 1_u32;
    let next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((seed >> 8) as i32 % (largest + 1)) as i16 * if seed & 0x80 == 0 { 1 } else { -1 }
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn products_are_exact_on_every_path() {
    // Whole tiles and panels, remains of both, a single row, overlapping rows.
    let shapes =
        [(8, 32, 32, 32), (4, 6, 16, 6), (5, 2, 17, 2), (1, 384, 1, 384), (7, 240, 30, 80)];
    for (rows, depth, columns, stride) in shapes {
        let left = numbers(rows * stride + depth, 255);
        let right = numbers(depth * columns, 127);
        let exact = |row: usize, column: usize| -> i32 {
            let product =
                |k| i32::from(left[row * stride + k]) * i32::from(right[k * columns + column]);
            (0..depth).map(product).sum()
        };
        let panels = Panels::new(depth, columns, |k, column| right[k * columns + column]);
        let left = Left { values: &left, rows, stride };
        for path in ["this processor's", "the portable"] {
            let width = columns.next_multiple_of(COLUMNS);
            let mut seen = vec![0; rows * width];
            let each = |row: usize, first: usize, sums: &[i32; COLUMNS]| {
                for (c, &sum) in (first..).zip(sums) {
                    let expected = if c < columns { exact(row, c) } else { 0 };
                    assert_eq!(sum, expected, "{path} path, {rows} rows: row {row}, column {c}");
                    seen[row * width + c] += 1;
                }
            };
            match path {
                "the portable" => in_tiles(left, &panels, each, tile),
                _ => multiply(left, &panels, each),
            }
            assert!(seen.iter().all(|&n| n == 1), "{path} path, {rows} rows: {seen:?}");
        }
    }
}

#[test]
fn quantisation_rounds_half_to_even_and_saturates() {
    let quant = Quant::new(0.5, 100);
    let exact = [(0.0, 0), (0.25, 0), (0.75, 2), (-0.25, 0), (-0.75, -2), (0.26, 1)];
    let outside = [(1e9, 155), (-1e9, -100), (f32::INFINITY, 155), (f32::NEG_INFINITY, -100)];
    for (x, steps) in exact.into_iter().chain(outside) {
        assert_eq!(quant.steps(x), steps, "{x}");
    }
    assert_eq!(quant.nearest(0.6), 0.5);
    assert!((-100..=155).contains(&quant.steps(f32::NAN)), "not a number must stay in range");
}

#[test]
fn a_table_is_its_function() {
    let quant = Quant::new(0.25, 7);
    let table = Table::new(quant, |x| x * x);
    for steps in -7..=248 {
        let x = f32::from(steps) * 0.25;
        assert_eq!(table.at(steps), x * x);
    }
}
