//! Tests of the WAV reader and writer.

use std::io::Cursor;

use antiphon_core::{AudioFormat, Code};
use proptest::prelude::*;

use crate::{WavReader, WavWriter, read_wav};

/// A file with this coding and data, and this number where the data's size belongs.
fn file(tag: u16, channels: u16, bits: u16, data: &[u8], size: u32) -> Vec<u8> {
    let mut f = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
    f.extend(tag.to_le_bytes());
    f.extend(channels.to_le_bytes());
    f.extend(16_000u32.to_le_bytes());
    f.extend([0; 6]);
    f.extend(bits.to_le_bytes());
    f.extend(b"LIST\x03\0\0\0abc\0data");
    f.extend(size.to_le_bytes());
    f.extend(data);
    f
}

fn read(bytes: Vec<u8>) -> antiphon_core::Result<Vec<i16>> {
    let mut r = WavReader::new(Cursor::new(bytes), "x.wav")?;
    let mut out = Vec::new();
    while r.read_mono(7, &mut out)? > 0 {}
    Ok(out)
}

#[test]
fn every_coding_is_read() {
    assert_eq!(read(file(1, 1, 8, &[128, 255, 0], 3)).unwrap(), [0, 127 << 8, -128 << 8]);
    assert_eq!(read(file(1, 1, 16, &[1, 0, 255, 255], 4)).unwrap(), [1, -1]);
    assert_eq!(read(file(1, 1, 24, &[9, 1, 0, 9, 255, 255], 6)).unwrap(), [1, -1]);
    assert_eq!(read(file(1, 1, 32, &[9, 9, 1, 0], 4)).unwrap(), [1]);
    let floats: Vec<u8> =
        [0.5f32, f32::NAN, 9.0, f32::NEG_INFINITY].iter().flat_map(|f| f.to_le_bytes()).collect();
    assert_eq!(read(file(3, 1, 32, &floats, 16)).unwrap(), [16_384, 0, 32_767, -32_767]);
    assert_eq!(read(file(3, 1, 64, &0.5f64.to_le_bytes(), 8)).unwrap(), [16_384]);
}

#[test]
fn channels_are_mixed() {
    let seven: Vec<u8> = [7i16; 7].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(read(file(1, 7, 16, &seven, 14)).unwrap(), [7]);
    assert_eq!(read(file(1, 2, 16, &[2, 0, 4, 0], 4)).unwrap(), [3]);
}

#[test]
fn lying_sizes_are_read_to_the_end() {
    for size in [0, 4, 1000, u32::MAX] {
        assert_eq!(read(file(1, 1, 16, &[1, 0, 2, 0], size)).unwrap(), [1, 2], "{size}");
    }
    assert_eq!(read(file(1, 1, 16, &[1, 0, 2], 4)).unwrap(), [1], "an odd byte is left out");
}

#[test]
fn what_cannot_be_read_is_refused_with_a_way_out() {
    for (bytes, word) in [
        (Vec::new(), "empty"),
        (b"ID3 something else".to_vec(), "not a WAV"),
        (file(2, 1, 4, &[], 0), "coding"),
        (file(1, 0, 16, &[], 0), "channels"),
        (file(1, 9, 16, &[], 0), "channels"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec(), "format"),
    ] {
        let e = read(bytes).unwrap_err();
        assert!(e.code() == Code::InvalidInput && e.detail().contains(word), "{e}");
        assert!(e.help().is_some_and(|h| h.contains("x.wav")));
    }
}

#[test]
fn a_file_is_valid_before_it_is_finished() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.wav");
    let mut w = WavWriter::create(&path, AudioFormat { rate_hz: 24_000, channels: 2 }).unwrap();
    w.write(&vec![5; 96_000]).unwrap();
    let (samples, rate) = read_wav(&path).unwrap();
    assert_eq!((samples.len(), rate), (48_000, 24_000));
    w.finish().unwrap();
    assert_eq!(read_wav(&path).unwrap().0, vec![5; 48_000]);
    assert_eq!(read_wav(dir.path()).unwrap_err().code(), Code::InvalidInput);
    assert_eq!(read_wav(&dir.path().join("no")).unwrap_err().code(), Code::Storage);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), keep in 0usize..60) {
        let good = file(1, 1, 16, &[1, 0, 2, 0], 4);
        let n = keep.min(good.len()).min(bytes.len());
        bytes[..n].copy_from_slice(&good[..n]);
        let _ = read(bytes);
    }
}
