//! Tests of the transports.

mod conformance;

use antiphon_audio::{WavReader, WavWriter};
use antiphon_core::AudioFormat;

use crate::{MemoryTransport, ReadState, Recorder, Transport as _, WavTransport};

const FORMAT: AudioFormat = AudioFormat::mono(24_000);

#[test]
fn memory_carries_both_ways_and_ends_after_the_last_sample() {
    let (mut transport, mut peer) = MemoryTransport::pair(FORMAT, 100);
    let mut link = transport.open().unwrap();
    assert!(transport.open().is_err());
    let mut frame = [9; 480];
    assert_eq!(link.input.read(&mut frame), ReadState::Underrun);
    assert_eq!(frame, [0; 480]);
    assert_eq!(peer.send(&[1; 500]), 500);
    assert_eq!((link.input.read(&mut frame), frame), (ReadState::Frame, [1; 480]));
    peer.hang_up();
    assert_eq!((link.input.read(&mut frame), frame[19], frame[20]), (ReadState::Frame, 1, 0));
    assert_eq!(link.input.read(&mut frame), ReadState::Ended);
    assert_eq!(link.output.write(&[2; 480]), 0);
    assert_eq!(link.output.write(&[2; 4800]), 2880, "what does not fit is counted");
    assert_eq!((peer.receive(&mut frame), frame), (480, [2; 480]));
}

#[test]
fn a_recording_has_both_sides_on_one_axis() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.wav");
    let (mut transport, mut peer) = MemoryTransport::pair(FORMAT, 1000);
    let (mut link, recorder) = Recorder::attach(transport.open().unwrap(), &path).unwrap();
    peer.send(&[100; 4800]);
    let mut frame = [0; 480];
    for n in 0..10 {
        link.input.read(&mut frame);
        link.output.write(&[n * 10; 480]);
    }
    recorder.finish().unwrap();
    let mut reader = WavReader::open(&path).unwrap();
    assert_eq!(reader.format().channels, 2);
    let mut mixed = Vec::new();
    while reader.read_mono(4096, &mut mixed).unwrap() > 0 {}
    assert_eq!(mixed.len(), 4800);
    assert_eq!((mixed[0], mixed[4799]), (50, 95));
}

/// Frames come far faster than in a call, so that the writer cannot keep up.
#[test]
fn a_recording_stays_aligned_when_the_disk_is_too_slow() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.wav");
    let (mut transport, mut peer) = MemoryTransport::pair(FORMAT, 100);
    let (mut link, recorder) = Recorder::attach(transport.open().unwrap(), &path).unwrap();
    let mut frame = [0; 480];
    for n in 1..=20_000 {
        peer.send(&[n; 480]);
        link.input.read(&mut frame);
        link.output.write(&[n; 480]);
        peer.receive(&mut [0; 480]);
    }
    let lost = recorder.finish().unwrap_err();
    assert!(lost.detail().contains("samples are missing"), "{lost}");
    let bytes = std::fs::read(&path).unwrap();
    let samples: Vec<i16> =
        bytes[44..].chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    let mut heard = 0;
    for pair in samples.chunks(2) {
        let (left, right) = (pair[0], pair[1]);
        assert!(left == right || left == 0 || right == 0, "{left} beside {right}");
        heard += usize::from(left > 0);
    }
    assert!(heard > 24_000, "{heard}");
}

#[test]
fn a_direction_that_stops_is_recorded_as_silence() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.wav");
    let (mut transport, mut peer) = MemoryTransport::pair(FORMAT, 100);
    let (mut link, recorder) = Recorder::attach(transport.open().unwrap(), &path).unwrap();
    let mut reads = 0u64;
    while std::fs::metadata(&path).unwrap().len() < 100_000 {
        peer.send(&[9; 480]);
        link.input.read(&mut [0; 480]);
        std::thread::yield_now();
        reads += 1;
        assert!(reads < 50_000_000, "what came was not written");
    }
    drop(recorder);
    let (mixed, _) = antiphon_audio::read_wav(&path).unwrap();
    assert_eq!(mixed[..24_000], [4; 24_000]);
}

#[test]
fn a_file_speaks_at_the_rate_asked_for_and_ends() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("in.wav");
    let mut wav = WavWriter::create(&path, AudioFormat { rate_hz: 8_000, channels: 2 }).unwrap();
    wav.write(&[500; 1600]).unwrap();
    wav.finish().unwrap();
    let mut link = WavTransport::open_file(&path, 24_000).unwrap().open().unwrap();
    let (mut frame, mut heard) = ([0; 480], 0usize);
    loop {
        match link.input.read(&mut frame) {
            ReadState::Frame => heard += frame.iter().filter(|s| **s > 400).count(),
            ReadState::Underrun => std::thread::yield_now(),
            ReadState::Ended => break,
        }
    }
    assert!(heard.abs_diff(2400) < 100, "{heard}");
}
