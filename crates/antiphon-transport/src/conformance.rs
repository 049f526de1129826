//! What every [`Transport`] must do, as checks that a transport's tests run.
//!
//! The far end is given by the caller: functions that make a transport whose far end speaks,
//! listens or is silent. The checks expect that samples pass unchanged, so a lossy codec is left
//! out of them. They know no time: whether a call blocks too long is each transport's own test.

mod steps;

use antiphon_core::{AudioFormat, Code};

use crate::{Link, ReadState, Transport};
use steps::{frame_len, open, ramp, read, read_to_end, receive, same, wait, write};

/// Frames that every transport must take, in milliseconds.
const FRAMES_MS: [u32; 2] = [10, 20];

/// Audio that a transport may keep for a far end that does not listen, in milliseconds.
const MAX_KEPT_MS: u32 = 30_000;

/// Makes a transport whose far end says these samples, interleaved, and then hangs up.
pub type Speak<'a> = dyn FnMut(&[i16]) -> Box<dyn Transport> + 'a;

/// Takes what the far end has received since the last call, interleaved.
pub type Received = Box<dyn FnMut() -> Vec<i16>>;

/// Makes a transport and the ear of its far end.
pub type Listen<'a> = dyn FnMut() -> (Box<dyn Transport>, Received) + 'a;

/// Runs every check of the receiving half.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub fn check_input(speak: &mut Speak<'_>) {
    formats_are_usable(&mut *speak(&[]));
    a_second_open_succeeds_or_is_refused(&mut *speak(&[]));
    everything_said_is_read_once_in_order(speak);
    the_end_is_final(speak);
    a_dropped_output_leaves_the_input(speak);
}

/// Runs every check of the sending half.
///
/// # Panics
/// At the first broken rule, naming it. Meant for tests.
pub fn check_output(listen: &mut Listen<'_>) {
    everything_written_arrives_in_order(listen);
    what_finds_no_room_is_counted(listen);
    a_flush_leaves_the_output_usable(listen);
    a_dropped_input_leaves_the_output(listen);
}

/// There is a rate and a channel, frames of 10 and 20 ms are whole samples, and no format changes.
///
/// # Panics
/// If not.
pub fn formats_are_usable(transport: &mut dyn Transport) {
    let mut link = open(transport);
    for (before, half) in [(link.input.format(), "input"), (link.output.format(), "output")] {
        let AudioFormat { rate_hz, channels } = before;
        assert!((4_000..=768_000).contains(&rate_hz), "{half} has a rate of {rate_hz} Hz");
        assert!(channels > 0, "{half} has no channel");
        assert_eq!(rate_hz % 100, 0, "10 ms of the {half} are no whole number of samples");
    }
    let before = (link.input.format(), link.output.format());
    read(&mut *link.input, 20);
    write(&mut *link.output, &ramp(before.1, 20));
    assert_eq!((link.input.format(), link.output.format()), before, "the format changed");
}

/// A transport is opened once, or as often as one likes.
///
/// # Panics
/// If a second opening fails with another code than `invalid_input`.
pub fn a_second_open_succeeds_or_is_refused(transport: &mut dyn Transport) {
    let _first = open(transport);
    let code = transport.open().err().map(|e| e.code());
    let is_fine = code.is_none_or(|code| code == Code::InvalidInput);
    assert!(is_fine, "a second open gave {code:?}");
}

/// Nothing is lost, repeated or exchanged, and the last frame is filled up with silence, in frames
/// of 10 and of 20 ms. Silence may come before and after it.
///
/// # Panics
/// If not.
pub fn everything_said_is_read_once_in_order(speak: &mut Speak<'_>) {
    let format = open(&mut *speak(&[])).input.format();
    for frame_ms in FRAMES_MS {
        for said_ms in [0, 10, 995] {
            let said = ramp(format, said_ms);
            let heard = read_to_end(&mut *open(&mut *speak(&said)).input, frame_ms);
            same(&heard, &said, &format!("{said_ms} ms read in frames of {frame_ms} ms"));
        }
    }
}

/// Once the input has ended, it stays silent and ended.
///
/// # Panics
/// If not.
pub fn the_end_is_final(speak: &mut Speak<'_>) {
    let mut link = open(&mut *speak(&[]));
    read_to_end(&mut *link.input, 20);
    for _ in 0..100 {
        let (state, _) = read(&mut *link.input, 20);
        assert_eq!(state, ReadState::Ended, "after the end");
    }
}

