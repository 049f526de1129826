//! Tests that need no model.

use antiphon_core::Code;

use crate::{
    SmartTurn,
    mel::{BANDS, FRAMES, LogMel},
};

#[test]
fn a_missing_file_is_a_storage_error() {
    let error = SmartTurn::load("no/such/file.onnx").unwrap_err();
    assert_eq!(error.code(), Code::Storage);
    assert!(error.detail().contains("no/such/file.onnx") && error.help().is_some(), "{error:?}");
}

#[test]
fn a_file_that_is_not_the_model_is_corrupt() {
    let dir = tempfile::tempdir().unwrap();
    // Nothing at all, text, and a protobuf message with an empty graph.
    for content in [&b""[..], b"not a model", &[0x3a, 0x00]] {
        let path = dir.path().join("model.onnx");
        std::fs::write(&path, content).unwrap();
        let error = SmartTurn::load(&path).unwrap_err();
        assert_eq!(error.code(), Code::Corrupt, "{content:?}: {error}");
    }
}

fn features(audio: &[i16]) -> Vec<f32> {
    let mut features = vec![f32::NAN; FRAMES * BANDS];
    LogMel::new().extract(audio, &mut features);
    features
}

fn tone(hz: f32, len: usize) -> Vec<i16> {
    let sample = |n: usize| (n as f32 * hz / 16_000.0 * std::f32::consts::TAU).sin();
    (0..len).map(|n| (8000.0 * sample(n)) as i16).collect()
}

#[test]
fn leading_silence_that_is_not_given_is_the_same_as_silence_that_is() {
    for len in [0, 1, 159, 160, 161, 199, 200, 201, 16_000, 127_700, 127_999, 128_000] {
        let short = tone(440.0, len);
        let full = [vec![0; 128_000 - len], short.clone()].concat();
        let worst = features(&short)
            .iter()
            .zip(features(&full))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 1e-5, "{len} samples: {worst}");
    }
}

#[test]
fn only_the_last_eight_seconds_count() {
    let audio = tone(440.0, 200_000);
    assert_eq!(features(&audio), features(&audio[200_000 - 128_000..]));
}

#[test]
fn a_tone_peaks_in_its_band_and_silence_is_flat() {
    // 1000 Hz is mel 15 of 45.25 on Slaney's scale: band 15 / 45.25 * 81 - 1 = 25.9.
    let loud = features(&tone(1000.0, 128_000));
    let row = &loud[400 * BANDS..][..BANDS];
    let peak = (0..BANDS).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    assert_eq!(peak, Some(26), "{row:?}");
    // 80 dB below the peak is 2 below it after scaling.
    let spread = loud.iter().fold(0.0_f32, |spread, &x| spread.max(row[26] - x));
    assert!(spread <= 2.01, "{spread}");
    // An empty window has the power 1e-10 everywhere: (-10 + 4) / 4.
    assert!(features(&[]).iter().all(|&x| x == -1.5));
}
