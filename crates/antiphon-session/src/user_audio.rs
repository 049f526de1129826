//! The user's recent audio: pre-roll for transcriptions that begin a little in the past, and what
//! detectors look at. Also how loud this caller is.

use std::collections::VecDeque;

use antiphon_core::SPEECH_RATE_HZ;

/// Kept while nobody speaks: half a second, enough for the pre-roll and the detection delay.
const IDLE_SAMPLES: usize = SPEECH_RATE_HZ as usize / 2;

/// Room for these and a piece of 20 ms before the oldest are forgotten; a growing queue would take
/// half as much again.
const IDLE_ROOM: usize = IDLE_SAMPLES + SPEECH_RATE_HZ as usize / 50;

/// Kept while the user has a turn: what turn detectors look at, 8 seconds.
const TURN_SAMPLES: usize = SPEECH_RATE_HZ as usize * 8;

/// What backchannel detectors look at, 4 seconds.
const OVERLAP_SAMPLES: usize = SPEECH_RATE_HZ as usize * 4;

/// Speech after which it is known how loud a caller is: half a second.
const LEVEL_SAMPLES: u64 = SPEECH_RATE_HZ as u64 / 2;

/// One channel at [`SPEECH_RATE_HZ`], addressed by stream position.
#[derive(Debug)]
pub(crate) struct UserAudio {
    samples: VecDeque<i16>,
    end: u64,
    in_turn: bool,
    /// Sum of squares of the caller's speech, 1.0 being full scale, and its samples.
    spoken: (f64, u64),
}

impl UserAudio {
    pub(crate) fn new() -> Self {
        Self {
            samples: VecDeque::with_capacity(IDLE_ROOM),
            end: 0,
            in_turn: false,
            spoken: (0.0, 0),
        }
    }

    /// Appends samples and forgets what is too old. `alone`: it is speech of the caller while the
    /// agent is silent.
    pub(crate) fn push(&mut self, samples: &[i16], alone: bool) {
        if alone {
            let squares = samples.iter().map(|s| (f64::from(*s) / 32_768.0).powi(2));
            self.spoken.0 += squares.sum::<f64>();
            self.spoken.1 += samples.len() as u64;
        }
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

    /// Everything kept from `position` on, at most the last 4 seconds.
    pub(crate) fn overlap(&self, position: u64) -> Vec<i16> {
        self.since(position.max(self.end.saturating_sub(OVERLAP_SAMPLES as u64)))
    }

    /// How loud the caller speaks, in dB of full scale; `None` as long as too little was heard.
    pub(crate) fn level(&self) -> Option<f32> {
        let (squares, samples) = self.spoken;
        let heard = samples >= LEVEL_SAMPLES && squares > 0.0;
        heard.then(|| (10.0 * (squares / samples as f64).log10()) as f32)
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
