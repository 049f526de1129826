//! The decoder against rten on real latents, and in pieces against itself.

mod conv;
mod network;

use std::fs::File;

use rten_onnx::onnx::ModelProto;

use super::{Decoder, Stream};
use crate::{
    frames::Frames,
    tests::vits::{LATENT, TEXT, file, latent, load},
};

fn decoder() -> Decoder {
    let model = ModelProto::parse_file(File::open(file("onnx")).unwrap()).unwrap();
    Decoder::plan(&model.graph.unwrap(), LATENT, "output").unwrap()
}

/// The samples of a latent that comes in pieces of so many frames, over and over.
fn decode(decoder: &Decoder, latent: &Frames, pieces: &[usize]) -> Vec<f32> {
    let mut stream = Stream::default();
    let (mut samples, mut start) = (Vec::new(), 0);
    for piece in pieces.iter().cycle() {
        let end = (start + piece).min(latent.len());
        let last = end == latent.len();
        samples.extend(decoder.push(&mut stream, &latent.slice(start..end), last));
        if last {
            return samples;
        }
        start = end;
    }
    samples
}

#[test]
fn it_makes_of_real_latents_what_rten_makes() {
    let (vits, config) = load(None);
    let decoder = decoder();
    assert_eq!(decoder.hop(), vits.hop());
    for text in ["yes", "good morning", TEXT] {
        let latent = latent(&vits, &config, text);
        let reference = vits.decode(latent.clone()).unwrap();
        let own = decode(&decoder, &latent, &[latent.len()]);
        assert_eq!(own.len(), reference.len(), "{text}");
        let worst = own.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-4, "{text}: {worst}");
    }
}

#[test]
fn pieces_of_any_size_join_to_exactly_the_whole() {
    let (vits, config) = load(None);
    let decoder = decoder();
    let latent = latent(&vits, &config, "good morning");
    let whole = decode(&decoder, &latent, &[latent.len()]);
    for pieces in [&[1][..], &[28, 60, 100], &[7, 1, 40]] {
        assert!(decode(&decoder, &latent, pieces) == whole, "in pieces of {pieces:?}");
    }
}

#[test]
fn phrases_may_take_turns() {
    let (vits, config) = load(None);
    let decoder = decoder();
    let [one, other] = ["yes", "good morning"].map(|text| latent(&vits, &config, text));
    let [mut stream, mut beside] = [Stream::default(), Stream::default()];
    let mut samples = decoder.push(&mut stream, &one.slice(0..20), false);
    decoder.push(&mut beside, &other, false);
    samples.extend(decoder.push(&mut stream, &one.slice(20..one.len()), true));
    assert!(samples == decode(&decoder, &one, &[one.len()]));
}
