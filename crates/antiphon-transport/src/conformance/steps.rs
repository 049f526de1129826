//! What the checks do with a link, one step at a time.

use antiphon_core::AudioFormat;

use super::Received;
use crate::{AudioIn, AudioOut, Link, ReadState, Transport};

/// Reads in a row that may find nothing while the far end speaks. Each lets other threads go on.
const MAX_UNDERRUNS: usize = 300_000;

/// Silence that a transport may add before it ends, in milliseconds.
const MAX_SILENCE_MS: u32 = 10_000;

#[expect(clippy::expect_used, reason = "a broken rule is a panic here")]
pub(super) fn open(transport: &mut dyn Transport) -> Link {
    transport.open().expect("the transport cannot be opened")
}

/// Reads a frame, after checking what holds for any.
pub(super) fn read(input: &mut dyn AudioIn, frame_ms: u32) -> (ReadState, Vec<i16>) {
    // No sample that is said.
    const UNTOUCHED: i16 = i16::MIN;
    let mut frame = vec![UNTOUCHED; frame_len(input.format(), frame_ms)];
    let state = input.read(&mut frame);
    assert!(!frame.contains(&UNTOUCHED), "a read ({state:?}) left a part of the frame as it was");
    let is_silent = frame.iter().all(|sample| *sample == 0);
    assert!(state == ReadState::Frame || is_silent, "{state:?} with samples that are not silence");
    (state, frame)
}

/// All frames up to the end.
pub(super) fn read_to_end(input: &mut dyn AudioIn, frame_ms: u32) -> Vec<i16> {
    let (mut heard, mut silence, mut underruns) = (Vec::new(), 0, 0);
    loop {
        let (state, frame) = read(input, frame_ms);
        match state {
            ReadState::Ended => return heard,
            ReadState::Underrun => {
                underruns += 1;
                assert!(underruns < MAX_UNDERRUNS, "no end after the far end hung up");
                std::thread::yield_now();
            }
            ReadState::Frame => {
                silence = if frame.iter().all(|s| *s == 0) { silence + frame_ms } else { 0 };
                assert!(silence <= MAX_SILENCE_MS, "silence without an end");
                underruns = 0;
                heard.extend(frame);
            }
        }
    }
}

/// Writes whole frames. Returns samples per channel that were lost.
pub(super) fn write(output: &mut dyn AudioOut, frame: &[i16]) -> usize {
    let lost = output.write(frame);
    let most = frame.len() / usize::from(output.format().channels);
    assert!(lost <= most, "{lost} of {most} samples per channel were lost");
    lost
}

/// Waits for samples at the far end and compares them. Returns how many they are.
pub(super) fn receive(received: &mut Received, expected: &[i16], frame_ms: u32) -> usize {
    let heard = wait(received, |heard| heard.len() >= expected.len());
    same(&heard, expected, &format!("written in frames of {frame_ms} ms"));
    expected.len()
}

pub(super) fn wait(received: &mut Received, is_enough: impl Fn(&[i16]) -> bool) -> Vec<i16> {
    let (mut heard, mut idle) = (Vec::new(), 0);
    while !is_enough(&heard) && idle < MAX_UNDERRUNS {
        let more = received();
        idle = if more.is_empty() { idle + 1 } else { 0 };
        heard.extend(more);
        std::thread::yield_now();
    }
    heard
}

/// Compares but for silence before and after.
pub(super) fn same(heard: &[i16], said: &[i16], what: &str) {
    let is_sound = |sample: &i16| *sample != 0;
    let start = heard.iter().position(is_sound).unwrap_or(heard.len());
    let end = heard.iter().rposition(is_sound).map_or(start, |last| last + 1);
    let heard = heard.get(start..end).unwrap_or_default();
    let differs = heard.iter().zip(said).position(|(a, b)| a != b);
    assert_eq!(differs, None, "{what}: the first sample that differs");
    assert_eq!(heard.len(), said.len(), "{what}: samples");
}

pub(super) const fn frame_len(format: AudioFormat, ms: u32) -> usize {
    format.samples_in_ms(ms) * format.channels as usize
}

/// Samples that are all different for a while, and never silent.
pub(super) fn ramp(format: AudioFormat, ms: u32) -> Vec<i16> {
    (0..frame_len(format, ms)).map(|n| (n % 30_000) as i16 + 1).collect()
}
