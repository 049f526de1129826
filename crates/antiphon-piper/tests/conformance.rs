//! The rules of the port, and what else is promised, on the real voice.
#![expect(clippy::unwrap_used, reason = "this is a test")]

use antiphon_core::Code;
use antiphon_models::{Quiet, Store};
use antiphon_piper::{Piper, PiperOptions, Speech};
use antiphon_tts::{Tts as _, TtsRequest, conformance};

fn joe(steady: bool) -> Piper {
    let model = Store::open_default().unwrap().ensure("piper-joe", &mut Quiet).unwrap();
    let onnx = model.file("en_US-joe-medium.onnx").unwrap();
    let config = model.file("en_US-joe-medium.onnx.json").unwrap();
    Piper::load(&onnx, &config, &PiperOptions { steady, ..PiperOptions::default() }).unwrap()
}

fn say(text: &str) -> TtsRequest {
    TtsRequest { text: text.to_owned(), voice: None, rate: 1.0 }
}

/// Root mean square of some samples.
fn level(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|s| f64::from(*s).powi(2)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

#[tokio::test]
async fn the_voice_conforms() {
    conformance::check(&joe(false)).await;
}

#[tokio::test]
async fn the_steady_voice_conforms_and_stops_when_dropped() {
    let joe = joe(true);
    conformance::check(&joe).await;
    conformance::a_dropped_speech_stops(&joe, &|| joe.steps()).await;
}

#[test]
fn silence_at_both_ends_is_short_and_no_word_is_cut_off() {
    let joe = joe(true);
    for text in ["Yes.", "Half past six, please.", "The fifth sixth."] {
        let Speech { samples, rate_hz, words } = joe.synthesise(say(text)).unwrap();
        let ms = |n: usize| n * 1000 / rate_hz as usize;
        let loud = |s: &i16| s.unsigned_abs() > 100;
        let lead = ms(samples.iter().position(loud).unwrap());
        let tail = ms(samples.iter().rev().position(loud).unwrap());
        assert!(lead <= 100, "{text}: {lead} ms of silence before the first sound");
        assert!(tail <= 250, "{text}: {tail} ms of silence after the last sound");
        let last = words.last().unwrap().samples.end as usize;
        assert!(last <= samples.len(), "{text}: {last} of {}", samples.len());
    }
}

#[test]
fn words_sound_where_their_timings_say() {
    let joe = joe(true);
    // A pause of the voice lies between two words; the words beside it are far louder.
    let Speech { samples, words, .. } = joe.synthesise(say("Stop. Go home. Stop.")).unwrap();
    for pair in words.windows(2) {
        let [one, next] = pair else { continue };
        let within = level(&samples[one.samples.start as usize..one.samples.end as usize]);
        assert!(within > 300.0, "{one:?} has a level of {within:.0}");
        let gap = one.samples.end as usize..next.samples.start as usize;
        if gap.len() > 1000 {
            let middle = level(&samples[gap.start + 300..gap.end - 300]);
            assert!(middle < within / 2.0, "{gap:?} has {middle:.0}, the word {within:.0}");
        }
    }
}

#[test]
fn what_several_words_stand_for_is_timed_once() {
    let text = "It is $3.50 at 7:30.";
    let words = joe(true).synthesise(say(text)).unwrap().words;
    let said: Vec<&str> = words.iter().map(|w| &text[w.text.clone()]).collect();
    assert_eq!(said, ["It", "is", "$3.50", "at", "7:30"]);
}

#[tokio::test]
async fn too_much_text_is_refused_with_figures() {
    let refused = joe(true).speak(say(&"word ".repeat(3000))).await;
    let error = refused.err().unwrap();
    assert_eq!(error.code(), Code::InvalidInput);
    assert!(error.detail().contains("15000"), "{}", error.detail());
}

#[tokio::test]
async fn requests_beyond_the_bound_are_refused_and_later_ones_taken() {
    let joe = joe(true);
    let mut speeches = Vec::new();
    let refused = loop {
        match joe.speak(say("A line that nobody listens to.")).await {
            Ok(speech) => speeches.push(speech),
            Err(error) => break error,
        }
        assert!(speeches.len() <= 33, "{} requests wait", speeches.len());
    };
    assert_eq!(refused.code(), Code::Unavailable);
    drop(speeches);
    while joe.speak(say("Yes.")).await.is_err() {
        tokio::task::yield_now().await;
    }
}
