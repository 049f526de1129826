//! The C detector behind a safe, sendable face.
#![expect(unsafe_code, reason = "the wrapped type holds a raw pointer and is therefore not Send")]

use webrtc_vad::{SampleRate, VadMode};

use crate::{FRAME_LEN, Mode};

pub(crate) struct Detector(webrtc_vad::Vad);

// SAFETY: the pointer inside is the only one to its heap block, and the library keeps no state
// outside that block (its tables are constant). Using or freeing the block from another thread
// than the one that made it is therefore sound, as long as it is one thread at a time, which
// ownership and the lack of `Sync` ensure.
unsafe impl Send for Detector {}

impl Detector {
    pub(crate) fn new(mode: Mode) -> Self {
        let mode = match mode {
            Mode::Quality => VadMode::Quality,
            Mode::LowBitrate => VadMode::LowBitrate,
            Mode::Aggressive => VadMode::Aggressive,
            Mode::VeryAggressive => VadMode::VeryAggressive,
        };
        Self(webrtc_vad::Vad::new_with_rate_and_mode(SampleRate::Rate16kHz, mode))
    }

    /// `None` if the library refuses the frame, which its documentation allows for wrong lengths
    /// only.
    pub(crate) fn is_voice(&mut self, frame: &[i16; FRAME_LEN]) -> Option<bool> {
        self.0.is_voice_segment(frame).ok()
    }
}
