//! Speech and sounds over the agent, through real sessions: how soon it yields, what stops it
//! without cause, how soon it goes on and whether a sample is lost.

use std::ops::Range;

use antiphon::{
    Notice, Result, SPEECH_RATE_HZ, Timestamp, local::Local, piper::Piper, stt::wer::Wer,
};
use serde::Serialize;

use super::{
    corpus::{Caller, in_samples},
    random::Random,
    run::{Ran, Speech, run},
    sentences::{HUMS, INTERRUPTIONS, MONOLOGUE, OPENING, SENTENCES},
    sounds::{bang, cough, far_away, mix, music},
    voice::{Manner, audible, levelled, speak},
};

/// A run of silence this long is a held agent: one frame.
const HELD: usize = FRAME;

/// What is handed out at once.
const FRAME: usize = in_samples(20);

/// Silence before the caller's first words.
const LEAD: usize = in_samples(400);

/// What is heard over the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody who wants the turn.
    #[default]
    Interruption,
    /// "Mm-hmm."
    Hum,
    /// A cough.
    Cough,
    /// A door, keys, hiss.
    Noise,
    /// Music.
    Music,
    /// Somebody else across the room, 15 dB below the caller.
    SideTalk,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Interruption, Self::Hum, Self::Cough, Self::Noise, Self::Music, Self::SideTalk];

    /// For the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interruption => "interruption",
            Self::Hum => "mm-hm",
            Self::Cough => "cough",
            Self::Noise => "noise",
            Self::Music => "music",
            Self::SideTalk => "side talk",
        }
    }
}

/// What became of one sound over the agent. Times in milliseconds.
#[derive(Clone, Debug, Serialize)]
pub struct Overlap {
    /// The seed.
    pub seed: u64,
    /// What it was.
    pub kind: Kind,
    /// What was said.
    pub text: String,
    /// On a telephone line, and how much louder than the room, dB.
    pub phone: bool,
    /// Speech above the noise of the room.
    pub snr_db: f64,
    /// From the onset until the agent was silent; `None` if it never was.
    pub yield_ms: Option<f64>,
    /// The agent gave up what it was saying.
    pub stopped: bool,
    /// What the verdict rests on.
    pub why: String,
    /// From the end of the sound until the agent went on; negative if it did before.
    pub resume_ms: Option<f64>,
    /// From the decision that it was no interruption until the agent's next frame was handed out.
    pub refusal_ms: Option<f64>,
    /// Samples of the agent that were not heard although nobody stopped it.
    pub lost: usize,
    /// What was understood.
    pub heard: String,
    /// Words of the caller that were understood wrongly, and all. Interruptions only.
    pub words: (usize, usize),
}

/// Runs `count` overlaps from `seed` on, kinds in turn.
pub(crate) async fn measure(local: &Local, seed: u64, count: u64) -> Result<Vec<Overlap>> {
    let plain = Manner { pitch: 1.0, pace: 1.0, dbfs: -22.0 };
    let piper = local.voice.clone();
    let speech = off_thread(move || speak(&piper, MONOLOGUE, plain)).await?;
    let speech = Speech::new(MONOLOGUE, &speech.samples);
    let mut overlaps = Vec::new();
    for (seed, kind) in (seed..seed + count).zip(Kind::ALL.into_iter().cycle()) {
        let piper = local.voice.clone();
        let item = off_thread(move || Item::generate(&piper, seed, kind)).await?;
        let ran = run(local, item.samples.clone(), Some(&speech)).await?;
        overlaps.push(judge(seed, &item, &ran, &speech));
    }
    Ok(overlaps)
}

/// What blocks, where it may.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| {
        antiphon::Error::new("bench.turns", antiphon::Code::Internal, "the corpus was not made")
            .with_source(e)
    })?
}

struct Item {
    kind: Kind,
    caller: Caller,
    text: &'static str,
    samples: Vec<i16>,
    sound: Range<usize>,
}

impl Item {
    fn generate(piper: &Piper, seed: u64, kind: Kind) -> Result<Self> {
        // Another stream of chance than the calls'.
        let mut random = Random::new(seed ^ 0x5ee_d0ff);
        let caller = Caller::draw(&mut random);
        let text = match kind {
            Kind::Interruption => random.pick(INTERRUPTIONS),
            Kind::Hum => random.pick(HUMS),
            Kind::SideTalk => random.pick(SENTENCES),
            Kind::Cough | Kind::Noise | Kind::Music => "",
        };
        let spoken = || speak(piper, &text.replace('|', ""), caller.manner).map(|s| s.samples);
        let sound = match kind {
            Kind::Interruption | Kind::Hum => spoken()?,
            Kind::SideTalk => levelled(&far_away(&spoken()?), caller.manner.dbfs - 15.0),
            Kind::Cough => levelled(&cough(&mut random), caller.manner.dbfs),
            Kind::Noise => levelled(&bang(&mut random), caller.manner.dbfs - 6.0),
            Kind::Music => levelled(&music(&mut random), caller.manner.dbfs - 10.0),
        };
        let opening = speak(piper, OPENING, caller.manner)?.samples;
        // The agent answers within two seconds, and is well into what it says by then.
        let at = opening.len() + in_samples(random.between(4000.0, 5000.0) as u64);
        let heard = audible(&sound);
        let mut samples = vec![0; at + sound.len() + in_samples(3000)];
        mix(&mut samples, &opening, LEAD);
        mix(&mut samples, &sound, at);
        let samples = caller.line(samples, seed)?;
        Ok(Self { kind, caller, text, samples, sound: at + heard.start..at + heard.end })
    }
}

