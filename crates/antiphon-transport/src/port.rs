//! The transport port: a link of a frame source and a frame sink.

use antiphon_core::{AudioFormat, Result};

/// What a read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadState {
    /// The frame holds received audio.
    Frame,
    /// Nothing has arrived in time; the frame was filled with silence.
    Underrun,
    /// The far end is gone and everything it sent was read; the frame is silence.
    Ended,
}

/// The receiving half, read by the media tick: never blocks, locks, allocates or logs.
pub trait AudioIn: Send {
    /// Format of the frames.
    fn format(&self) -> AudioFormat;

    /// Fills `frame` (interleaved, a whole number of sample frames) completely.
    fn read(&mut self, frame: &mut [i16]) -> ReadState;
}

/// The sending half, written by the media tick: never blocks, locks, allocates or logs.
pub trait AudioOut: Send {
    /// Format of the frames.
    fn format(&self) -> AudioFormat;

    /// Takes one frame (interleaved). Frames follow each other without gaps: silence is written
    /// when nobody speaks. Returns how many samples per channel had to be dropped.
    fn write(&mut self, frame: &[i16]) -> usize;

    /// Forgets audio that was taken but has not left yet, as far as the transport can.
    fn flush(&mut self);

    /// Samples per channel of those written that the far end has not played yet, as far as the
    /// transport knows; 0 if it cannot know.
    fn pending(&self) -> u64;
}

/// Both halves of an open connection. Dropping a half closes it.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Link {
    /// The receiving half.
    pub input: Box<dyn AudioIn>,
    /// The sending half.
    pub output: Box<dyn AudioOut>,
}

/// A way to reach the far end.
pub trait Transport: Send {
    /// Opens the connection.
    ///
    /// # Errors
    /// `unavailable` if the far end cannot be reached, `invalid_input` if the transport was
    /// already opened and cannot be again, `audio_device` for devices.
    fn open(&mut self) -> Result<Link>;
}
