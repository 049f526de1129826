//! Tests of the telephone codec, over every code and every sample.

use crate::G711;

const LAWS: [G711; 2] = [G711::MuLaw, G711::ALaw];

/// The standard's tables 1 and 2, as 16-bit samples: code, sample decoded.
#[test]
fn codes_mean_what_the_standard_says() {
    let mu_law = [(0xff, 0), (0xfe, 8), (0xf0, 120), (0xef, 132), (0xdf, 396), (0x8f, 16_764)];
    for (code, sample) in mu_law.into_iter().chain([(0x80, 32_124), (0x7e, -8), (0x00, -32_124)]) {
        assert_eq!(G711::MuLaw.decode(code), sample, "{code:#x}");
    }
    let a_law = [(0xd5, 8), (0xd4, 24), (0xda, 248), (0xc5, 264), (0xf5, 528), (0xa5, 16_896)];
    for (code, sample) in a_law.into_iter().chain([(0xaa, 32_256), (0x55, -8), (0x2a, -32_256)]) {
        assert_eq!(G711::ALaw.decode(code), sample, "{code:#x}");
    }
}

#[test]
fn every_code_survives_being_decoded_and_encoded() {
    for code in 0..=255 {
        assert_eq!(G711::ALaw.encode(G711::ALaw.decode(code)), code, "{code:#x}");
        // µ-law has two zeros; the negative one is not produced by a sample.
        let expected = if code == 0x7f { 0xff } else { code };
        assert_eq!(G711::MuLaw.encode(G711::MuLaw.decode(code)), expected, "{code:#x}");
    }
}

/// Decision values are not midway between two codes where a segment ends, but a code is never
/// further away than half a step of its own segment.
#[test]
fn every_sample_is_within_half_a_step_of_its_code() {
    for sample in i16::MIN..=i16::MAX {
        for (law, largest) in [(G711::MuLaw, 32_636), (G711::ALaw, 32_768)] {
            let code = law.encode(sample);
            let error = (i32::from(law.decode(code)) - i32::from(sample)).abs();
            let half = match law {
                G711::MuLaw => 4 << (!code >> 4 & 7),
                G711::ALaw => 8 << ((code ^ 0x55) >> 4 & 7).saturating_sub(1),
            };
            // Ones' complement moves a negative sample by one.
            let half = half + i32::from(sample < 0);
            let clipped = (i32::from(sample).abs() - largest).max(0);
            assert!(error <= half + clipped, "{law:?} {sample}: {error}");
        }
    }
}

#[test]
fn louder_is_never_encoded_as_softer() {
    for law in LAWS {
        let decoded: Vec<i16> = (i16::MIN..=i16::MAX).map(|s| law.decode(law.encode(s))).collect();
        assert!(decoded.is_sorted(), "{law:?}");
        let levels = decoded.chunk_by(PartialEq::eq).count();
        assert_eq!(levels, if law == G711::MuLaw { 255 } else { 256 }, "{law:?}");
    }
}

#[test]
fn speech_level_noise_has_the_distance_telephones_have() {
    // ITU-T G.712 asks for 33 dB over a wide range of levels.
    let mut noise = vec![0i16; 48_000];
    crate::RoomNoise::new(8_000, -20.0, 1).fill(&mut noise);
    for law in LAWS {
        let power = |v: f64| v * v;
        let signal: f64 = noise.iter().map(|s| power(f64::from(*s))).sum();
        let error = |s: &i16| f64::from(law.decode(law.encode(*s))) - f64::from(*s);
        let distortion: f64 = noise.iter().map(|s| power(error(s))).sum();
        let snr = 10.0 * (signal / distortion).log10();
        assert!(snr > 33.0, "{law:?}: {snr:.1} dB");
    }
}
