//! A language of tones: every word is a pitch, so that what is heard can be read back from audio
//! without a model. With it the real driver and media plane are tested from audio in to audio
//! out, in virtual time.

use std::sync::{Arc, Mutex};

use antiphon::{
    Agent, AudioFormat, BoxStream, Config, Engines, Events, MediaPool, Pace, Result, Session,
    SessionClock,
    session::SessionParts,
    stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest},
    tools::ToolSet,
    transport::{AudioIn, AudioOut, Link, ReadState},
    tts::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming},
    vad::{EnergyVad, GateConfig, SpeechGate},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

/// The rate of everything: that of the speech plane.
pub(crate) const RATE_HZ: u32 = 16_000;

const WORDS: [&str; 20] = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "hello",
    "stop", "book", "table", "sorry", "sunny", "please", "answer", "again", "thanks",
];

/// A word sounds for 160 ms and is followed by 40 ms of silence.
const SOUND: usize = 2_560;
const WORD: usize = 3_200;

const LOUD: f32 = 12_000.0;

fn pitch(word: usize) -> f32 {
    500.0 + 70.0 * word as f32
}

/// Words without punctuation and case, as positions of the text.
fn words(text: &str) -> Vec<(std::ops::Range<usize>, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    for part in text.split_inclusive(' ') {
        let word: String = part.chars().filter(|c| c.is_alphabetic()).collect();
        let n = WORDS.iter().position(|w| w.eq_ignore_ascii_case(&word));
        found.extend(n.map(|n| (from..from + part.trim_end().len(), n)));
        from += part.len();
    }
    found
}

/// The text as tones: words of the language, everything else is left out.
pub(crate) fn speak(text: &str) -> Vec<i16> {
    let tone = |(_, word)| {
        (0..WORD).map(move |n| {
            let phase = n as f32 / RATE_HZ as f32 * pitch(word) * std::f32::consts::TAU;
            if n < SOUND { (LOUD * phase.sin()) as i16 } else { 0 }
        })
    };
    words(text).into_iter().flat_map(tone).collect()
}

/// Reads words from audio as it comes.
#[derive(Default)]
pub(crate) struct Ear {
    samples: Vec<i16>,
    at: usize,
    words: Vec<&'static str>,
}

impl Ear {
    pub(crate) fn push(&mut self, audio: &[i16]) {
        self.samples.extend_from_slice(audio);
        while let Some(onset) = self.samples[self.at..].iter().position(|s| is_loud(*s)) {
            let from = self.at + onset;
            if self.samples.len() < from + SOUND {
                return;
            }
            self.word(from);
            self.at = (from + SOUND + 160).min(self.samples.len());
        }
    }

    /// Half a word is a word: so do people hear.
    fn word(&mut self, from: usize) {
        let half = &self.samples[from..(from + SOUND / 2).min(self.samples.len())];
        if half.len() == SOUND / 2 && half[half.len() - 80..].iter().any(|s| is_loud(*s)) {
            let power = |word: &usize| power(half, *word);
            let best = (0..WORDS.len()).max_by(|a, b| power(a).total_cmp(&power(b)));
            self.words.extend(best.map(|n| WORDS[n]));
        }
    }

    /// Everything up to now, the word that sounds included.
    pub(crate) fn text(&self) -> String {
        let mut all = Self { samples: self.samples.clone(), at: self.at, ..Self::default() };
        all.words.clone_from(&self.words);
        if let Some(onset) = self.samples[self.at..].iter().position(|s| is_loud(*s)) {
            all.word(self.at + onset);
        }
        all.words.join(" ")
    }
}

/// The words in `audio`.
pub(crate) fn listen(audio: &[i16]) -> String {
    let mut ear = Ear::default();
    ear.push(audio);
    ear.text()
}

fn is_loud(sample: i16) -> bool {
    sample.unsigned_abs() > 2_000
}

/// Power at a word's pitch, by Goertzel's recurrence.
fn power(audio: &[i16], word: usize) -> f32 {
    let turn = 2.0 * (pitch(word) / RATE_HZ as f32 * std::f32::consts::TAU).cos();
    let (mut last, mut before) = (0.0, 0.0);
    for s in audio {
        (last, before) = (f32::from(*s) + turn * last - before, last);
    }
    last * last + before * before - turn * last * before
}

/// Speech to text for tones.
pub(crate) struct ToneStt;

#[async_trait]
impl Stt for ToneStt {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            rate_hz: RATE_HZ,
            interim: true,
            end_of_turn: false,
            languages: Vec::new(),
        }
    }

    async fn transcribe(
        &self,
        _: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        let events = audio.scan((Ear::default(), String::new()), |(ear, known), input| {
            let events = match input {
                SttInput::Audio(more) => {
                    ear.push(&more);
                    let text = ear.words.join(" ");
                    let news = text != *known;
                    known.clone_from(&text);
                    if news { vec![SttEvent::Interim { segment: 0, text }] } else { Vec::new() }
                }
                SttInput::Flush { marker } => vec![
                    SttEvent::Final { segment: 0, text: ear.text() },
                    SttEvent::Flushed { marker },
                ],
            };
            std::future::ready(Some(stream::iter(events)))
        });
        Ok(events.flatten().map(Ok).boxed())
    }
}

/// Text to speech in tones, with exact word timings.
pub(crate) struct ToneTts;

