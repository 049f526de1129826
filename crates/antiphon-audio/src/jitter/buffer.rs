//! The buffer itself: slots, and a number that goes on with every pull.

use antiphon_core::{Code, Error, Result};

use super::{Arrival, JitterConfig, JitterStats, Pulled};

/// A frame so far before or after those expected is from a sender that began anew, if the one
/// after it comes, too (RFC 3550 appendix A.1: `MAX_MISORDER`, `MAX_DROPOUT`).
const MISORDER: u64 = 100;
const DROPOUT: u64 = 3_000;

/// Frames that may be held; far below [`DROPOUT`].
const MAX_SLOTS: u32 = 1_000;

/// What the first number of a stream is extended with, so that older ones are not negative.
const FIRST: u64 = 1 << 16;

/// Frames of one stream, put in order.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    /// Frame `n` is in slot `n % held.len()` of both.
    samples: Vec<i16>,
    held: Vec<bool>,
    frame_len: usize,
    /// In frames.
    delay: u64,
    /// The lowest number that may still be played, extended beyond 16 bits.
    next: u64,
    state: State,
    /// The number that would prove a new stream.
    proof: Option<u16>,
    run: u32,
    stats: JitterStats,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the first frame.
    New,
    /// The oldest frame is held back until `at`, which goes on with every pull, has reached it.
    /// If fresh, numbers not seen before it were perhaps never sent.
    Filling { at: u64, fresh: bool },
    /// Every pull takes a number.
    Playing,
    /// It has run dry: the next frame is held back like the first.
    Dry,
}

