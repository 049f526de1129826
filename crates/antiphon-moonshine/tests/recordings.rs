//! The real models on real recordings: conversion, texts, the port's rules, cancellation.
#![expect(clippy::unwrap_used, reason = "this is a test")]

use std::{cell::Cell, path::PathBuf};

use antiphon_audio::{read_wav, resample};
use antiphon_core::{Code, SPEECH_RATE_HZ};
use antiphon_models::{Quiet, Store};
use antiphon_moonshine::{Moonshine, MoonshineConfig, MoonshineStt, convert};
use antiphon_stt::{Stt as _, SttEvent, SttInput, SttRequest, Transcript, conformance, wer::Wer};
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

const BECKETT: &str = "Ever tried, ever failed, no matter, try again, fail again, fail better.";

/// What is read in the recording of Dickens.
const TWO_CITIES: &str = "It was the best of times, it was the worst of times, it was the age of \
    wisdom, it was the age of foolishness, it was the epoch of belief, it was the epoch of \
    incredulity, it was the season of light, it was the season of darkness, it was the spring of \
    hope, it was the winter of despair. We had everything before us, we had nothing before us, we \
    were all going direct to heaven, we were all going direct the other way. In short, the period \
    was so far like the present period that some of its noisiest authorities insisted on its \
    being received, for good or for evil, in the superlative degree of comparison only.";

fn store() -> Store {
    Store::open_default().unwrap().with_converter("moonshine", convert)
}

/// A model's folder, with the published files and the converted one.
fn folder(name: &str) -> PathBuf {
    store().ensure(name, &mut Quiet).unwrap().dir().to_owned()
}

fn model(name: &str) -> Moonshine {
    Moonshine::load(&folder(name).join("moonshine.bin")).unwrap()
}

fn tiny() -> MoonshineStt {
    MoonshineStt::start(model("moonshine-tiny"), MoonshineConfig::default()).unwrap()
}

/// Samples of a recording, brought to 16 kHz.
fn recording(name: &str) -> Vec<i16> {
    let file = store().ensure("stt-recordings", &mut Quiet).unwrap().file(name).unwrap();
    let (samples, rate_hz) = read_wav(&file).unwrap();
    resample(&samples, rate_hz, SPEECH_RATE_HZ).unwrap()
}

fn transcribe(model: &Moonshine, pcm: &[i16]) -> String {
    model.transcribe(pcm, &|| false).unwrap()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn conversion_gives_the_same_file_every_time() {
    for name in ["moonshine-tiny", "moonshine-base"] {
        let (folder, temp) = (folder(name), tempfile::tempdir().unwrap());
        let again = temp.path().join("again.bin");
        convert(&folder, &again).unwrap();
        let read = |path| std::fs::read(path).unwrap();
        assert!(read(again) == read(folder.join("moonshine.bin")), "{name}");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "something is left over");
    }
}

#[test]
fn files_of_something_else_are_refused() {
    let (folder, temp) = (folder("moonshine-tiny"), tempfile::tempdir().unwrap());
    let out = temp.path().join("out.bin");
    let code = || convert(temp.path(), &out).unwrap_err().code();
    assert_eq!(code(), Code::Storage, "there are no files");
    let names = ["encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"];
    for name in names {
        std::fs::copy(folder.join(name), temp.path().join(name)).unwrap();
    }
    assert!(convert(temp.path(), &out).is_ok(), "the control");
    for name in &names[..2] {
        let whole = std::fs::read(folder.join(name)).unwrap();
        for len in [0, 7, 1_000, whole.len() / 2] {
            std::fs::write(temp.path().join(name), &whole[..len]).unwrap();
            assert_eq!(code(), Code::Corrupt, "{len} bytes of {name}");
        }
        std::fs::write(temp.path().join(name), whole).unwrap();
    }
    let error = Moonshine::load(&folder.join("tokenizer.bin")).unwrap_err();
    assert_eq!(error.code(), Code::Corrupt);
}

#[test]
fn both_models_understand_a_sentence() {
    let speech = recording("beckett.wav");
    for name in ["moonshine-tiny", "moonshine-base"] {
        let text = transcribe(&model(name), &speech);
        assert_eq!(Wer::of(BECKETT, &text).errors, 0, "{name}: {text}");
    }
}

#[test]
fn the_same_audio_gives_the_same_text_and_silence_none() {
    let (model, speech) = (model("moonshine-tiny"), recording("beckett.wav"));
    assert_eq!(transcribe(&model, &speech), BECKETT);
    assert_eq!(transcribe(&model, &speech), BECKETT);
    let quiet = vec![0; SPEECH_RATE_HZ as usize];
    for silence in [&[][..], &quiet, &speech[..100]] {
        assert_eq!(transcribe(&model, silence), "");
    }
}

#[test]
fn endless_noise_ends() {
    let model = model("moonshine-tiny");
    let mut seed = 1_u32;
    let noise: Vec<i16> = std::iter::repeat_with(|| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as u16 as i16
    })
    .take(40 * SPEECH_RATE_HZ as usize)
    .collect();
    // At most 30 seconds are decoded, to at most 6.5 tokens a second.
    let steps = Cell::new(0);
    let count = || {
        steps.set(steps.get() + 1);
        false
    };
    model.transcribe(&noise, &count).unwrap();
    assert!(steps.get() < 300, "{} steps", steps.get());
}

