//! PCM without I/O devices: playout, resampling, jitter buffer, G.711, WAV files, noise.
//!
//! It deliberately knows no session and no transport. What a media tick calls says so, and
//! allocates nothing.

mod g711;
mod jitter;
mod noise;
mod playout;
mod resample;
mod wav;

pub use g711::G711;
pub use jitter::{Arrival, JitterBuffer, JitterConfig, JitterStats, Pulled};
pub use noise::RoomNoise;
pub use playout::{
    Full, PlayoutConfig, PlayoutControl, PlayoutEvent, PlayoutEvents, PlayoutPosition,
    PlayoutSender, PlayoutSource, playout,
};
pub use resample::{Resampler, resample};
pub use wav::{WavReader, WavWriter, read_wav};

#[cfg(test)]
mod tests;