#[async_trait]
impl Tts for ToneTts {
    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { rate_hz: RATE_HZ, word_timings: true, voices: Vec::new() }
    }

    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        let timing = |(n, (text, _))| {
            let start = (n * WORD) as u64;
            WordTiming { text, samples: start..start + SOUND as u64 }
        };
        let timings = words(&request.text).into_iter().enumerate().map(timing).collect();
        let mut events = vec![TtsEvent::Words(timings)];
        events.extend(speak(&request.text).chunks(WORD).map(|c| TtsEvent::Audio(c.to_vec())));
        Ok(stream::iter(events).map(Ok).boxed())
    }
}

/// When the caller does the next thing.
#[derive(Clone, Copy)]
pub(crate) enum When {
    /// So many milliseconds after both have fallen silent.
    Quiet(u32),
    /// So many milliseconds after the agent has answered and fallen silent.
    Answered(u32),
    /// Once the agent has been audible for so many milliseconds since the caller's last words.
    Over(u32),
}

#[derive(Default)]
struct Tape {
    plan: std::collections::VecDeque<(When, Vec<i16>)>,
    speaking: Vec<i16>,
    caller: Vec<i16>,
    agent: Vec<i16>,
    quiet_ms: u32,
    audible_ms: u32,
}

/// A caller who speaks in tones, and the recording of the call. After the last line and 1.5 s of
/// silence the caller hangs up.
#[derive(Clone, Default)]
pub(crate) struct Caller(Arc<Mutex<Tape>>);

impl Caller {
    pub(crate) fn says(self, when: When, text: &str) -> Self {
        self.0.lock().unwrap().plan.push_back((when, speak(text)));
        self
    }

    pub(crate) fn link(&self) -> Link {
        Link { input: Box::new(self.clone()), output: Box::new(self.clone()) }
    }

    /// What the agent's audio says.
    pub(crate) fn heard(&self) -> String {
        listen(&self.0.lock().unwrap().agent)
    }

    /// The agent's audio.
    pub(crate) fn agent(&self) -> Vec<i16> {
        self.0.lock().unwrap().agent.clone()
    }

    /// The caller's audio.
    pub(crate) fn caller(&self) -> Vec<i16> {
        self.0.lock().unwrap().caller.clone()
    }
}

const FORMAT: AudioFormat = AudioFormat::mono(RATE_HZ);

fn is_quiet(frame: &[i16]) -> bool {
    frame.iter().all(|s| s.unsigned_abs() < 500)
}

impl AudioIn for Caller {
    fn format(&self) -> AudioFormat {
        FORMAT
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        let tape = &mut *self.0.lock().unwrap();
        let due = match tape.plan.front() {
            Some((When::Quiet(ms), _)) => tape.quiet_ms >= *ms,
            Some((When::Answered(ms), _)) => tape.audible_ms > 0 && tape.quiet_ms >= *ms,
            Some((When::Over(ms), _)) => tape.audible_ms >= *ms,
            None if tape.speaking.is_empty() && tape.quiet_ms > 1_500 => return ReadState::Ended,
            None => false,
        };
        if due && tape.speaking.is_empty() {
            tape.speaking = tape.plan.pop_front().unwrap().1;
        }
        let n = tape.speaking.len().min(frame.len());
        frame.fill(0);
        frame[..n].copy_from_slice(&tape.speaking[..n]);
        tape.speaking.drain(..n);
        tape.caller.extend_from_slice(frame);
        if n > 0 {
            (tape.quiet_ms, tape.audible_ms) = (0, 0);
        }
        ReadState::Frame
    }
}

/// A session of the language of tones, with the defaults of everything.
pub(crate) fn parts(agent: Arc<dyn Agent>, caller: &Caller) -> SessionParts {
    SessionParts {
        config: Config::default(),
        agent: Some(agent),
        tools: ToolSet::new(),
        engines: Engines {
            stt: Arc::new(ToneStt),
            tts: Arc::new(ToneTts),
            turn_detector: None,
            backchannel_detector: None,
        },
        vad: Box::new(EnergyVad::new()),
        gate: SpeechGate::new(GateConfig::default(), RATE_HZ).unwrap(),
        link: caller.link(),
        journal: None,
    }
}

/// Starts it on a media plane of its own, in virtual time.
pub(crate) fn start(parts: SessionParts) -> (Session, Events) {
    let pool = MediaPool::start(SessionClock::new(Pace::Virtual)).unwrap();
    Session::start(&pool, parts).unwrap()
}

impl AudioOut for Caller {
    fn format(&self) -> AudioFormat {
        FORMAT
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        let tape = &mut *self.0.lock().unwrap();
        tape.agent.extend_from_slice(frame);
        let ms = (frame.len() * 1000) as u32 / RATE_HZ;
        if !is_quiet(frame) {
            (tape.quiet_ms, tape.audible_ms) = (0, tape.audible_ms + ms);
        } else if tape.speaking.is_empty() {
            tape.quiet_ms += ms;
        }
        0
    }

    fn flush(&mut self) {}

    fn pending(&self) -> u64 {
        0
    }
}

#[test]
fn what_is_spoken_is_heard() {
    let text = "hello zero one nine thanks";
    assert_eq!(listen(&speak(text)), text);
    assert_eq!(listen(&speak("Hello, stop please!")), "hello stop please");
    assert_eq!(listen(&[0; 4_000]), "");
}
