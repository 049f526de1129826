//! The voice: how soon it sounds, and how much faster than speech it is made.

use antiphon::{
    Result,
    piper::{Piper, PiperOptions},
    tts::{Tts as _, TtsEvent, TtsRequest},
};
use futures_util::StreamExt as _;

use super::Bench;
use crate::{
    figures::{Figure, median},
    machine::Watch,
    report::Report,
};

/// Eight words: a usual first clause.
const CLAUSE: &str = "The next ferry leaves at nine this evening.";

/// A long answer.
const ANSWER: &str = "The restaurant opens at half past eleven in the morning, and the kitchen \
    stays open until nine in the evening, except on Mondays, when everybody rests.";

/// What a synthesis took, in seconds.
struct Spoken {
    first_wall: f64,
    first_cpu: f64,
    /// Processor time per second of audio.
    factor: f64,
}

pub(super) fn measure(bench: &Bench, report: &mut Report) -> Result<()> {
    let model = bench.model("piper-joe")?;
    let latent_node = model.spec().engine.get("latent_node").cloned();
    let voice = Piper::load(
        &model.file("en_US-joe-medium.onnx")?,
        &model.file("en_US-joe-medium.onnx.json")?,
        &PiperOptions { latent_node, steady: true, ..PiperOptions::default() },
    )?;
    let rounds = report.rounds(9, 1);
    let short = spoken(bench, &voice, CLAUSE, rounds)?;
    let long = spoken(bench, &voice, ANSWER, report.rounds(5, 1))?;
    let of = |all: &[Spoken], f: fn(&Spoken) -> f64| median(&all.iter().map(f).collect::<Vec<_>>());
    let how = format!("from the request to the first audio of {CLAUSE:?}; median of {rounds}");
    let (wall, cpu) = (of(&short, |s| s.first_wall), of(&short, |s| s.first_cpu));
    report.add(Figure::timed("Piper, first of eight words", wall, "s").at_most(0.10).how(how));
    let figure = Figure::timed("Piper, first of eight words, processor time", cpu, "s");
    report.add(figure.at_most(0.10).how("the same requests"));
    let how = "processor time per second of audio, one sentence of 26 words";
    let factor = Figure::timed("Piper, real-time factor", of(&long, |s| s.factor), "");
    report.add(factor.at_most(0.16).how(how));
    Ok(())
}

/// The same text again and again; the first time does not count.
fn spoken(bench: &Bench, voice: &Piper, text: &str, rounds: usize) -> Result<Vec<Spoken>> {
    let all: Result<Vec<_>> =
        (0..=rounds).map(|_| bench.runtime.block_on(speak(voice, text))).collect();
    Ok(all?.split_off(1))
}

async fn speak(voice: &Piper, text: &str) -> Result<Spoken> {
    let rate_hz = f64::from(voice.capabilities().rate_hz);
    let request = TtsRequest { text: text.to_owned(), voice: None, rate: 1.0 };
    let watch = Watch::start();
    let mut events = voice.speak(request).await?;
    let (mut first, mut samples) = (None, 0);
    while let Some(event) = events.next().await {
        if let TtsEvent::Audio(piece) = event? {
            first.get_or_insert_with(|| watch.took());
            samples += piece.len();
        }
    }
    let (whole, first) = (watch.took(), first.unwrap_or_else(|| watch.took()));
    let factor = whole.cpu * rate_hz / samples as f64;
    Ok(Spoken { first_wall: first.wall, first_cpu: first.cpu, factor })
}
