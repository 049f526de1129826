//! Listening to a recording once, as a session would: what the gate and the turn detector said,
//! and when.

use std::time::{Duration, Instant};

use antiphon_audio::resample;
use antiphon_core::{AudioFormat, Pii, Result, SPEECH_RATE_HZ, Timestamp};
use antiphon_stt::{Stt, SttInput, SttRequest, Transcript};
use antiphon_turn::{TurnContext, TurnDetector, trails_off};
use antiphon_vad::{GateConfig, GateEdge, SpeechGate, Vad};
use futures_util::{StreamExt as _, stream};

/// What a session keeps of the caller's audio before a turn, and within one.
const BEFORE_TURN: u64 = SPEECH_RATE_HZ as u64 / 2;
const TURN: u64 = SPEECH_RATE_HZ as u64 * 8;

/// The gate may end speech so much after a labelled end (breath, reverberation, a label set early)
/// and still mean it.
const LABEL_SLACK: Duration = Duration::from_millis(300);

/// Silence put behind a recording, so that its last turn can end: longer than any gate needs.
const TAIL: usize = SPEECH_RATE_HZ as usize;

/// One caller's side of a call, and the truth about its turns.
#[derive(Clone, Debug)]
pub struct Recording {
    /// For reports.
    pub name: String,
    /// One channel at [`SPEECH_RATE_HZ`].
    pub samples: Vec<i16>,
    /// Where turns end: the last sound of each, ascending. Empty if nobody has labelled them; then
    /// only the last speech of the recording ends a turn.
    pub turn_ends: Vec<Timestamp>,
}

impl Recording {
    /// A recording of one channel at `rate_hz`.
    ///
    /// # Errors
    /// `invalid_input` if the rate is outside 4–768 kHz.
    pub fn new(
        name: impl Into<String>,
        samples: &[i16],
        rate_hz: u32,
        turn_ends: Vec<Timestamp>,
    ) -> Result<Self> {
        let samples = resample(samples, rate_hz, SPEECH_RATE_HZ)?;
        Ok(Self { name: name.into(), samples, turn_ends })
    }
}

/// A stretch of silence the gate reported.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TracedPause {
    /// When speech ended, as the gate has it.
    pub speech_end: Timestamp,
    /// When the gate knew.
    pub detected: Timestamp,
    /// When speech went on, and when the gate knew; `None` at the end of the recording.
    pub resumed: Option<(Timestamp, Timestamp)>,
    /// The true end of the turn, if this pause is behind one.
    pub turn_end: Option<Timestamp>,
    /// The detector's probability that the turn is finished.
    pub probability: f32,
    /// Whether the words so far [trail off](antiphon_turn::trails_off).
    pub trails_off: bool,
}

/// What was heard in a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// All pauses, in order.
    pub pauses: Vec<TracedPause>,
    /// Labelled ends without a pause: the gate heard speech, or never did.
    pub unheard_ends: usize,
    /// How long the detector took to answer; the median of its predictions.
    pub answer: Duration,
}

/// What listens.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Listening<'a> {
    /// Voice activity at [`SPEECH_RATE_HZ`]; reset before each recording.
    pub vad: &'a mut dyn Vad,
    /// Turns its probabilities into edges.
    pub gate: GateConfig,
    /// The turn detector.
    pub detector: &'a dyn TurnDetector,
    /// Speech to text at [`SPEECH_RATE_HZ`]; without it no turn trails off.
    pub stt: Option<&'a dyn Stt>,
    /// Language of the speech, BCP 47; `None` if it is not known.
    pub language: Option<String>,
}