#[test]
fn cancelling_takes_effect_at_the_next_step() {
    let (model, speech) = (model("moonshine-tiny"), recording("beckett.wav"));
    for allowed in [0, 1, 5, 13, 20] {
        let steps = Cell::new(0);
        let error = model.transcribe(&speech, &|| {
            steps.set(steps.get() + 1);
            steps.get() > allowed
        });
        assert_eq!(error.unwrap_err().code(), Code::Cancelled);
        assert_eq!(steps.get(), allowed + 1);
    }
}

#[test]
fn the_engine_conforms() {
    let (engine, speech) = (tiny(), recording("beckett.wav"));
    let sentence = &speech[..6 * SPEECH_RATE_HZ as usize];
    block_on(conformance::check(&engine, sentence));
    let steps = || engine.steps();
    block_on(conformance::a_dropped_transcription_stops(&engine, sentence, &steps));
}

/// The events of a recording that comes frame by frame, each only once the engine has done what
/// it wanted to do before.
async fn at_leisure(engine: &MoonshineStt, pcm: &[i16]) -> Vec<SttEvent> {
    let frames: Vec<_> = pcm.chunks(320).map(|c| SttInput::Audio(c.to_vec())).collect();
    let patient = stream::iter(frames).then({
        let engine = engine.clone();
        move |frame| {
            let engine = engine.clone();
            async move {
                while !engine.is_idle() {
                    tokio::task::yield_now().await;
                }
                frame
            }
        }
    });
    let output = engine.transcribe(SttRequest::default(), Box::pin(patient)).await.unwrap();
    output.map(Result::unwrap).collect().await
}

#[test]
fn a_long_reading_is_cut_into_segments_and_none_is_lost() {
    let (engine, speech) = (tiny(), recording("two_cities.wav"));
    let events = block_on(at_leisure(&engine, &speech));
    let mut transcript = Transcript::default();
    events.iter().for_each(|e| transcript.apply(e));
    let errors = Wer::of(TWO_CITIES, &transcript.final_text());
    assert!(errors.rate() < 0.1, "{:.3}: {}", errors.rate(), transcript.final_text());
    let segments = events.iter().filter(|e| matches!(e, SttEvent::Final { .. })).count();
    assert!((3..=5).contains(&segments), "{segments} segments of 44 seconds");
}

#[test]
fn interim_texts_run_ahead_of_the_final_one() {
    let (engine, speech) = (tiny(), recording("beckett.wav"));
    let events = block_on(at_leisure(&engine, &speech));
    let words = |e: &SttEvent| match e {
        SttEvent::Interim { text, .. } | SttEvent::Final { text, .. } => text.split(' ').count(),
        SttEvent::Flushed { .. } | SttEvent::EndOfTurn => 0,
    };
    let [interims @ .., SttEvent::Final { segment: 0, text }] = events.as_slice() else {
        unreachable!("the last event is not a final text: {events:?}");
    };
    assert_eq!(Wer::of(BECKETT, text).errors, 0, "{text}");
    assert!(interims.len() >= 5, "{events:?}");
    assert!(interims.iter().all(|e| matches!(e, SttEvent::Interim { .. })));
    assert!(interims.iter().map(words).is_sorted());
}

#[test]
fn a_pause_is_decoded_before_the_flush_asks_for_it() {
    let (engine, speech) = (tiny(), recording("beckett.wav"));
    block_on(async {
        let (input, inbox) = mpsc::channel(4);
        let inbox = stream::unfold(inbox, |mut i| async move { Some((i.recv().await?, i)) });
        let mut output = engine.transcribe(SttRequest::default(), Box::pin(inbox)).await.unwrap();
        let silence = vec![0; SPEECH_RATE_HZ as usize / 5];
        input.send(SttInput::Audio([&speech[..], &silence].concat())).await.unwrap();
        let decoded = async {
            while engine.steps() == 0 || !engine.is_idle() {
                tokio::task::yield_now().await;
            }
        };
        tokio::pin!(decoded);
        let mut events = vec![];
        loop {
            tokio::select! {
                () = &mut decoded => break,
                event = output.next() => events.push(event.unwrap().unwrap()),
            }
        }
        let before = engine.steps();
        input.send(SttInput::Flush { marker: 1 }).await.unwrap();
        while events.last() != Some(&SttEvent::Flushed { marker: 1 }) {
            events.push(output.next().await.unwrap().unwrap());
        }
        assert_eq!(engine.steps(), before, "the flush is answered without work");
        let right = |e: &SttEvent| match e {
            SttEvent::Final { text, .. } => Wer::of(BECKETT, text).errors == 0,
            SttEvent::Interim { .. } | SttEvent::Flushed { .. } | SttEvent::EndOfTurn => false,
        };
        assert!(events.iter().any(right), "{events:?}");
    });
}
