//! The generated corpus: calls of which every onset, pause and word is known to the sample.
//!
//! Seeds below [`SCORING`] are for tuning, those from it on for scoring: other callers, other
//! pauses, other noise. The voice draws its own chance, so two runs on one seed differ in sound
//! and never in the script.

use std::ops::Range;

use antiphon::{
    Result, SPEECH_RATE_HZ, Timestamp, audio::RoomNoise, piper::Piper, tune::Recording,
};

use serde::Serialize;

use super::{
    random::Random,
    sentences::{PIECES, SENTENCES},
    sounds::{by_phone, mix},
    voice::{Manner, Spoken, speak},
};

/// The first seed for scoring.
pub const SCORING: u64 = 100;

/// Turns of one call.
const TURNS: usize = 4;

/// Silence behind each turn, in which an agent could answer: longer than any policy waits.
const GAP_MS: u64 = 2_800;

/// Silence before the first turn.
const LEAD_MS: u64 = 800;

/// How a turn is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// In one go.
    #[default]
    Fluent,
    /// With a pause in the middle of the sentence, which sounds unfinished.
    Hesitant,
    /// The same, but what comes before the pause falls as if it were the end: the hardest.
    Falling,
    /// With an "um" before the pause.
    Filled,
    /// A list or a spelling, with a pause after each piece.
    Pieces,
}

impl Delivery {
    /// Those with pauses.
    pub(crate) const PAUSED: [Self; 4] =
        [Self::Hesitant, Self::Falling, Self::Filled, Self::Pieces];

    /// For the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fluent => "fluent",
            Self::Hesitant => "hesitant",
            Self::Falling => "falling",
            Self::Filled => "um",
            Self::Pieces => "pieces",
        }
    }
}

/// One caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    pub(crate) manner: Manner,
    /// Mean of the pauses beyond the shortest, in milliseconds.
    pub(crate) pause_ms: f64,
    /// Speech above the noise of the room, dB.
    pub(crate) snr_db: f64,
    /// On a µ-law line.
    pub(crate) phone: bool,
}

/// One turn, in samples of the call.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) delivery: Delivery,
    pub(crate) speech: Range<usize>,
    pub(crate) pauses: Vec<Range<usize>>,
}

/// One caller's side of a call at [`SPEECH_RATE_HZ`].
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    pub(crate) samples: Vec<i16>,
    pub(crate) turns: Vec<Turn>,
}

impl Caller {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let manner = Manner {
            pitch: random.between(0.85, 1.3),
            pace: random.between(0.85, 1.2),
            dbfs: random.between(-28.0, -20.0),
        };
        Self {
            manner,
            pause_ms: random.between(250.0, 750.0),
            snr_db: random.pick(&[40.0, 30.0, 20.0, 12.0]),
            phone: random.chance(0.3),
        }
    }

    /// The room, and on a telephone line what it makes of everything.
    pub(crate) fn line(&self, mut samples: Vec<i16>, seed: u64) -> Result<Vec<i16>> {
        let mut room = vec![0; samples.len()];
        let dbfs = self.manner.dbfs - self.snr_db;
        RoomNoise::new(SPEECH_RATE_HZ, dbfs, seed).fill(&mut room);
        mix(&mut samples, &room, 0);
        if self.phone { by_phone(&samples) } else { Ok(samples) }
    }
}

