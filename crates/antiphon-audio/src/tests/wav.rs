//! Tests of the WAV reader and writer.

use std::{
    cell::Cell,
    io::{Cursor, Read},
};

use antiphon_core::{AudioFormat, Code};
use proptest::{collection::vec, prelude::*};

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
    let doubles: Vec<u8> = [0.5, f64::NAN].iter().flat_map(|f| f.to_le_bytes()).collect();
    assert_eq!(read(file(3, 1, 64, &doubles, 16)).unwrap(), [16_384, 0]);
    assert_eq!(read(file(7, 1, 8, &[0xff, 0x80], 2)).unwrap(), [0, 32_124]);
    assert_eq!(read(file(6, 1, 8, &[0xd5, 0x2a], 2)).unwrap(), [8, -32_256]);
}

#[test]
fn channels_are_mixed() {
    let seven: Vec<u8> = [7i16; 7].iter().flat_map(|s| s.to_le_bytes()).collect();
    assert_eq!(read(file(1, 7, 16, &seven, 14)).unwrap(), [7]);
    assert_eq!(read(file(1, 2, 16, &[2, 0, 4, 0], 4)).unwrap(), [3]);
}

#[test]
fn channels_are_kept_where_frames_are_read() {
    let samples = [1i16, -1, 2, -2, 3, -3];
    let data = samples.map(i16::to_le_bytes).concat();
    let bytes = file(1, 2, 16, &data, data.len() as u32);
    let mut reader = WavReader::new(bytes.as_slice(), "x.wav").unwrap();
    let (mut out, mut read) = (Vec::new(), Vec::new());
    while let n @ 1.. = reader.read_frames(2, &mut out).unwrap() {
        read.push(n);
    }
    assert_eq!((out.as_slice(), read.as_slice()), (&samples[..], &[2, 1][..]));
}

#[test]
fn lying_sizes_are_read_to_the_end() {
    for size in [0, 4, 1000, u32::MAX] {
        assert_eq!(read(file(1, 1, 16, &[1, 0, 2, 0], size)).unwrap(), [1, 2], "{size}");
    }
    assert_eq!(read(file(1, 1, 16, &[1, 0, 2], 4)).unwrap(), [1], "an odd byte is left out");
    let two = file(1, 1, 16, &[1, 0, 2, 0], 2);
    assert_eq!(read(two).unwrap(), [1], "what follows the audio is none");
    let mut large = file(1, 1, 16, &[1, 0, 2, 0], u32::MAX);
    large[..4].copy_from_slice(b"RF64");
    assert_eq!(read(large).unwrap(), [1, 2], "more than 4 GiB");
}

/// Where the audio of [`file`] begins, and what is there.
const AUDIO_AT: usize = 56;
const AUDIO: [u8; 6] = [1, 0, 2, 0, 3, 0];

#[test]
fn a_file_cut_off_anywhere_is_refused_or_read_as_far_as_it_goes() {
    let whole = file(1, 1, 16, &AUDIO, 6);
    assert_eq!(whole[AUDIO_AT..], AUDIO);
    for n in 0..whole.len() {
        let cut = read(whole[..n].to_vec());
        if n < AUDIO_AT {
            let e = cut.unwrap_err();
            assert!(e.code() == Code::InvalidInput && e.detail().contains("at byte"), "{n}: {e}");
        } else {
            assert_eq!(cut.unwrap(), [1, 2, 3][..(n - AUDIO_AT) / 2], "{n}");
        }
    }
}

#[test]
fn three_hours_are_streamed() {
    /// Counts the bytes that are taken.
    struct Counted<'a, R>(R, &'a Cell<u64>);
    impl<R: Read> Read for Counted<'_, R> {
        fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.read(bytes)?;
            self.1.set(self.1.get() + n as u64);
            Ok(n)
        }
    }
    let bytes = 3 * 3600 * 16_000;
    let head = Cursor::new(file(1, 1, 8, &[], bytes));
    let taken = Cell::new(0);
    let input = Counted(head.chain(std::io::repeat(129)), &taken);
    let mut reader = WavReader::new(input, "x.wav").unwrap();
    let (mut block, mut total) = (Vec::new(), 0);
    while reader.read_mono(16_000, &mut block).unwrap() > 0 {
        total += block.len();
        block.clear();
        if total == 16_000 {
            // A second was asked for: not much more is read.
            assert!(taken.get() < 2 * 16_000, "{}", taken.get());
        }
    }
    assert_eq!(total, bytes as usize);
}

#[test]
fn a_disk_that_fails_is_not_taken_for_a_bad_file() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is on fire"))
        }
    }
    let whole = file(1, 1, 16, &AUDIO, 6);
    for n in [0, 4, 14, 30, 40, AUDIO_AT, AUDIO_AT + 2] {
        let input = Cursor::new(whole[..n].to_vec()).chain(Broken);
        let read = WavReader::new(input, "x.wav").and_then(|mut r| r.read_mono(9, &mut Vec::new()));
        let e = read.unwrap_err();
        assert!(e.code() == Code::Storage && e.detail().contains("x.wav: the disk"), "{n}: {e}");
    }
}

#[test]
fn what_a_file_promises_and_does_not_hold_is_known() {
    let data = [0.5, f32::NAN, f32::NAN].map(f32::to_le_bytes).concat();
    for (size, promised) in [(12, Some(0)), (20, Some(2)), (u32::MAX, None), (0, None)] {
        let bytes = file(3, 1, 32, &data, size);
        let mut reader = WavReader::new(bytes.as_slice(), "test.wav").unwrap();
        let mut samples = Vec::new();
        while reader.read_mono(2, &mut samples).unwrap() > 0 {}
        let known = (samples.len(), reader.bits(), reader.not_numbers(), reader.promised());
        assert_eq!(known, (3, 32, 2, promised), "{size}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_a_way_out() {
    for (bytes, word) in [
        (Vec::new(), "empty"),
        (b"ID3 something else".to_vec(), "not a WAV file but an MP3"),
        (b"RIFF....AVI LIST".to_vec(), "AVI"),
        (b"#!/bin/sh\necho".to_vec(), "not a WAV"),
        (file(2, 1, 4, &[], 0), "coding"),
        (file(1, 0, 16, &[], 0), "channels"),
        (file(1, 9, 16, &[], 0), "channels"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0".to_vec(), "format"),
        (b"RIFF\0\0\0\0WAVELIST\xff\xff\xff\xffabc".to_vec(), "4294967293 bytes"),
        (b"RIFF\0\0\0\0WAVEfmt \x04\0\0\0\x01\0\x01\0".to_vec(), "cut off (at byte 24)"),
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
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), keep in 0..=AUDIO_AT) {
        let mut start = file(1, 1, 16, &[], 4);
        start.truncate(keep);
        let _ = read([start, bytes].concat());
    }

    #[test]
    fn a_damaged_header_is_read_or_refused(at in 0..AUDIO_AT, byte: u8) {
        let mut damaged = file(1, 1, 16, &AUDIO, 6);
        damaged[at] = byte;
        match read(damaged) {
            Ok(samples) => prop_assert!(samples.len() <= AUDIO.len() + AUDIO_AT),
            Err(e) => prop_assert!(e.code() == Code::InvalidInput && e.help().is_some(), "{e}"),
        }
    }
}
