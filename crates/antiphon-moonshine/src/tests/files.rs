//! Damaged and foreign files.

use super::numbers::matrix;
use crate::{
    flatbuffer::Table,
    weights::{Values, Weights, write},
};

#[test]
fn a_damaged_file_is_named() {
    let dir = std::env::temp_dir().join(format!("antiphon-moonshine-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join("m.bin");
    let all = [
        ("a".to_owned(), Values::Floats(vec![1.0, 2.0])),
        ("b".to_owned(), Values::Matrix(matrix(3, 3))),
        ("c".to_owned(), Values::Bytes(b"text".to_vec())),
    ];
    write(&path, &all).unwrap();
    let mut read = Weights::read(&path).unwrap();
    assert_eq!(read.floats("a", 2).unwrap(), [1.0, 2.0]);
    assert_eq!(read.matrix("b", 3, 3).unwrap(), matrix(3, 3));
    assert_eq!(read.bytes("c").unwrap(), b"text");
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
