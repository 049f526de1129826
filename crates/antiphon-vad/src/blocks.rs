//! Cutting a stream that arrives in pieces of any length into frames of one length.
//!
//! It deliberately knows neither rates nor detectors.

/// A re-blocker for mono PCM: any pieces in, frames of [`frame_len`](Self::frame_len) samples out.
///
/// Allocates once, when constructed.
///
/// ```
/// let mut blocks = antiphon_vad::Blocks::new(2);
/// let mut sums = Vec::new();
/// for piece in [&[1, 2, 3][..], &[4, 5]] {
///     let mut rest = piece;
///     while let Some(frame) = blocks.next_frame(&mut rest) {
///         sums.push(frame.iter().sum::<i16>());
///     }
/// }
/// assert_eq!(sums, [3, 7]);
/// assert_eq!(blocks.pending(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct Blocks {
    frame: Vec<i16>,
    frame_len: usize,
}

impl Blocks {
    /// Frames of `frame_len` samples; a length of 0 is taken as 1.
    #[must_use]
    pub fn new(frame_len: usize) -> Self {
        let frame_len = frame_len.max(1);
        Self { frame: Vec::with_capacity(frame_len), frame_len }
    }

    /// Samples per frame.
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        self.frame_len
    }

    /// Takes samples off the front of `rest` until a frame is full, and returns that frame.
    ///
    /// `None` means that `rest` is used up; what it held waits for the next piece.
    pub fn next_frame(&mut self, rest: &mut &[i16]) -> Option<&[i16]> {
        if self.frame.len() == self.frame_len {
            self.frame.clear();
        }
        let wanted = self.frame_len - self.frame.len();
        let (taken, left) = rest.split_at(wanted.min(rest.len()));
        *rest = left;
        self.frame.extend_from_slice(taken);
        (self.frame.len() == self.frame_len).then_some(self.frame.as_slice())
    }

    /// Samples taken in that no frame has returned yet.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.frame.len() % self.frame_len
    }

    /// Forgets the pending samples.
    pub fn reset(&mut self) {
        self.frame.clear();
    }
}
