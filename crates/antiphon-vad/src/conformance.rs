//! What every [`Vad`] must do, as checks that a provider's tests run.
//!
//! It deliberately judges no quality: whether speech is found is each provider's own test.

use antiphon_core::Code;

use crate::Vad;

/// Runs every check of this module on fresh detectors.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub fn check<V: Vad>(mut make: impl FnMut() -> V) {
    shape_is_usable(&make());
    silence_is_not_speech(&mut make());
    probabilities_stay_in_range(&mut make());
    reset_starts_over(&mut make());
    wrong_length_is_refused_and_changes_nothing(&mut make(), &mut make());
}

/// The rate and the frame length are not 0.
///
/// # Panics
/// If they are.
pub fn shape_is_usable(vad: &impl Vad) {
    assert_ne!(vad.rate_hz(), 0, "a rate of 0 Hz");
    assert_ne!(vad.frame_len(), 0, "frames of 0 samples");
}

/// A second of digital silence stays below 0.5, from the first frame on.
///
/// # Panics
/// If it does not.
pub fn silence_is_not_speech(vad: &mut impl Vad) {
    let silence = vec![0; vad.frame_len()];
    for n in 0..vad.rate_hz() as usize / vad.frame_len() {
        let prob = probability(vad, &silence);
        assert!(prob < 0.5, "frame {n} of digital silence has probability {prob}");
    }
}

/// Whatever the samples are, the probability lies in 0.0 to 1.0, and is never NaN.
///
/// # Panics
/// If it does not.
pub fn probabilities_stay_in_range(vad: &mut impl Vad) {
    let len = vad.frame_len();
    let extremes = [vec![i16::MIN; len], vec![i16::MAX; len], square(len)];
    for frame in frames(len, 20).into_iter().chain(extremes).chain(frames(len, 5)) {
        let prob = probability(vad, &frame);
        assert!((0.0..=1.0).contains(&prob), "a probability of {prob}");
    }
}

/// After `reset`, the same samples give the same probabilities, to the bit.
///
/// # Panics
/// If they do not.
pub fn reset_starts_over(vad: &mut impl Vad) {
    let frames = frames(vad.frame_len(), 20);
    let first: Vec<_> = frames.iter().map(|f| probability(vad, f)).collect();
    vad.reset();
    let second: Vec<_> = frames.iter().map(|f| probability(vad, f)).collect();
    assert_eq!(first, second, "reset left something behind");
}

/// A frame of any other length fails with `invalid_input`, and the stream goes on as if it had
/// not come. `vad` and `control` are fresh detectors of the same kind.
///
/// # Panics
/// If it does not.
pub fn wrong_length_is_refused_and_changes_nothing<V: Vad>(vad: &mut V, control: &mut V) {
    let len = vad.frame_len();
    for (n, frame) in frames(len, 20).iter().enumerate() {
        for wrong in [0, 1, len - 1, len + 1, 2 * len] {
            if wrong != len {
                let code = vad.push(&vec![i16::MAX; wrong]).err().map(|e| e.code());
                assert_eq!(code, Some(Code::InvalidInput), "{wrong} samples instead of {len}");
            }
        }
        let (prob, expected) = (probability(vad, frame), probability(control, frame));
        assert_eq!(prob, expected, "a refused frame changed the state before frame {n}");
    }
}

fn probability(vad: &mut impl Vad, frame: &[i16]) -> f32 {
    let result = vad.push(frame);
    assert!(result.is_ok(), "a frame of the right length failed: {result:?}");
    result.unwrap_or(f32::NAN)
}

/// `count` frames of white noise that swell from silence to full scale, the same at every call.
fn frames(len: usize, count: usize) -> Vec<Vec<i16>> {
    let mut seed = 1_u32;
    let mut noise = move |peak: i32| {
        // Numerical Recipes' linear congruential generator; its upper bits are good enough noise.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((i32::from((seed >> 16) as u16 as i16) * peak) >> 15) as i16
    };
    (0..count)
        .map(|n| {
            let peak = i32::from(i16::MAX) * n as i32 / count as i32;
            (0..len).map(|_| noise(peak)).collect()
        })
        .collect()
}

/// A full-scale square wave at half the sample rate: the fastest change there is.
fn square(len: usize) -> Vec<i16> {
    (0..len).map(|n| if n % 2 == 0 { i16::MIN } else { i16::MAX }).collect()
}
