//! How a run of frames is cut into windows that grow, each with context on both sides.
//!
//! It deliberately knows no samples and no network: only ranges of frames.

use std::ops::Range;

/// Sizes of successive windows, and the frames around each that are computed and discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Windows {
    /// Frames of the first window, at least 1.
    pub(crate) first: usize,
    /// What each next window grows by, until `largest`.
    pub(crate) growth: usize,
    /// Frames of the largest window, at least `first`.
    pub(crate) largest: usize,
    /// Frames on each side that influence a window.
    pub(crate) context: usize,
}

/// One window of a run of frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    /// The frames wanted.
    pub(crate) frames: Range<usize>,
    /// The frames to compute: those wanted and their context.
    pub(crate) computed: Range<usize>,
}

impl Windows {
    /// The `nth` window (from 0), which begins at frame `start` of `total`. A rest that is not
    /// worth a window of its own joins the last one.
    pub(crate) fn window(&self, nth: usize, start: usize, total: usize) -> Window {
        let size = (self.first + self.growth.saturating_mul(nth)).min(self.largest);
        let end = match start + size {
            end if end + self.context < total => end,
            _ => total,
        };
        let computed = start.saturating_sub(self.context)..(end + self.context).min(total);
        Window { frames: start..end, computed }
    }
}

impl Window {
    /// Where the wanted frames lie in a result of `scale` values per computed frame.
    pub(crate) fn wanted(&self, scale: usize) -> Range<usize> {
        let at = |frame: usize| (frame - self.computed.start) * scale;
        at(self.frames.start)..at(self.frames.end)
    }
}