impl JitterBuffer {
    /// An empty buffer.
    ///
    /// # Errors
    /// `invalid_input` if a frame has no samples, if the longest delay is not at least a frame
    /// longer than the delay, or if it is longer than 1000 frames.
    pub fn new(config: JitterConfig) -> Result<Self> {
        let JitterConfig { format, frame_ms, delay_ms, max_delay_ms } = config;
        let invalid = |what: String, help: &'static str| {
            Error::new("audio.jitter", Code::InvalidInput, what).with_help(help)
        };
        let frame_len = format.samples_in_ms(frame_ms) * usize::from(format.channels);
        if frame_len == 0 {
            let what = format!("a frame of {frame_ms} ms has no samples in {format:?}");
            return Err(invalid(what, "use frames of 10 or 20 ms"));
        }
        let (delay, slots) = (delay_ms.div_ceil(frame_ms), max_delay_ms / frame_ms);
        if slots <= delay || slots > MAX_SLOTS {
            let what = format!("max_delay_ms {max_delay_ms} does not fit delay_ms {delay_ms}");
            return Err(invalid(what, "take 1 to 1000 frames, and one more than delay_ms"));
        }
        let slots = slots as usize;
        Ok(Self {
            samples: vec![0; slots * frame_len],
            held: vec![false; slots],
            frame_len,
            delay: u64::from(delay),
            next: 0,
            state: State::New,
            proof: None,
            run: 0,
            stats: JitterStats::default(),
        })
    }

    /// Samples of a frame, all channels together.
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        self.frame_len
    }

    /// What was counted so far.
    #[must_use]
    pub const fn stats(&self) -> JitterStats {
        self.stats
    }

    /// Takes a frame as it arrives. Allocates nothing.
    pub fn push(&mut self, sequence: u16, samples: &[i16]) -> Arrival {
        let arrival = self.admit(sequence, samples);
        match arrival {
            Arrival::Held => {}
            Arrival::Duplicate => self.stats.duplicates += 1,
            Arrival::Late => self.stats.late += 1,
            Arrival::Stray | Arrival::WrongLength => self.stats.refused += 1,
        }
        arrival
    }

    /// Gives the next frame. To be called once per frame time. Allocates nothing.
    pub fn pull(&mut self) -> Pulled<'_> {
        if let State::Filling { at, fresh } = self.state {
            let oldest = self.oldest_held();
            if at < oldest {
                self.state = State::Filling { at: at + 1, fresh };
                return Pulled::Empty;
            }
            self.give_up_before(oldest);
            self.state = State::Playing;
            self.run = 0;
        }
        if self.state == State::Playing && !self.held.contains(&true) {
            self.state = State::Dry;
            self.stats.stalls += 1;
        }
        if self.state == State::Playing { self.play() } else { Pulled::Empty }
    }

    fn play(&mut self) -> Pulled<'_> {
        let (sequence, slot) = (self.next as u16, self.slot(self.next));
        let is_held = self.release(self.next);
        self.next += 1;
        if !is_held {
            self.run += 1;
            self.stats.lost += 1;
            return Pulled::Lost { sequence, run: self.run };
        }
        self.run = 0;
        self.stats.played += 1;
        let samples = self.samples.chunks_exact(self.frame_len).nth(slot).unwrap_or_default();
        Pulled::Frame { sequence, samples }
    }

    fn admit(&mut self, sequence: u16, samples: &[i16]) -> Arrival {
        if samples.len() != self.frame_len {
            return Arrival::WrongLength;
        }
        if self.state == State::New {
            self.begin(sequence);
        }
        let proof = self.proof.take();
        if self.is_stray(self.extend(sequence)) {
            if proof != Some(sequence) {
                self.proof = Some(sequence.wrapping_add(1));
                return Arrival::Stray;
            }
            self.begin(sequence);
        }
        let number = self.extend(sequence);
        let at = if let State::Filling { at, .. } = self.state { at } else { self.next };
        if number < at.max(self.next) {
            return Arrival::Late;
        }
        self.give_up_before((number + 1).saturating_sub(self.held.len() as u64));
        let slot = self.slot(number);
        match self.held.get_mut(slot) {
            Some(held) if !*held => *held = true,
            _ => return Arrival::Duplicate,
        }
        if let Some(room) = self.samples.chunks_exact_mut(self.frame_len).nth(slot) {
            room.copy_from_slice(samples);
        }
        self.hold_back(number);
        Arrival::Held
    }

    /// Starts a stream in which this number is the newest.
    fn begin(&mut self, sequence: u16) {
        self.stats.dropped += self.held.iter().filter(|held| **held).count() as u64;
        self.held.fill(false);
        self.next = FIRST + u64::from(sequence) + 1 - self.held.len() as u64;
        self.state = State::New;
    }

    /// The number nearest to the next one that is this in 16 bits.
    const fn extend(&self, sequence: u16) -> u64 {
        let ahead = sequence.wrapping_sub(self.next as u16) as i16;
        self.next.saturating_add_signed(ahead as i64)
    }

    const fn is_stray(&self, number: u64) -> bool {
        number + MISORDER < self.next || number >= self.next + DROPOUT
    }

    /// Makes sure that the frame is played `delay` after it came, or earlier.
    fn hold_back(&mut self, number: u64) {
        let earliest = number.saturating_sub(self.delay);
        let (at, fresh) = match self.state {
            State::Playing => return,
            State::New => (earliest, true),
            State::Dry => (earliest, false),
            State::Filling { at, fresh } => (at.max(earliest), fresh),
        };
        self.state = State::Filling { at: at.min(self.oldest_held()), fresh };
    }

    fn give_up_before(&mut self, number: u64) {
        let is_fresh = matches!(self.state, State::New | State::Filling { fresh: true, .. });
        while self.next < number {
            if self.release(self.next) {
                self.stats.dropped += 1;
            } else if !is_fresh {
                self.stats.lost += 1;
            }
            self.next += 1;
        }
    }

    /// Frees the slot of a frame. Returns whether it was held.
    fn release(&mut self, number: u64) -> bool {
        let slot = self.slot(number);
        self.held.get_mut(slot).is_some_and(std::mem::take)
    }

    fn oldest_held(&self) -> u64 {
        let is_held = |n: &u64| self.held.get(self.slot(*n)).is_some_and(|held| *held);
        (self.next..self.next + self.held.len() as u64).find(is_held).unwrap_or(self.next)
    }

    const fn slot(&self, number: u64) -> usize {
        (number % self.held.len() as u64) as usize
    }
}
