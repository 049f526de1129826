//! The cuts through the real graph: what comes out in windows is what comes out at once.

use std::path::PathBuf;

use antiphon_models::{Quiet, Store};

use crate::{
    config::VoiceConfig,
    decoding::Decoding,
    frames::Frames,
    graph::{self, Cuts},
    phonemes::{Phonemes, shortest},
    vits::{Manner, Sound, Vits},
};

pub(crate) const TEXT: &str = "the doctor has an opening on thursday at half past seven, or would you rather \
    come in the week after that?";

/// The latent's value in the graphs Piper exports, which is found as well.
pub(crate) const LATENT: &str = "/Mul_7_output_0";

pub(crate) fn file(extension: &str) -> PathBuf {
    let joe = Store::open_default().unwrap().ensure("piper-joe", &mut Quiet).unwrap();
    joe.file(&format!("en_US-joe-medium.{extension}")).unwrap()
}

pub(crate) fn load(latent: Option<&str>) -> (Vits, VoiceConfig) {
    let config = VoiceConfig::read(&file("onnx.json")).unwrap();
    let onnx = file("onnx");
    (Vits::load(&onnx, latent, 1, &shortest(&config)).unwrap(), config)
}

#[test]
fn the_cuts_are_found() {
    let cuts = Cuts::among(&graph::read(&file("onnx")).unwrap().node);
    assert_eq!(cuts.latent.as_deref(), Some(LATENT));
    assert_eq!(cuts.durations.as_deref(), Some("/Ceil_output_0"));
    assert!(cuts.flow.is_some());
    let (vits, _) = load(None);
    assert!(vits.streams() && vits.has_durations());
    assert_eq!(vits.hop(), 256);
}

#[test]
fn windows_join_to_what_the_graph_makes_at_once() {
    let (vits, config) = load(None);
    let phonemes = Phonemes::of(TEXT, &config).unwrap();
    assert_eq!(phonemes.unknown, 0, "symbols without an id");
    // Without chance: two runs of the encoder would differ otherwise.
    let manner = Manner { scales: config.scales(1.0, true), speaker: 0 };
    let encoded = vits.encode(&phonemes.ids, manner).unwrap();
    let Sound::Prior(prior) = &encoded.sound else { panic!("the graph was not cut") };
    assert_eq!(encoded.durations.iter().sum::<u64>(), prior.len() as u64);

    let whole = vits.decode(vits.flow(prior.clone()).unwrap()).unwrap();
    let decibels = difference(&in_windows(&vits, encoded.sound), &whole);
    assert!(decibels < -55.0, "windows differ from the whole by {decibels:.1} dB");
    println!("{decibels:.1} dB");
}

#[test]
fn the_first_window_is_short_and_sounds() {
    let (vits, config) = load(None);
    let mut decoding = Decoding::new(Sound::Latent(latent(&vits, &config, TEXT)));
    let frames = decoding.next(&vits).unwrap().len() / vits.hop();
    assert!((16..=20).contains(&frames), "{frames} frames in the first window");
}

#[test]
fn a_decoder_left_to_rten_is_run_in_windows_with_context() {
    let (mut vits, config) = load(None);
    assert!(vits.decoder.take().is_some(), "the decoder is not our own");
    let latent = latent(&vits, &config, TEXT);
    let whole = vits.decode(latent.clone()).unwrap();
    let decibels = difference(&in_windows(&vits, Sound::Latent(latent)), &whole);
    assert!((-90.0..-55.0).contains(&decibels), "windows differ by {decibels:.1} dB");
}

#[test]
fn a_latent_without_its_prior_is_decoded_as_well() {
    let (vits, config) = load(None);
    let latent = latent(&vits, &config, "good morning");
    let joined = in_windows(&vits, Sound::Latent(latent.clone()));
    assert_eq!(joined.len(), latent.len() * vits.hop());
}

/// All samples, a window at a time.
fn in_windows(vits: &Vits, sound: Sound) -> Vec<f32> {
    let mut decoding = Decoding::new(sound);
    let mut joined = Vec::new();
    while !decoding.is_done() {
        joined.extend(decoding.next(vits).unwrap());
    }
    joined
}

/// How far `joined` is from as many samples of `whole`, in decibels of its power.
fn difference(joined: &[f32], whole: &[f32]) -> f64 {
    assert_eq!(joined.len(), whole.len());
    let power = |of: &mut dyn Iterator<Item = f32>| of.map(|x| f64::from(x).powi(2)).sum::<f64>();
    let error = power(&mut joined.iter().zip(whole).map(|(a, b)| a - b));
    10.0 * (error / power(&mut whole.iter().copied())).log10()
}

/// The whole latent of a text, without chance.
pub(crate) fn latent(vits: &Vits, config: &VoiceConfig, text: &str) -> Frames {
    let phonemes = Phonemes::of(text, config).unwrap();
    let manner = Manner { scales: config.scales(1.0, true), speaker: 0 };
    let Sound::Prior(prior) = vits.encode(&phonemes.ids, manner).unwrap().sound else {
        panic!("the graph was not cut")
    };
    vits.flow(prior).unwrap()
}
