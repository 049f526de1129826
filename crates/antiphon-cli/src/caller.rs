//! The simulated caller: lines spoken by the local voice, pitched to be another person, over room
//! noise, played on cue into the session.

mod prompter;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    AudioFormat, Error, Result, SessionClock,
    audio::{RoomNoise, resample},
    piper::Piper,
    session::Working,
    sim::{Caller, When},
    transport::{AudioIn, ReadState},
    tts::TtsRequest,
};
use tokio::sync::mpsc;

pub(crate) use self::prompter::Prompter;

/// The voice's formants and pitch are raised by this factor: another, smaller person.
const PITCH: f64 = 1.22;

/// Loudness of the room under the voice, in dBFS: a quiet living room on a headset.
const ROOM_DBFS: f64 = -58.0;

/// A sample louder than this belongs to speech; for the ground truth of onsets and ends.
const SPEECH: u16 = 500;

/// Frames that may wait to be followed. Time stands still at the first.
const MARKS: usize = 4;

/// What a caller says, and when.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) when: When,
    /// What is synthesised; parts are separated by pauses.
    pub(crate) parts: Vec<String>,
    /// The pause between parts.
    pub(crate) pause: Duration,
}

/// The lines of a scenario's caller. How long they take is the voice's matter.
pub(crate) fn lines(caller: &Caller) -> Vec<Line> {
    let line = |l: &antiphon::sim::Line| Line {
        when: l.when,
        parts: vec![l.text.clone()],
        pause: Duration::ZERO,
    };
    caller.lines.iter().map(line).collect()
}

/// One spoken line.
pub(crate) struct Clip {
    samples: Vec<i16>,
    /// First and one past the last sample of speech within the clip.
    speech: (usize, usize),
    /// Position of the stream at which it was started.
    started: AtomicU64,
}

/// Starts clips and knows afterwards when they sounded.
#[derive(Clone)]
pub(crate) struct Cues {
    clips: Arc<[Clip]>,
    asked: Arc<AtomicUsize>,
    gone: Arc<AtomicUsize>,
}

impl Cues {
    /// Starts the next clip with the next frame.
    pub(crate) fn next(&self) {
        self.asked.fetch_add(1, Ordering::AcqRel);
    }

    /// The caller hangs up.
    pub(crate) fn hang_up(&self) {
        self.gone.store(1, Ordering::Release);
    }

    /// Whether the caller has hung up.
    pub(crate) fn is_over(&self) -> bool {
        self.gone.load(Ordering::Acquire) > 0
    }

    /// Length of clip `n` in milliseconds.
    pub(crate) fn length_ms(&self, n: usize, rate_hz: u32) -> u64 {
        self.clips.get(n).map_or(0, |c| c.samples.len() as u64 * 1000 / u64::from(rate_hz))
    }

    /// Stream positions of the first and one past the last speech sample of clip `n`.
    pub(crate) fn spoken(&self, n: usize) -> Option<(usize, usize)> {
        let clip = self.clips.get(n).filter(|_| n < self.asked.load(Ordering::Acquire))?;
        let started = usize::try_from(clip.started.load(Ordering::Acquire)).ok()?;
        Some((started + clip.speech.0, started + clip.speech.1))
    }
}

/// The caller's side of the line, as the session hears it.
pub(crate) struct CallerAudio {
    cues: Cues,
    rate_hz: u32,
    noise: RoomNoise,
    position: u64,
    /// Clips taken up so far, and the position within the last of them.
    playing: usize,
    offset: usize,
    steps: Option<(SessionClock, mpsc::Sender<Working>)>,
}

impl CallerAudio {
    /// Session time stands still after every frame, until the receiver of these marks has dropped
    /// the frame's: in virtual time a caller is then never late, however busy the machine is.
    pub(crate) fn stepping(self, clock: SessionClock) -> (Self, mpsc::Receiver<Working>) {
        let (marks, steps) = mpsc::channel(MARKS);
        (Self { steps: Some((clock, marks)), ..self }, steps)
    }

    pub(crate) fn new(clips: Vec<Clip>, rate_hz: u32) -> (Self, Cues) {
        let zero = || Arc::new(AtomicUsize::new(0));
        let cues = Cues { clips: clips.into(), asked: zero(), gone: zero() };
        let noise = RoomNoise::new(rate_hz, ROOM_DBFS, 7);
        let (position, playing, offset, steps) = (0, 0, 0, None);
        let audio = Self { cues: cues.clone(), rate_hz, noise, position, playing, offset, steps };
        (audio, cues)
    }
}

impl AudioIn for CallerAudio {
    fn format(&self) -> AudioFormat {
        AudioFormat::mono(self.rate_hz)
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        if let Some((clock, marks)) = &self.steps {
            // Nobody follows any more: then nobody is late either.
            let _ = marks.try_send(clock.working());
        }
        self.noise.fill(frame);
        let current = self.playing.checked_sub(1).and_then(|n| self.cues.clips.get(n));
        let busy = current.is_some_and(|c| self.offset < c.samples.len());
        if !busy && self.cues.asked.load(Ordering::Acquire) > self.playing {
            if let Some(clip) = self.cues.clips.get(self.playing) {
                clip.started.store(self.position, Ordering::Release);
            }
            self.playing += 1;
            self.offset = 0;
        }
        if let Some(clip) = self.playing.checked_sub(1).and_then(|n| self.cues.clips.get(n)) {
            for (out, sample) in frame.iter_mut().zip(clip.samples.iter().skip(self.offset)) {
                *out = out.saturating_add(*sample);
            }
            self.offset += frame.len();
        }
        self.position += frame.len() as u64;
        if self.cues.is_over() { ReadState::Ended } else { ReadState::Frame }
    }
}

/// Speaks the lines with the local voice, the same each time. Blocks while it synthesises.
pub(crate) fn record(piper: &Piper, lines: &[Line], rate_hz: u32) -> Result<Vec<Clip>> {
    let piper = &piper.steady();
    lines.iter().map(|line| record_line(piper, line, rate_hz)).collect()
}

fn record_line(piper: &Piper, line: &Line, rate_hz: u32) -> Result<Clip> {
    let mut samples = Vec::new();
    for (n, part) in line.parts.iter().enumerate() {
        if n > 0 {
            let pause = line.pause.as_secs_f64() * f64::from(rate_hz);
            samples.resize(samples.len() + pause as usize, 0);
        }
        samples.extend(pitched(piper, part, rate_hz)?);
    }
    let loud = |s: &i16| s.unsigned_abs() > SPEECH;
    let first = samples.iter().position(loud).unwrap_or(0);
    let last = samples.iter().rposition(loud).map_or(samples.len(), |n| n + 1);
    Ok(Clip { samples, speech: (first, last), started: AtomicU64::new(0) })
}

/// Slower speech played faster: the same pace, with everything higher.
fn pitched(piper: &Piper, text: &str, rate_hz: u32) -> Result<Vec<i16>, Error> {
    let rate = (1.0 / PITCH) as f32;
    let request = TtsRequest { text: text.to_owned(), voice: None, rate };
    let speech = piper.synthesise(request)?;
    let faster = (f64::from(speech.rate_hz) * PITCH).round() as u32;
    resample(&speech.samples, faster, rate_hz)
}
