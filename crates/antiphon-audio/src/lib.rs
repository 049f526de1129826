//! PCM without I/O devices: playout, resampling, WAV files, noise.
//!
//! It deliberately knows no session and no transport. What a media tick calls says so, and
//! allocates nothing.

mod noise;
mod playout;
mod resample;
mod wav;

pub use noise::RoomNoise;
pub use playout::{
    Full, PlayoutConfig, PlayoutControl, PlayoutEvent, PlayoutEvents, PlayoutPosition,
    PlayoutSender, PlayoutSource, playout,
};
pub use resample::{Resampler, resample};
pub use wav::{WavReader, WavWriter, read_wav};

#[cfg(test)]
mod tests;
