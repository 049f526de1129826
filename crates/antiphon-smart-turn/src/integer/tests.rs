//! Tests of the integer arithmetic, on this processor's path and on the portable one.

use super::{
    COLUMNS, Left, Panels, Quant, Scaling, Table, multiply,
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

/// Small factors whose products show every unit, and large ones that show every overflow.
#[test]
fn products_are_exact_on_every_path() {
    for (left, right, unit) in [(2, 1, 1.0), (255, 127, 1.0 / 8_192.0)] {
        // Whole tiles and panels, remains of both, a single row, overlapping rows.
        let shapes =
            [[8, 32, 32, 32], [4, 6, 16, 6], [5, 2, 17, 2], [1, 384, 1, 384], [7, 240, 30, 80]];
        for shape in shapes {
            products(shape, [left, right], unit);
        }
    }
}

fn products([rows, depth, columns, stride]: [usize; 4], largest: [i32; 2], unit: f32) {
    let left = numbers(rows * stride + depth, largest[0]);
    let right = numbers(depth * columns, largest[1]);
    let exact = |row: usize, column: usize| -> i32 {
        let product =
            |k| i32::from(left[row * stride + k]) * i32::from(right[k * columns + column]);
        (0..depth).map(product).sum()
    };
    let panels = Panels::new(depth, columns, |k, column| right[k * columns + column]);
    let left = Left { values: &left, rows, stride };
    let to = Quant::new(1.0, 128);
    let scaling = Scaling::new(vec![unit; columns], vec![-1.0; columns], to);
    for path in ["this processor's", "the portable"] {
        let width = columns.next_multiple_of(COLUMNS);
        let mut seen = vec![0; rows * width];
        let mut each = |row: usize, first: usize, steps: &[i16; COLUMNS]| {
            for (c, &steps) in (first..).zip(steps) {
                let expected =
                    if c < columns { to.steps(exact(row, c) as f32 * unit - 1.0) } else { 0 };
                assert_eq!(steps, expected, "{path} path, {rows} rows: row {row}, column {c}");
                seen[row * width + c] += 1;
            }
        };
        match path {
            "the portable" => {
                let each = |row, n, sums: &_| each(row, n, &scaling.steps(n, sums));
                in_tiles(left, &panels, each, tile);
            }
            _ => multiply(left, &panels, &scaling, each),
        }
        assert!(seen.iter().all(|&n| n == 1), "{path} path, {rows} rows: {seen:?}");
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
