//! The per-frame port.

use std::time::Duration;

use antiphon_core::Result;

/// A voice-activity detector with the state of one audio stream.
///
/// Synchronous and per frame: it runs on the analysis thread of the media plane. Loading is the
/// provider's constructor; a `Vad` is cheap and belongs to one session.
pub trait Vad: Send {
    /// Sample rate of the frames in hertz; one channel.
    fn rate_hz(&self) -> u32;

    /// Samples per frame; [`push`](Self::push) takes exactly that many.
    fn frame_len(&self) -> usize;

    /// How long the probability stays high after speech has ended, at the median. Ends of speech are
    /// dated back by it. Zero unless measured.
    fn release(&self) -> Duration {
        Duration::ZERO
    }

    /// Probability, 0.0 to 1.0, that the stream contains speech at this frame.
    ///
    /// # Errors
    /// `invalid_input` if `frame` is not [`frame_len`](Self::frame_len) samples long; `internal`
    /// if the model cannot be run. The state is unchanged by an error.
    fn push(&mut self, frame: &[i16]) -> Result<f32>;

    /// Forgets everything heard, as at the start of a stream.
    fn reset(&mut self);
}