fn judge(seed: u64, item: &Item, ran: &Ran, speech: &Speech) -> Overlap {
    // The agent has more to say than any sound lasts; a later silence is the end of the call.
    let held = silence_after(&ran.agent, item.sound.start);
    let held = held.filter(|at| *at < item.sound.end + in_samples(1000));
    let stopped = ran.events.iter().any(|e| matches!(e.notice, Notice::Interrupted { .. }));
    let resumed = held.filter(|_| !stopped).and_then(|at| sound_after(&ran.agent, at));
    let heard = understood(ran);
    let words = match item.kind {
        Kind::Interruption => Wer::of(item.text, &heard),
        Kind::Hum | Kind::Cough | Kind::Noise | Kind::Music | Kind::SideTalk => Wer::default(),
    };
    Overlap {
        seed,
        kind: item.kind,
        text: item.text.replace("| ", ""),
        phone: item.caller.phone,
        snr_db: item.caller.snr_db,
        yield_ms: held.map(|at| ms(at, item.sound.start)),
        stopped,
        why: verdict(ran),
        resume_ms: resumed.map(|at| ms(at, item.sound.end)),
        refusal_ms: resumed.and_then(|at| Some(ms(at + FRAME, refusal(ran)?))),
        lost: if stopped { 0 } else { lost(&ran.agent, &speech.samples) },
        heard,
        words: (words.errors, words.words),
    }
}

/// The first decision that what was heard is no interruption.
fn refusal(ran: &Ran) -> Option<usize> {
    let refused = ran.events.iter().find(|e| matches!(e.notice, Notice::Resumed { .. }))?;
    Some(in_samples(u64::try_from(refused.at.since(Timestamp::ZERO).as_millis()).ok()?))
}

/// Milliseconds from sample `from` to sample `to`.
pub(crate) fn ms(to: usize, from: usize) -> f64 {
    (to as f64 - from as f64) * 1e3 / f64::from(SPEECH_RATE_HZ)
}

/// Where the agent falls silent at or after `from`.
pub(crate) fn silence_after(agent: &[i16], from: usize) -> Option<usize> {
    let mut quiet = 0;
    for (n, sample) in agent.iter().enumerate().skip(from) {
        quiet = if *sample == 0 { quiet + 1 } else { 0 };
        if quiet == HELD {
            return Some(n + 1 - HELD);
        }
    }
    None
}

/// Where the agent sounds at or after `from`.
pub(crate) fn sound_after(agent: &[i16], from: usize) -> Option<usize> {
    agent.iter().skip(from).position(|s| *s != 0).map(|n| from + n)
}

/// Samples from the first one on that is not `speech`'s next.
fn lost(agent: &[i16], speech: &[i16]) -> usize {
    let heard: Vec<i16> = agent.iter().copied().filter(|s| *s != 0).collect();
    let same = heard.iter().zip(speech).take_while(|(a, b)| a == b).count();
    heard.len().min(speech.len()) - same
}

/// Everything the caller was understood to say, turn by turn.
pub(crate) fn understood(ran: &Ran) -> String {
    let mut turns: Vec<(antiphon::TurnId, &str)> = Vec::new();
    for event in &ran.events {
        if let Notice::UserTurn { turn, text, .. } = &event.notice {
            match turns.iter_mut().find(|(id, _)| id == turn) {
                Some(known) => known.1 = text,
                None => turns.push((*turn, text)),
            }
        }
    }
    turns.iter().map(|(_, text)| *text).collect::<Vec<_>>().join(" ")
}

#[expect(clippy::wildcard_enum_match_arm, reason = "two notices carry a verdict")]
fn verdict(ran: &Ran) -> String {
    let why = |n: &Notice| match n {
        Notice::Interrupted { why, .. } | Notice::Resumed { why, .. } => Some(why.as_str()),
        _ => None,
    };
    let verdicts: Vec<&str> = ran.events.iter().filter_map(|e| why(&e.notice)).collect();
    verdicts.join(", ")
}