/// Closing one half does not close the other.
///
/// # Panics
/// If the input ends early.
pub fn a_dropped_output_leaves_the_input(speak: &mut Speak<'_>) {
    let format = open(&mut *speak(&[])).input.format();
    let said = ramp(format, 500);
    let Link { mut input, output } = open(&mut *speak(&said));
    drop(output);
    same(&read_to_end(&mut *input, 20), &said, "read without the output");
}

/// For transports whose far end may be silent: a link that is up, and over which nothing comes,
/// has neither frames nor an end.
///
/// # Panics
/// If it has.
pub fn silence_is_an_underrun(transport: &mut dyn Transport) {
    let mut link = open(transport);
    for frame_ms in FRAMES_MS.repeat(50) {
        let (state, _) = read(&mut *link.input, frame_ms);
        assert_eq!(state, ReadState::Underrun, "while nothing was sent");
    }
}

/// What finds room arrives, unchanged and in order, in frames of 10 and of 20 ms.
///
/// # Panics
/// If not.
pub fn everything_written_arrives_in_order(listen: &mut Listen<'_>) {
    for frame_ms in FRAMES_MS {
        let (mut transport, mut received) = listen();
        let mut output = open(&mut *transport).output;
        let (mut sent, mut arrived) = (0, 0);
        let written = ramp(output.format(), 1000);
        for frame in written.chunks(frame_len(output.format(), frame_ms)) {
            let lost = write(&mut *output, frame);
            assert_eq!(lost, 0, "a frame of {frame_ms} ms found no room, though none waits");
            sent += frame.len();
            let expected = written.get(arrived..sent).unwrap_or_default();
            arrived += receive(&mut received, expected, frame_ms);
        }
    }
}

/// A far end that does not listen for a minute: the queue is bounded, and every sample that is
/// missing was counted, per channel.
///
/// # Panics
/// If not.
pub fn what_finds_no_room_is_counted(listen: &mut Listen<'_>) {
    let (mut transport, mut received) = listen();
    let mut output = open(&mut *transport).output;
    let format = output.format();
    let channels = usize::from(format.channels);
    let second = ramp(format, 1000);
    let (mut written, mut lost) = (0, 0);
    for frame in second.chunks(frame_len(format, 20)).cycle().take(60 * 50) {
        written += frame.len() / channels;
        lost += write(&mut *output, frame);
        let (pending, kept) = (output.pending(), (written - lost) as u64);
        assert!(pending <= kept, "{pending} samples wait, where only {kept} were taken");
    }
    let kept = written - lost;
    let arrived = wait(&mut received, |heard| heard.len() == kept * channels).len() / channels;
    assert_eq!(arrived + lost, written, "samples that neither arrived nor were counted");
    assert!(kept <= format.samples_in_ms(MAX_KEPT_MS), "{kept} samples wait for nobody");
}

/// A flush forgets, and no more than that.
///
/// # Panics
/// If more waits after it, or if what is written later does not arrive.
pub fn a_flush_leaves_the_output_usable(listen: &mut Listen<'_>) {
    let (mut transport, mut received) = listen();
    let mut output = open(&mut *transport).output;
    let forgotten = ramp(output.format(), 20);
    output.flush();
    write(&mut *output, &forgotten);
    let before = output.pending();
    output.flush();
    assert!(output.pending() <= before, "more waits after a flush");
    let later: Vec<i16> = forgotten.iter().rev().copied().collect();
    assert_eq!(write(&mut *output, &later), 0, "no room after a flush");
    let heard = wait(&mut received, |heard| heard.ends_with(&later));
    assert!(heard.ends_with(&later), "what is written after a flush does not arrive");
}

/// Closing one half does not close the other.
///
/// # Panics
/// If what is written does not arrive.
pub fn a_dropped_input_leaves_the_output(listen: &mut Listen<'_>) {
    let (mut transport, mut received) = listen();
    let Link { input, mut output } = open(&mut *transport);
    drop(input);
    let written = ramp(output.format(), 20);
    assert_eq!(write(&mut *output, &written), 0, "no room without the input");
    receive(&mut received, &written, 20);
}