impl Call {
    /// The call of this seed.
    pub(crate) fn generate(piper: &Piper, seed: u64) -> Result<Self> {
        let mut random = Random::new(seed);
        let caller = Caller::draw(&mut random);
        let mut samples = vec![0; in_samples(LEAD_MS)];
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            let (text, parts) = draw_turn(&mut random);
            let delivery = parts.0;
            let start = samples.len();
            let mut pauses = Vec::new();
            for (n, part) in deliver(piper, &parts, caller.manner)?.iter().enumerate() {
                if n > 0 {
                    let pause = (200.0 + random.exponential(caller.pause_ms)).min(2000.0);
                    let from = samples.len();
                    samples.resize(from + in_samples(pause as u64), 0);
                    pauses.push(from..samples.len());
                }
                samples.extend(part);
            }
            turns.push(Turn { text, delivery, speech: start..samples.len(), pauses });
            samples.resize(samples.len() + in_samples(GAP_MS), 0);
        }
        let samples = caller.line(samples, seed)?;
        Ok(Self { caller, samples, turns })
    }

    /// As the tuning bench takes it.
    pub(crate) fn recording(&self, name: String) -> Result<Recording> {
        let end = |turn: &Turn| Timestamp::from_micros(turn.speech.end as u64 * 1000 / 16);
        let ends = self.turns.iter().map(end).collect();
        Recording::new(name, &self.samples, SPEECH_RATE_HZ, ends)
    }
}

/// A turn's words, and its parts with how they are spoken.
fn draw_turn(random: &mut Random) -> (String, (Delivery, Vec<&'static str>)) {
    use Delivery::{Falling, Filled, Fluent, Hesitant, Pieces};
    let delivery = random.pick(&[Fluent, Fluent, Hesitant, Hesitant, Falling, Filled, Pieces]);
    let sentence = match delivery {
        Pieces => random.pick(PIECES),
        Fluent | Hesitant | Falling | Filled => random.pick(SENTENCES),
    };
    let parts: Vec<&str> = sentence.split('|').map(str::trim).collect();
    (parts.join(" "), (delivery, parts))
}

/// Speaks the parts. Only what is fluent is one.
fn deliver(
    piper: &Piper,
    (delivery, parts): &(Delivery, Vec<&'static str>),
    manner: Manner,
) -> Result<Vec<Vec<i16>>> {
    let alone = |text: &str| speak(piper, text, manner).map(|spoken| spoken.samples);
    match delivery {
        Delivery::Fluent => Ok(vec![alone(&parts.join(" "))?]),
        Delivery::Hesitant | Delivery::Pieces => {
            let spoken = speak(piper, &parts.join(" "), manner)?;
            Ok(cut(&spoken, parts))
        }
        Delivery::Falling => parts.iter().map(|part| alone(part)).collect(),
        Delivery::Filled => {
            let last = parts.len().saturating_sub(1);
            let hum = |(n, part): (usize, &&str)| match n {
                n if n < last => alone(&format!("{}, um,", part.trim_end_matches(','))),
                _ => alone(part),
            };
            parts.iter().enumerate().map(hum).collect()
        }
    }
}

/// Cuts speech where its parts end, in the middle between two words. Edges are faded over 5 ms,
/// as a glottis closes.
fn cut(spoken: &Spoken, parts: &[&str]) -> Vec<Vec<i16>> {
    let mut borders = vec![0];
    let mut bytes = 0;
    for part in parts.iter().take(parts.len().saturating_sub(1)) {
        bytes += part.len() + 1;
        let before = spoken.words.iter().rfind(|(text, _)| text.start < bytes);
        let after = spoken.words.iter().find(|(text, _)| text.start >= bytes);
        if let (Some((_, before)), Some((_, after))) = (before, after) {
            borders.push(usize::midpoint(before.end, after.start));
        }
    }
    borders.push(spoken.samples.len());
    let span = |pair: &[usize]| match pair {
        &[from, to] => faded(spoken.samples.get(from..to).unwrap_or_default()),
        _ => Vec::new(),
    };
    borders.windows(2).map(span).collect()
}

fn faded(samples: &[i16]) -> Vec<i16> {
    const FADE: usize = 80;
    let gain = |n: usize| (n.min(samples.len() - 1 - n).min(FADE)) as f64 / FADE as f64;
    samples.iter().enumerate().map(|(n, s)| (f64::from(*s) * gain(n)) as i16).collect()
}

/// Samples of so many milliseconds.
pub(crate) const fn in_samples(ms: u64) -> usize {
    (ms * SPEECH_RATE_HZ as u64 / 1000) as usize
}
