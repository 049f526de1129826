//! Frames: what flows between the parts of a voice.
//!
//! It deliberately does not know what the channels mean.

use std::ops::Range;

use antiphon_core::{Code, Error, Result};
use rten_tensor::{NdTensor, Tensor, prelude::*};

/// Vectors over time: 1 x `channels` x `frames`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frames {
    channels: usize,
    frames: usize,
    data: Vec<f32>,
}

impl Frames {
    /// Frames of so many channels, whose values come channel by channel.
    pub(crate) fn new(channels: usize, data: Vec<f32>) -> Self {
        Self { channels, frames: data.len().checked_div(channels).unwrap_or(0), data }
    }

    pub(crate) const fn len(&self) -> usize {
        self.frames
    }

    /// The values of each channel.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks_exact(self.frames.max(1)).take(self.channels)
    }

    /// A copy of some frames; those out of range are left out.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let range = range.start.min(self.frames)..range.end.min(self.frames);
        let data = self.rows().flat_map(|row| row.get(range.clone()).unwrap_or_default());
        Self { channels: self.channels, frames: range.len(), data: data.copied().collect() }
    }

    /// Adds frames at the end. Both have the same channels, or `self` is empty.
    pub(crate) fn append(&mut self, more: &Self) {
        let row = |of: &Self, n: usize| of.rows().nth(n).map(<[_]>::to_vec);
        let rows = (0..more.channels).flat_map(|n| [row(self, n), row(more, n)]);
        self.data = rows.flatten().flatten().collect();
        self.channels = more.channels;
        self.frames += more.frames;
    }

    pub(crate) const fn empty() -> Self {
        Self { channels: 0, frames: 0, data: Vec::new() }
    }

    /// The frames in a tensor.
    ///
    /// # Errors
    /// `internal` if it has another rank.
    pub(crate) fn of(value: &Tensor<f32>) -> Result<Self> {
        let &[_, channels, _] = value.shape() else {
            let what = format!("the voice model failed: frames of the shape {:?}", value.shape());
            return Err(Error::new("piper.speak", Code::Internal, what));
        };
        Ok(Self::new(channels, value.to_vec()))
    }

    pub(crate) fn into_tensor(self) -> NdTensor<f32, 3> {
        NdTensor::from_data([1, self.channels, self.frames], self.data)
    }
}
