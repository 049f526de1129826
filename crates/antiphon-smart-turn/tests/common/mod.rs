//! The model and the recordings, from the model store.
#![expect(clippy::unwrap_used, reason = "a test without its model must fail")]

use std::path::PathBuf;

use antiphon_audio::resample;
use antiphon_core::SPEECH_RATE_HZ;
use antiphon_models::{Quiet, Store};
use antiphon_smart_turn::SmartTurn;

pub(crate) fn smart_turn() -> SmartTurn {
    SmartTurn::load(file("smart-turn", "smart-turn-v3.2-cpu.onnx")).unwrap()
}

/// Samples of a recording, brought to 16 kHz.
pub(crate) fn recording(name: &str) -> Vec<i16> {
    let mut wav = hound::WavReader::open(file("stt-recordings", name)).unwrap();
    let samples: Vec<i16> = wav.samples().map(Result::unwrap).collect();
    resample(&samples, wav.spec().sample_rate, SPEECH_RATE_HZ).unwrap()
}

fn file(model: &str, name: &str) -> PathBuf {
    Store::open_default().unwrap().ensure(model, &mut Quiet).unwrap().file(name).unwrap()
}
