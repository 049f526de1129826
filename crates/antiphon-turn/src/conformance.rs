//! What every [`TurnDetector`] and every [`BackchannelDetector`] must do, as checks that a
//! provider's tests run.
//!
//! It deliberately judges no quality: whether the end of a turn is recognised, or a cough, is each
//! provider's own test. It needs no async runtime, only an executor that polls.

use std::{
    future::poll_fn,
    task::{Context, Poll},
};

use antiphon_core::{BoxFuture, Pii, Result, SPEECH_RATE_HZ};

use async_trait::async_trait;

use crate::{BackchannelDetector, OverlapContext, TurnContext, TurnDetector};

/// Samples of the longest audio that the ports promise, 8 seconds.
const LONGEST: usize = 8 * SPEECH_RATE_HZ as usize;

/// Runs every check of this module.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub async fn check(detector: &dyn TurnDetector) {
    any_audio_gets_a_probability(detector).await;
    the_same_audio_gets_the_same_probability(detector).await;
    a_dropped_prediction_harms_no_other(detector).await;
    two_predictions_at_once_both_complete(detector).await;
}

/// Runs every check of this module that concerns a backchannel detector.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub async fn check_backchannels(detector: &dyn BackchannelDetector) {
    for is_over in [false, true] {
        for caller_dbfs in [None, Some(-96.0), Some(-23.5), Some(0.0)] {
            check(&Overlapping { detector, is_over, caller_dbfs }).await;
        }
    }
}

/// A backchannel detector that is asked as if it were a turn detector: about the same audio.
struct Overlapping<'a> {
    detector: &'a dyn BackchannelDetector,
    is_over: bool,
    caller_dbfs: Option<f32>,
}

#[async_trait]
impl TurnDetector for Overlapping<'_> {
    async fn predict(&self, context: TurnContext) -> Result<f32> {
        let TurnContext { audio, transcript } = context;
        let (is_over, caller_dbfs) = (self.is_over, self.caller_dbfs);
        self.detector.predict(OverlapContext { audio, transcript, is_over, caller_dbfs }).await
    }
}

/// Empty, shortest, longest and longer than promised; silence, noise and full scale.
///
/// # Panics
/// If a prediction fails, or its result is NaN or outside 0.0 to 1.0.
pub async fn any_audio_gets_a_probability(detector: &dyn TurnDetector) {
    for len in [0, 1, 159, LONGEST - 1, LONGEST, LONGEST + 1, 60 * SPEECH_RATE_HZ as usize] {
        probability(detector.predict(noise(len)).await, len);
    }
    for sample in [0, i16::MIN, i16::MAX] {
        let audio = vec![sample; LONGEST / 2];
        probability(detector.predict(context(audio)).await, LONGEST / 2);
    }
}

/// A detector remembers nothing between predictions.
///
/// # Panics
/// If it seems to.
pub async fn the_same_audio_gets_the_same_probability(detector: &dyn TurnDetector) {
    let first = probability(detector.predict(noise(LONGEST / 4)).await, LONGEST / 4);
    probability(detector.predict(noise(LONGEST)).await, LONGEST);
    let second = probability(detector.predict(noise(LONGEST / 4)).await, LONGEST / 4);
    assert_eq!(first, second, "a prediction depends on the one before it");
}

/// Dropping the future, before its first poll or after it, cancels that prediction only.
///
/// # Panics
/// If the next prediction fails.
pub async fn a_dropped_prediction_harms_no_other(detector: &dyn TurnDetector) {
    drop(detector.predict(noise(LONGEST)));
    let mut started = detector.predict(noise(LONGEST));
    poll_fn(|cx| Poll::Ready(started.as_mut().poll(cx).is_ready())).await;
    drop(started);
    probability(detector.predict(noise(LONGEST)).await, LONGEST);
}

/// A newer prediction does not displace an older one.
///
/// # Panics
/// If either fails.
pub async fn two_predictions_at_once_both_complete(detector: &dyn TurnDetector) {
    let mut predictions = [detector.predict(noise(LONGEST)), detector.predict(noise(LONGEST / 2))];
    let mut results = [None, None];
    poll_fn(|cx| poll_all(&mut predictions, &mut results, cx)).await;
    for result in results.into_iter().flatten() {
        probability(result, LONGEST);
    }
}

fn poll_all(
    predictions: &mut [BoxFuture<'_, Result<f32>>],
    results: &mut [Option<Result<f32>>],
    cx: &mut Context<'_>,
) -> Poll<()> {
    for (prediction, result) in predictions.iter_mut().zip(&mut *results) {
        if result.is_none()
            && let Poll::Ready(probability) = prediction.as_mut().poll(cx)
        {
            *result = Some(probability);
        }
    }
    if results.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
}

fn probability(result: Result<f32>, len: usize) -> f32 {
    assert!(result.is_ok(), "a prediction on {len} samples failed: {result:?}");
    let probability = result.unwrap_or(f32::NAN);
    assert!((0.0..=1.0).contains(&probability), "probability {probability} for {len} samples");
    probability
}

/// White noise, the same at every call.
fn noise(len: usize) -> TurnContext {
    let mut seed = 1_u32;
    let sample = || {
        // Numerical Recipes' linear congruential generator; its upper bits are good enough noise.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as u16 as i16 / 4
    };
    context(std::iter::repeat_with(sample).take(len).collect())
}

fn context(audio: Vec<i16>) -> TurnContext {
    TurnContext { audio, transcript: Pii::default() }
}