/// Listens to a recording as fast as the engines can.
///
/// # Errors
/// `invalid_input` for a gate that cannot be, and what the engines say.
pub async fn listen(recording: &Recording, engines: &mut Listening<'_>) -> Result<Trace> {
    let edges = edges(&recording.samples, engines)?;
    let mut pauses = Vec::new();
    let mut answers = Vec::new();
    let mut turn_from = None;
    for (n, &(edge, position)) in edges.iter().enumerate() {
        let end = match edge {
            GateEdge::Started { onset } => {
                turn_from.get_or_insert(onset.saturating_sub(BEFORE_TURN));
                continue;
            }
            GateEdge::Stopped { end } => end,
        };
        let from = turn_from.unwrap_or(0).max(position.saturating_sub(TURN));
        let asked = Instant::now();
        let context = TurnContext {
            audio: part(&recording.samples, from, position),
            transcript: Pii::default(),
        };
        let probability = engines.detector.predict(context).await?;
        answers.push(asked.elapsed());
        let said = part(&recording.samples, turn_from.unwrap_or(0), position);
        let trails_off = engines.trails_off(said).await?;
        let resumed = match edges.get(n + 1) {
            Some(&(GateEdge::Started { onset }, known)) => Some((at(onset), at(known))),
            Some(_) | None => None,
        };
        let turn_end = turn_end(recording, at(end), resumed.map(|(onset, _)| onset));
        if turn_end.is_some() {
            turn_from = None;
        }
        let (speech_end, detected) = (at(end), at(position));
        pauses.push(TracedPause {
            speech_end,
            detected,
            resumed,
            turn_end,
            probability,
            trails_off,
        });
    }
    let heard = pauses.iter().filter(|p| p.turn_end.is_some()).count();
    answers.sort_unstable();
    let answer = answers.get(answers.len() / 2).copied().unwrap_or_default();
    Ok(Trace { pauses, unheard_ends: recording.turn_ends.len().saturating_sub(heard), answer })
}

impl Listening<'_> {
    /// Whether the words of a turn so far trail off.
    async fn trails_off(&self, audio: Vec<i16>) -> Result<bool> {
        let Some(stt) = self.stt else { return Ok(false) };
        let request = SttRequest { language: self.language.clone() };
        let audio = stream::iter([SttInput::Audio(audio)]).boxed();
        let mut events = stt.transcribe(request, audio).await?;
        let mut transcript = Transcript::default();
        while let Some(event) = events.next().await {
            transcript.apply(&event?);
        }
        Ok(trails_off(&transcript.text(), self.language.as_deref()))
    }
}

/// Every edge, with the position at which the gate knew of it.
fn edges(samples: &[i16], engines: &mut Listening<'_>) -> Result<Vec<(GateEdge, u64)>> {
    let mut gate = SpeechGate::new(engines.gate, SPEECH_RATE_HZ)?.behind(&*engines.vad);
    let mut edges = Vec::new();
    let mut frame = vec![0; engines.vad.frame_len()];
    let mut samples = samples.iter().copied().chain(std::iter::repeat_n(0, TAIL)).fuse();
    engines.vad.reset();
    loop {
        let mut taken = 0;
        for (slot, sample) in frame.iter_mut().zip(samples.by_ref()) {
            *slot = sample;
            taken += 1;
        }
        if taken < frame.len() {
            return Ok(edges);
        }
        let probability = engines.vad.push(&frame)?;
        if let Some(edge) = gate.push(probability, frame.len()) {
            edges.push((edge, gate.position()));
        }
    }
}

/// The samples from `from` to `to`, with silence for what lies behind the recording.
fn part(samples: &[i16], from: u64, to: u64) -> Vec<i16> {
    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let (from, to) = (index(from), index(to));
    let mut part =
        samples.get(from.min(samples.len())..to.min(samples.len())).unwrap_or_default().to_vec();
    part.resize(to.saturating_sub(from), 0);
    part
}

/// The true end of a turn that a pause is behind.
fn turn_end(
    recording: &Recording,
    speech_end: Timestamp,
    resumed: Option<Timestamp>,
) -> Option<Timestamp> {
    if recording.turn_ends.is_empty() {
        return resumed.is_none().then_some(speech_end);
    }
    let within = |end: &&Timestamp| {
        speech_end <= **end + LABEL_SLACK && resumed.is_none_or(|resumed| **end < resumed)
    };
    recording.turn_ends.iter().rev().find(within).copied()
}

fn at(sample: u64) -> Timestamp {
    Timestamp::from_micros(AudioFormat::mono(SPEECH_RATE_HZ).micros(sample))
}
