//! The jitter buffer: holds what a network brings back a little, so that frames which come late or
//! out of order are still played in time.
//!
//! Frames go in with their sequence numbers as they arrive, and one comes out per frame time.
//! After construction nothing allocates. It deliberately knows no clock: time is counted in pulls.
//! Nor does it fill gaps: it tells of them, and who decodes knows best what to play instead.

mod buffer;

use antiphon_core::AudioFormat;

pub use buffer::JitterBuffer;

/// Lengths of one jitter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterConfig {
    /// What a frame consists of.
    pub format: AudioFormat,
    /// Length of a frame, in milliseconds; commonly 10 or 20.
    pub frame_ms: u32,
    /// How long a frame is held back that has come faster than others, in milliseconds; rounded up
    /// to whole frames. One that took longer by no more than this is in time.
    pub delay_ms: u32,
    /// How long any frame is held back at most, in milliseconds, rounded down to whole frames. The
    /// oldest frames are dropped for that, if those that came first turn out to have been slow, or
    /// many come at once after a stall.
    pub max_delay_ms: u32,
}

impl JitterConfig {
    /// The delay of voice calls: 100 to 150 ms.
    #[must_use]
    pub const fn new(format: AudioFormat, frame_ms: u32) -> Self {
        Self { format, frame_ms, delay_ms: 100, max_delay_ms: 150 }
    }
}

/// What became of a frame that came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It will be pulled.
    Held,
    /// It is held already.
    Duplicate,
    /// It was pulled or given up already.
    Late,
    /// It is far from the frames before it. If the next one follows it, they begin a new stream.
    Stray,
    /// It has not as many samples as a frame has.
    WrongLength,
}

/// One frame time of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulled<'a> {
    /// The next frame.
    Frame {
        /// Its number.
        sequence: u16,
        /// Its samples, interleaved.
        samples: &'a [i16],
    },
    /// The next frame did not come in time, while later ones did: play something like it.
    Lost {
        /// Its number.
        sequence: u16,
        /// Frames lost in a row, this one included.
        run: u32,
    },
    /// Nothing is there to be played: before the first frame, while it is held back, or when the
    /// buffer has run dry. This takes no frame's place.
    Empty,
}

/// Frames that were counted, since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterStats {
    /// Pulled.
    pub played: u64,
    /// Did not come in time.
    pub lost: u64,
    /// Came when it was too late. Most of them were counted as lost before.
    pub late: u64,
    /// Came again.
    pub duplicates: u64,
    /// Were held, and dropped to keep the delay within its bound.
    pub dropped: u64,
    /// Were refused for their number or their length.
    pub refused: u64,
    /// How often the buffer ran dry.
    pub stalls: u64,
}
