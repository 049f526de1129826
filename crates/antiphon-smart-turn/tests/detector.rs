//! The detector on real recordings: the port's rules, and whether it knows an end when it hears
//! one.

mod common;

use antiphon_core::Code;
use antiphon_turn::{TurnContext, TurnDetector, conformance};
use futures_util::FutureExt;

use common::{recording, smart_turn};

fn context(audio: &[i16]) -> TurnContext {
    TurnContext { audio: audio.to_vec(), ..TurnContext::default() }
}

#[tokio::test]
async fn the_detector_conforms() {
    conformance::check(&smart_turn()).await;
}

#[tokio::test]
async fn a_finished_sentence_is_finished_and_a_broken_one_is_not() {
    let detector = smart_turn();
    // Where a sentence is over, and a place within its last words, in seconds.
    let sentences = [
        ("beckett.wav", 2.82, 2.32),
        ("beckett.wav", 8.86, 8.36),
        ("two_cities.wav", 4.64, 4.14),
        ("two_cities.wav", 28.35, 27.85),
    ];
    for (name, end, middle) in sentences {
        let reading = recording(name);
        let upto = |seconds: f64| &reading[..(seconds * 16_000.0) as usize];
        // Asked as in a conversation: after 0.2 s of silence.
        let finished = detector.predict(context(upto(end + 0.2))).await.unwrap();
        let broken = detector.predict(context(upto(middle))).await.unwrap();
        assert!(finished > 0.5, "{name} up to {end} s: {finished:.3}");
        assert!(broken < 0.2, "{name} up to {middle} s: {broken:.3}");
    }
}

#[tokio::test]
async fn only_the_last_eight_seconds_count() {
    let detector = smart_turn();
    let reading = recording("two_cities.wav");
    let long = detector.predict(context(&reading[..20 * 16_000])).await.unwrap();
    let last = detector.predict(context(&reading[12 * 16_000..20 * 16_000])).await.unwrap();
    assert_eq!(long, last);
}

#[tokio::test]
async fn a_full_mailbox_refuses_and_empties_again() {
    let detector = smart_turn();
    // More than may wait, plus the one being worked on; none is polled to its end.
    let mut predictions: Vec<_> =
        (0..32).map(|_| Box::pin(detector.predict(context(&[])))).collect();
    let mut refused = 0;
    for prediction in &mut predictions {
        if let Some(Err(error)) = prediction.now_or_never() {
            assert_eq!(error.code(), Code::Unavailable);
            refused += 1;
        }
    }
    assert!((1..=24).contains(&refused), "{refused} of 32 refused");
    drop(predictions);
    let spoken = recording("beckett.wav");
    while detector.predict(context(&spoken)).await.is_err() {
        tokio::task::yield_now().await;
    }
}
