//! The user's recent audio: pre-roll for transcriptions that begin a little in the past, and the
//! window a turn detector looks at.

use std::collections::VecDeque;

use antiphon_core::SPEECH_RATE_HZ;

/// Kept while nobody speaks: half a second, enough for the pre-roll and the detection delay.
const IDLE_SAMPLES: usize = SPEECH_RATE_HZ as usize / 2;

/// Room for these and a piece of 20 ms before the oldest are forgotten; a growing queue would take
/// half as much again.
const IDLE_ROOM: usize = IDLE_SAMPLES + SPEECH_RATE_HZ as usize / 50;

/// Kept while the user has a turn: what turn detectors look at, 8 seconds.
const TURN_SAMPLES: usize = SPEECH_RATE_HZ as usize * 8;

/// One channel at [`SPEECH_RATE_HZ`], addressed by stream position.
#[derive(Debug)]
pub(crate) struct UserAudio {
    samples: VecDeque<i16>,
    end: u64,
    in_turn: bool,
}

impl UserAudio {
    pub(crate) fn new() -> Self {
        Self { samples: VecDeque::with_capacity(IDLE_ROOM), end: 0, in_turn: false }
    }

    /// Appends samples and forgets what is too old.
    pub(crate) fn push(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
        self.end += samples.len() as u64;
        self.trim();
    }

    /// Whether the user has a turn; decides how much is kept.
    pub(crate) fn set_in_turn(&mut self, in_turn: bool) {
        self.in_turn = in_turn;
        if !in_turn {
            self.trim();
            self.samples.shrink_to(IDLE_ROOM);
        }
    }

    fn trim(&mut self) {
        let keep = if self.in_turn { TURN_SAMPLES } else { IDLE_SAMPLES };
        let excess = self.samples.len().saturating_sub(keep);
        self.samples.drain(..excess);
    }

    /// Everything kept from `position` on.
    pub(crate) fn since(&self, position: u64) -> Vec<i16> {
        let start = self.end - self.samples.len() as u64;
        let skip = usize::try_from(position.saturating_sub(start)).unwrap_or(usize::MAX);
        self.samples.iter().skip(skip).copied().collect()
    }

    /// Everything kept.
    pub(crate) fn window(&self) -> Vec<i16> {
        self.samples.iter().copied().collect()
    }

    /// Position after the newest sample.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }
}
