//! Every kernel against exact arithmetic; functions against their definitions.

use crate::{
    decoder::is_loop,
    kernels::{Matrix8, Portable, Rows, multiply, multiply_with},
    math::{exp, gelu, max, silu, softmax, tanh},
    product::{View, product},
};

/// Floats from −1 to 1 in no order.
fn noise(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 % 1009) as f32 / 504.5) - 1.0).collect()
}

pub(super) fn matrix(rows: usize, columns: usize) -> Matrix8 {
    let panels = Matrix8::pack(rows, columns, |r, c| ((r * 37 + c * 31) % 256) as u8 as i8);
    Matrix8 { panels, rows, columns, scale: 0.5, offset: 3.0 }
}

/// Every element as a sum of exact products.
fn exact(w: &Matrix8, x: &[f32], columns: usize, step: usize) -> Vec<f64> {
    let mut row = vec![0.0; columns];
    let mut out = Vec::new();
    for x in x.windows(columns).step_by(step) {
        for r in 0..w.rows {
            w.row(r, &mut row);
            out.push(row.iter().zip(x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum());
        }
    }
    out
}

fn assert_close(got: &[f32], exact: &[f64], columns: usize) {
    // Weights reach 67, activations are rounded at the 13th bit.
    let bound = 67.0 * (columns as f64).sqrt() / 8192.0 * 4.0;
    assert_eq!(got.len(), exact.len());
    for (got, exact) in got.iter().zip(exact) {
        assert!((f64::from(*got) - exact).abs() < bound, "{got} {exact} {columns}");
    }
}

#[test]
fn every_kernel_gives_the_same_bits_and_the_right_ones() {
    for (rows, columns) in [(1, 1), (8, 2), (9, 7), (33, 16), (32, 288), (70, 127), (16, 1664)] {
        for n in [0, 1, 2, 3, 5, 6, 13] {
            let (w, x) = (matrix(rows, columns), noise(n * columns));
            let (mut quantised, mut fast, mut portable) = (Rows::default(), vec![7.0], vec![]);
            quantised.set(&x, columns);
            multiply(&w, &quantised, &mut fast);
            multiply_with(Portable, &w, &quantised, &mut portable);
            assert_eq!(fast, portable, "{rows} x {columns}, {n}");
            assert_close(&fast, &exact(&w, &x, columns, columns), columns);
        }
    }
}

#[test]
fn windows_overlap() {
    let (w, x) = (matrix(9, 127), noise(1_000));
    let (mut rows, mut out) = (Rows::default(), vec![]);
    rows.set_windows(&x, 127, 64);
    multiply(&w, &rows, &mut out);
    assert_close(&out, &exact(&w, &x, 127, 64), 127);
    let pcm: Vec<i16> = x.iter().map(|x| (x * 32_767.0) as i16).collect();
    let floats: Vec<f32> = pcm.iter().map(|s| f32::from(*s) / 32_768.0).collect();
    rows.set_samples(&pcm, 127, 64);
    multiply(&w, &rows, &mut out);
    assert_close(&out, &exact(&w, &floats, 127, 64), 127);
    rows.set_windows(&x[..126], 127, 64);
    multiply(&w, &rows, &mut out);
    assert!(out.is_empty(), "less than a window is no window");
}

#[test]
fn the_loudest_input_does_not_overflow() {
    for columns in [288, 1152, 2912] {
        for q in [i8::MIN, i8::MAX] {
            let panels = Matrix8::pack(8, columns, |_, _| q);
            let w = Matrix8 { panels, rows: 8, columns, scale: 1.0, offset: 0.0 };
            for loud in [1e9, -1e9] {
                let x = vec![loud; columns];
                let (mut rows, mut out) = (Rows::default(), vec![]);
                rows.set(&x, columns);
                multiply(&w, &rows, &mut out);
                let exact = f32::from(q) * loud * columns as f32;
                assert!((out[0] / exact - 1.0).abs() < 1e-3, "{} {exact}", out[0]);
            }
        }
    }
}

#[test]
fn silence_stays_silence() {
    let (mut rows, mut out) = (Rows::default(), vec![]);
    rows.set(&[0.0; 64], 32);
    multiply(&matrix(8, 32), &rows, &mut out);
    assert_eq!(out, [0.0; 16]);
}

#[test]
fn float_products_take_views() {
    // A 2 x 3 matrix times the transpose of another, into every other column pair.
    let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
    let mut c = [9.0; 8];
    let a = View { data: &a, row: 3, column: 1 };
    let b = View { data: &b, row: 1, column: 3 };
    product((2, 3, 2), 2.0, a, b, &mut c, 4);
    assert_eq!(c, [8.0, 4.0, 9.0, 9.0, 20.0, 10.0, 9.0, 9.0]);
}

#[test]
fn functions_match_their_definitions() {
    for i in -8_700..8_800 {
        let x = i as f32 / 100.0;
        assert!((f64::from(exp(x)) / f64::from(x).exp() - 1.0).abs() < 4e-7, "exp {x}");
        assert!((tanh(x) - x.tanh()).abs() < 4e-7, "tanh {x}");
        let slow = x / (1.0 + (-x).exp());
        assert!((silu(x) - slow).abs() < 1e-6 * x.abs().max(1.0), "silu {x}");
    }
    assert!(exp(-1e9) < 1e-37 && exp(1e9) > 1e38);
    assert!((gelu(1.0) - 0.841_344_7).abs() < 1e-6 && (gelu(-1.0) + 0.158_655_3).abs() < 1e-6);
    assert!((gelu(9.0) - 9.0).abs() < 1e-6 && gelu(-9.0).abs() < 1e-6 && gelu(0.0) == 0.0);
    let mut scores = noise(13);
    softmax(&mut scores);
    assert!((scores.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    let mut x = noise(21);
    x[20] = 5.0;
    assert_eq!(max(&x), 5.0);
    assert_eq!(max(&[]), f32::NEG_INFINITY);
}

#[test]
fn loops_are_found_and_repetitions_are_not() {
    let repeat = |what: &[usize], n: usize| [&[7, 8, 9][..], &what.repeat(n)].concat();
    assert!(is_loop(&repeat(&[1, 2, 3, 4], 3)));
    assert!(is_loop(&repeat(&[1, 2, 3, 4, 5, 6], 3)));
    assert!(is_loop(&repeat(&[1], 12)));
    assert!(!is_loop(&repeat(&[1], 11)), "no, no, no can be meant");
    assert!(!is_loop(&repeat(&[1, 2, 3, 4], 2)));
    assert!(!is_loop(&[1, 2, 3, 4, 5, 1, 2, 3, 4, 6, 1, 2, 3, 4]), "the age of, the age of");
    assert!(!is_loop(&[]));
}
