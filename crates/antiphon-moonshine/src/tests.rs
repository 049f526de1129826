//! Tests that need no model.

use crate::{
    flatbuffer::Table,
    kernels::{View, dot_portable, linear, matvec, product},
    math::{gelu, softmax},
    segment::Segment,
    weights::{Matrix8, Tensor, Values, Weights, write},
};

fn noise(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 % 1009) as f32 / 504.5) - 1.0).collect()
}

fn bytes(n: usize) -> Vec<i8> {
    (0..n).map(|i| (i * 31 % 256) as u8 as i8).collect()
}

#[test]
fn every_path_of_the_dot_product_agrees() {
    for n in [1, 7, 8, 31, 32, 33, 288, 416, 1000] {
        let (w, x) = (bytes(n), noise(n));
        let exact: f64 = w.iter().zip(&x).map(|(w, x)| f64::from(*w) * f64::from(*x)).sum();
        let m = Matrix8 { data: w.clone(), scale: 1.0, offset: 0.0, columns: n };
        let mut y = [0.0];
        matvec(&m, &x, &mut y);
        for got in [dot_portable(&w, &x), y[0]] {
            assert!((f64::from(got) - exact).abs() < 0.02, "{n}: {got} {exact}");
        }
    }
}

#[test]
fn an_offset_adds_to_every_weight() {
    let m = Matrix8 { data: bytes(64), scale: 0.5, offset: 3.0, columns: 32 };
    let x = noise(32);
    let mut y = [0.0; 2];
    matvec(&m, &x, &mut y);
    let expanded = linear(&x, &m.expand(), 32);
    assert!(y.iter().zip(&expanded).all(|(a, b)| (a - b).abs() < 1e-2), "{y:?} {expanded:?}");
}

#[test]
fn a_matrix_that_does_not_fit_is_not_multiplied() {
    let mut c = [7.0; 4];
    let short = View { data: &[1.0; 4], row: 2, column: 1 };
    product((2, 2, 2), 1.0, short, short, &mut c, 2);
    assert_eq!(c, [2.0; 4]);
}

#[test]
fn activations_match_their_definitions() {
    assert!((gelu(1.0) - 0.841_344_7).abs() < 1e-5 && (gelu(-1.0) + 0.158_655_3).abs() < 1e-5);
    let mut s = [1.0, 2.0, 3.0];
    softmax(&mut s);
    assert!((s.iter().sum::<f32>() - 1.0).abs() < 1e-6 && s[2] > s[1]);
}

#[test]
fn interims_show_only_what_two_decodes_agree_on() {
    let mut s = Segment::default();
    assert_eq!(s.interim("I would".into()), None);
    assert_eq!(s.interim("I would, like tea".into()).as_deref(), Some("I would,"));
    assert_eq!(s.interim("I wood".into()), None, "what is shown does not shrink");
    assert_eq!(s.interim("I would like to".into()), None);
    assert_eq!(s.interim("I would like to go".into()).as_deref(), Some("I would like to"));
}

#[test]
fn a_long_segment_is_cut_where_it_is_quiet() {
    let mut s = Segment::default();
    let mut audio = vec![5_000i16; 16_000 * 16];
    audio[16_000 * 14..16_000 * 14 + 4_000].fill(0);
    s.push(&audio);
    let (number, head) = s.overflow().unwrap();
    assert_eq!((number, s.number), (0, 1));
    assert!((16_000 * 14..16_000 * 14 + 4_000).contains(&head.len()), "{}", head.len());
    assert_eq!(head.len() + s.audio().len(), audio.len());
    assert!(s.overflow().is_none());
}

#[test]
fn a_damaged_file_is_named() {
    let dir = std::env::temp_dir().join(format!("antiphon-moonshine-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("m.bin");
    let values = Values::Floats(vec![1.0, 2.0]);
    write(&path, &[Tensor { name: "a".into(), dims: vec![2], values }]).unwrap();
    assert_eq!(Weights::read(&path).unwrap().floats("a").unwrap(), [1.0, 2.0]);
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let error = Weights::read(&path).unwrap_err();
        assert!(error.detail().contains("m.bin") && error.help().is_some(), "{error}");
    }
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn any_bytes_are_a_flatbuffer_of_nothing() {
    for seed in 0..2_000u32 {
        let bytes: Vec<u8> = (0..64)
            .map(|i| (seed.wrapping_mul(2_654_435_761) >> (i % 24)) as u8 ^ i as u8)
            .collect();
        if let Some(t) = Table::root(&bytes) {
            let _ = (t.i32(3), t.string(0), t.data(4), t.numbers(2));
            assert!(t.tables(0).count() <= 16 && t.strings(1).count() <= 16);
        }
    }
}
