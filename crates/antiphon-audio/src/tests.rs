//! Tests of the audio helpers.

mod g711;
mod jitter;
mod playout;
mod wav;

use crate::{Resampler, RoomNoise, resample};

fn sine(rate: u32, hz: f64, n: usize) -> Vec<i16> {
    let step = std::f64::consts::TAU * hz / f64::from(rate);
    (0..n).map(|i| (10_000.0 * (step * i as f64).sin()).round() as i16).collect()
}

#[test]
fn a_sine_survives_every_ratio() {
    for (from, to) in [
        (22_050, 24_000),
        (24_000, 16_000),
        (48_000, 16_000),
        (8_000, 16_000),
        (26_901, 24_000),
        (44_100, 16_000),
    ] {
        let out = resample(&sine(from, 440.0, from as usize), from, to).unwrap();
        let want = sine(to, 440.0, to as usize);
        assert!(out.len().abs_diff(want.len()) <= 1, "{from}->{to}: {}", out.len());
        let middle = 2_000..out.len() - 2_000;
        let err: f64 = middle.clone().map(|i| f64::from(out[i] - want[i]).powi(2)).sum();
        let sig: f64 = middle.map(|i| f64::from(want[i]).powi(2)).sum();
        let snr = 10.0 * (sig / err).log10();
        assert!(snr > 50.0, "{from}->{to}: {snr:.1} dB");
    }
}

#[test]
fn what_cannot_be_represented_is_removed() {
    let out = resample(&sine(48_000, 11_000.0, 48_000), 48_000, 16_000).unwrap();
    assert!(out.iter().skip(500).take(15_000).all(|s| s.abs() < 20));
}

#[test]
fn blocks_of_any_size_give_the_same() {
    let input = sine(22_050, 1_000.0, 5_000);
    let whole = resample(&input, 22_050, 24_000).unwrap();
    for size in [1, 7, 441, 4_999] {
        let mut r = Resampler::new(22_050, 24_000).unwrap();
        let mut out = Vec::new();
        for block in input.chunks(size) {
            r.process(block, &mut out);
        }
        r.finish(&mut out);
        assert_eq!(out, whole, "{size}");
    }
}

#[test]
fn room_noise_has_the_level_asked_for() {
    let mut frame = vec![0; 96_000];
    RoomNoise::new(24_000, -50.0, 3).fill(&mut frame);
    let mean: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 96_000.0;
    let dbfs = 10.0 * (mean / 32_768f64.powi(2)).log10();
    assert!((dbfs + 50.0).abs() < 1.5, "{dbfs}");
}
