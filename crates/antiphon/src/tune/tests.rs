//! A trace from a scripted detector, and settings tried on it.

use std::time::Duration;

use antiphon_core::{Result, Timestamp};
use antiphon_turn::{EndpointingConfig, EndpointingMode, TurnContext, TurnDetector};
use antiphon_vad::{GateConfig, Vad};
use async_trait::async_trait;

use super::*;

/// Speech is what is loud.
struct Loud;

impl Vad for Loud {
    fn rate_hz(&self) -> u32 {
        16_000
    }

    fn frame_len(&self) -> usize {
        320
    }

    fn push(&mut self, frame: &[i16]) -> Result<f32> {
        Ok(if frame[0] == 0 { 0.0 } else { 1.0 })
    }

    fn reset(&mut self) {}
}

/// Says how much audio it was given, in tens of seconds.
struct Length;

#[async_trait]
impl TurnDetector for Length {
    async fn predict(&self, context: TurnContext) -> Result<f32> {
        Ok(context.audio.len() as f32 / 160_000.0)
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Loud and silent spans in turn, in milliseconds.
fn recording(spans: &[u64], turn_ends: &[u64]) -> Recording {
    let mut samples = Vec::new();
    for (n, span) in spans.iter().enumerate() {
        samples.extend(vec![if n % 2 == 0 { 0 } else { 9000 }; *span as usize * 16]);
    }
    let turn_ends = turn_ends.iter().copied().map(Timestamp::from_millis).collect();
    Recording::new("test", &samples, 16_000, turn_ends).unwrap()
}

async fn trace(recording: &Recording) -> Trace {
    let (vad, detector) = (&mut Loud, &Length);
    let mut engines =
        Listening { vad, gate: GateConfig::default(), detector, stt: None, language: None };
    listen(recording, &mut engines).await.unwrap()
}

fn pause(end: u64, resumed: Option<u64>, turn_end: Option<u64>, probability: f32) -> TracedPause {
    TracedPause {
        speech_end: Timestamp::from_millis(end),
        detected: Timestamp::from_millis(end + 200),
        resumed: resumed.map(|at| (Timestamp::from_millis(at), Timestamp::from_millis(at + 80))),
        turn_end: turn_end.map(Timestamp::from_millis),
        probability,
        trails_off: false,
    }
}

fn of(pauses: Vec<TracedPause>) -> [Trace; 1] {
    [Trace { pauses, unheard_ends: 0, answer: ms(20) }]
}

#[tokio::test(flavor = "current_thread")]
async fn a_recording_without_labels_ends_one_turn() {
    let trace = trace(&recording(&[1000, 1000, 400, 1000], &[])).await;
    let ends: Vec<_> = trace.pauses.iter().map(|p| p.turn_end).collect();
    assert_eq!(ends, [None, Some(Timestamp::from_millis(3400))]);
    assert_eq!(trace.pauses[0].resumed.unwrap().0, Timestamp::from_millis(2400));
}

#[tokio::test(flavor = "current_thread")]
async fn a_label_names_its_pause_and_the_detector_hears_one_turn() {
    let spans = [1000, 1000, 1000, 1000, 500, 1000, 1000];
    let trace = trace(&recording(&spans, &[1990, 5490])).await;
    let ends: Vec<_> = trace.pauses.iter().map(|p| p.turn_end.is_some()).collect();
    assert_eq!((ends, trace.unheard_ends), (vec![true, false, true], 0));
    // Half a second before the turn, the turn, and the silence the gate needs.
    let heard: Vec<_> = trace.pauses.iter().map(|p| (p.probability * 1e4).round() as u64).collect();
    assert_eq!(heard, [1700, 1700, 3200]);
}

#[test]
fn a_fixed_delay_cuts_off_what_is_longer() {
    let traces = of(vec![
        pause(1000, Some(1400), None, 0.0),
        pause(2000, Some(3000), None, 0.0),
        pause(4000, None, Some(3950), 0.0),
    ]);
    let config = EndpointingConfig { mode: EndpointingMode::Fixed, ..EndpointingConfig::default() };
    let score = score(&traces, &config);
    assert_eq!((score.pauses, score.cut_off, score.missed), (2, 1, 0));
    assert_eq!(score.waits, [ms(650)]);
}

#[test]
fn a_detector_that_knows_is_better_than_any_delay() {
    let traces = of(vec![
        pause(1000, Some(1700), None, 0.02),
        pause(2000, Some(3000), None, 0.02),
        pause(4000, None, Some(4000), 0.99),
    ]);
    let default = score(&traces, &EndpointingConfig::default());
    assert_eq!((default.cut_off, default.waits), (0, vec![ms(300)]));
    let budget = Budget::Wait(ms(300));
    let best = |policy| curve(policy, &traces).best(budget).map(|p| p.score.cut_off_rate());
    assert_eq!(best(Policy::Detector), Some(0.0));
    assert_eq!(best(Policy::Fixed), Some(1.0));
}

#[test]
fn an_end_that_the_caller_does_not_wait_for_is_missed() {
    let traces = of(vec![pause(1000, Some(1500), Some(1000), 0.0)]);
    let score = score(&traces, &EndpointingConfig::default());
    assert_eq!((score.missed, score.waits.len()), (1, 0));
}

#[test]
fn a_curve_falls_and_keeps_to_its_budgets() {
    let pauses =
        (1..20).map(|n| pause(n * 5000, Some(n * 5000 + 200 + n * 80), None, 0.05 * n as f32));
    let ends = (1..20).map(|n| pause(n * 5000, None, Some(n * 5000), 1.0 - 0.05 * n as f32));
    let traces = of(pauses.chain(ends).collect());
    for policy in Policy::ALL {
        let curve = curve(policy, &traces);
        let falls = |pair: &[Point]| {
            pair[0].score.mean_wait() < pair[1].score.mean_wait()
                && pair[0].score.cut_off_rate() > pair[1].score.cut_off_rate()
        };
        assert!(curve.points.len() > 3 && curve.points.windows(2).all(falls), "{policy:?}");
        let few = curve.best(Budget::CutOffs(0.2)).unwrap();
        assert!(few.score.cut_off_rate() <= 0.2);
        assert_eq!(curve.best(Budget::Wait(few.score.mean_wait())), Some(few));
        assert_eq!(curve_on(&curve, &traces), curve);
    }
}

#[test]
fn a_pause_after_words_that_trail_off_is_waited_out() {
    let config = EndpointingConfig::default();
    let open = TracedPause { trails_off: true, ..pause(1000, Some(1900), None, 0.99) };
    let waited = [open, pause(3000, None, Some(3000), 0.99)];
    let score_of = |pauses: &[TracedPause]| score(&of(pauses.to_vec()), &config);
    assert_eq!(score_of(&waited).cut_off, 0);
    let cut = [TracedPause { trails_off: false, ..open }, waited[1]];
    assert_eq!(score_of(&cut).cut_off, 1);
    let deaf = EndpointingConfig { open_words: false, ..config.clone() };
    assert_eq!(score(&of(waited.to_vec()), &deaf).cut_off, 1);
}
