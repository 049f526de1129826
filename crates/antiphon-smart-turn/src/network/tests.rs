//! The network against an inference engine that follows the file's graph, in floating point.

use antiphon_models::{Quiet, Store};
use rten_tensor::{NdTensor, prelude::*};

use super::{Network, Scratch};
use crate::mel::{BANDS, FRAMES, LogMel};

fn onnx() -> Vec<u8> {
    let model = Store::open_default().unwrap().ensure("smart-turn", &mut Quiet).unwrap();
    std::fs::read(model.file("smart-turn-v3.2-cpu.onnx").unwrap()).unwrap()
}

/// The features of a reading of Dickens, up to ten places.
fn features() -> Vec<Vec<f32>> {
    let recordings = Store::open_default().unwrap().ensure("stt-recordings", &mut Quiet).unwrap();
    let mut wav = hound::WavReader::open(recordings.file("two_cities.wav").unwrap()).unwrap();
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    let reading = antiphon_audio::resample(&samples, wav.spec().sample_rate, 16_000).unwrap();
    let mut mel = LogMel::new();
    let up_to = |seconds: usize| {
        let mut features = vec![0.0; FRAMES * BANDS];
        mel.extract(&reading[..seconds * 16_000], &mut features);
        features
    };
    [1, 3, 5, 7, 9, 13, 17, 21, 28, 34].map(up_to).into()
}

/// Disturbed inputs per place.
const VARIANTS: u32 = 4;

/// Relative size of the disturbances: what reordering a sum of floats does.
const LAST_BITS: f32 = 1e-6;

/// The features with every value disturbed in its last bits, differently for each `seed`.
fn disturbed(features: &[f32], seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_769);
    let mut sign = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state & 0x8000_0000 == 0 { 1.0 } else { -1.0 }
    };
    features.iter().map(|x| x * (1.0 + LAST_BITS * sign())).collect()
}

struct Engine(rten::Model);

impl Engine {
    fn probability(&self, features: Vec<f32>) -> f32 {
        let features = NdTensor::from_data([1, FRAMES, BANDS], features);
        let input = (self.0.input_ids()[0], features.permuted([0, 2, 1]).into());
        let [output] = self.0.run_n(vec![input], [self.0.output_ids()[0]], None).unwrap();
        let output: NdTensor<f32, 2> = output.try_into().unwrap();
        output[[0, 0]]
    }
}

/// A difference in the last bit of a float becomes a whole step of 256 wherever it falls on the
/// edge between two, so the engine itself answers differently to inputs that differ only there.
/// That is the control: we may be no further from its answer than it is from itself.
#[test]
fn probabilities_differ_from_an_inference_engine_no_more_than_it_does_from_itself() {
    let onnx = onnx();
    let network = Network::from_onnx(&onnx).unwrap();
    let engine = Engine(rten::Model::load(onnx).unwrap());
    let mut scratch = Scratch::new();
    let (mut distance, mut spread, mut equal) = (0.0, 0.0, 0);
    let features = features();
    let places = features.len() as f32;
    for (n, features) in features.into_iter().enumerate() {
        let ours = network.probability(&features, &mut scratch, || true).unwrap();
        let others = (1..=VARIANTS).map(|seed| engine.probability(disturbed(&features, seed)));
        let others: Vec<f32> = others.collect();
        let theirs = engine.probability(features);
        distance += (ours - theirs).abs() / places;
        spread +=
            others.iter().map(|p| (p - theirs).abs()).sum::<f32>() / (places * VARIANTS as f32);
        let same = |p: &f32| (p - ours).abs() < 1e-6;
        equal += usize::from(same(&theirs) || others.iter().any(same));
        if (theirs - 0.5).abs() > 0.2 {
            assert_eq!(ours > 0.5, theirs > 0.5, "place {n}: {ours} instead of {theirs}");
        }
    }
    assert!(distance <= 1.5 * spread + 0.005, "{distance} apart, and the engine {spread}");
    // Where rounding falls the same way, so does everything: a wrong formula never gets there.
    assert!(equal >= 3, "only {equal} of {places} answers are among the engine's own");
}

#[test]
fn an_unwanted_prediction_stops() {
    let network = Network::from_onnx(&onnx()).unwrap();
    let asked = std::cell::Cell::new(0);
    let wanted = || asked.replace(asked.get() + 1) < 2;
    let silence = vec![0.0; FRAMES * BANDS];
    assert_eq!(network.probability(&silence, &mut Scratch::new(), wanted), None);
    assert_eq!(asked.get(), 3, "it went on after the answer was no");
}
