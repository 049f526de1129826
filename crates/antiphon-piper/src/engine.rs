//! The voice as a [`Tts`] engine: one worker thread, requests in turn by window.

use std::{
    collections::VecDeque,
    fmt,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_tts::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming, normalise};
use async_trait::async_trait;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::{
    config::VoiceConfig,
    model::Vits,
    phonemes::{Phonemes, g2p},
    utterance::Utterance,
};

/// Requests that may wait for the worker.
const WAITING: usize = 16;

/// Pieces of at most 200 ms that may wait for a listener: two seconds.
const PIECES: usize = 10;

/// How often a worker looks again whether a slow listener has made room.
const ROOM_POLL: Duration = Duration::from_millis(5);

/// How a voice is loaded.
#[derive(Clone, Debug, Default)]
pub struct PiperOptions {
    /// The graph's value at which it is cut for streaming; `None` for the one Piper exports.
    pub latent_node: Option<String>,
    /// Threads of the worker's pool; 0 counts as 1, which is best beside other engines.
    pub threads: usize,
    /// No chance: the same text always sounds the same.
    pub steady: bool,
}

/// A loaded voice. Clones share it.
#[derive(Clone)]
pub struct Piper {
    name: String,
    config: VoiceConfig,
    word_timings: bool,
    jobs: SyncSender<Job>,
}

impl fmt::Debug for Piper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piper").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A whole synthesis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// One channel.
    pub samples: Vec<i16>,
    /// Samples per second.
    pub rate_hz: u32,
    /// When each word sounds.
    pub words: Vec<WordTiming>,
}

struct Job {
    request: TtsRequest,
    speaker: i32,
    out: mpsc::Sender<Result<TtsEvent>>,
}

impl Piper {
    /// Loads a voice and starts its worker. Takes about a second, most of it for the lexicons,
    /// which are loaded once per process.
    ///
    /// # Errors
    /// `invalid_input` if the files are not a Piper voice, `unavailable` if no thread can be
    /// started.
    pub fn load(onnx: &Path, config: &Path, options: &PiperOptions) -> Result<Self> {
        let voice = VoiceConfig::read(config)?;
        let vits = Vits::load(onnx, options.latent_node.as_deref(), options.threads)?;
        g2p()?;
        let name = onnx.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let word_timings = vits.streams() && vits.has_durations();
        let (jobs, inbox) = sync_channel(WAITING);
        let worker = Worker { vits, config: voice.clone(), steady: options.steady };
        thread::Builder::new()
            .name("antiphon-piper".to_owned())
            .spawn(move || worker.run(&inbox))
            .map_err(|e| Error::new("piper.load", Code::Unavailable, format!("no thread: {e}")))?;
        Ok(Self { name, config: voice, word_timings, jobs })
    }

    /// Synthesises a whole text. Blocks; must not be called from an async task.
    ///
    /// # Errors
    /// As [`Tts::speak`], and `internal` if the model fails.
    pub fn synthesise(&self, request: TtsRequest) -> Result<Speech> {
        let mut pieces = self.start(request)?;
        let mut speech = Speech { rate_hz: self.config.rate_hz(), ..Speech::default() };
        while let Some(event) = pieces.blocking_recv() {
            match event? {
                TtsEvent::Audio(samples) => speech.samples.extend(samples),
                TtsEvent::Words(words) => speech.words.extend(words),
            }
        }
        Ok(speech)
    }

    fn start(&self, request: TtsRequest) -> Result<mpsc::Receiver<Result<TtsEvent>>> {
        let bad = |what: String| Error::new("tts.speak", Code::InvalidInput, what);
        if !(0.5..=2.0).contains(&request.rate) {
            return Err(bad(format!("the rate {} is not between 0.5 and 2.0", request.rate)));
        }
        let speaker = self.speaker(request.voice.as_deref()).ok_or_else(|| {
            let asked = request.voice.clone().unwrap_or_default();
            let known = self.voices().join(", ");
            bad(format!("there is no voice {asked:?}")).with_help(format!("known voices: {known}"))
        })?;
        let (out, pieces) = mpsc::channel(PIECES);
        self.jobs.try_send(Job { request, speaker, out }).map_err(|e| {
            let what = match e {
                TrySendError::Full(_) => "too many requests wait for the voice",
                TrySendError::Disconnected(_) => "the voice's worker is gone",
            };
            Error::new("tts.speak", Code::Unavailable, what)
        })?;
        Ok(pieces)
    }

    fn voices(&self) -> Vec<String> {
        let speakers = self.config.speaker_id_map.keys();
        let named = speakers.map(|s| format!("{}#{s}", self.name));
        [self.name.clone()].into_iter().chain(named).collect()
    }

    fn speaker(&self, voice: Option<&str>) -> Option<i32> {
        let Some(voice) = voice.filter(|v| *v != self.name) else { return Some(0) };
        let speaker = voice.strip_prefix(&self.name)?.strip_prefix('#')?;
        let id = self.config.speaker_id_map.get(speaker).copied()?;
        self.config.is_multi_speaker().then_some(id)
    }
}

#[async_trait]
impl Tts for Piper {
    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities {
            rate_hz: self.config.rate_hz(),
            word_timings: self.word_timings,
            voices: self.voices(),
        }
    }

    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        let pieces = self.start(request)?;
        Ok(Box::pin(stream::unfold(pieces, |mut p| async move { Some((p.recv().await?, p)) })))
    }
}

struct Worker {
    vits: Vits,
    config: VoiceConfig,
    steady: bool,
}

/// A job in progress and what its listener has not taken yet.
struct Active {
    utterance: Utterance,
    out: mpsc::Sender<Result<TtsEvent>>,
    pending: VecDeque<TtsEvent>,
    more: bool,
}

impl Worker {
    fn run(&self, inbox: &Receiver<Job>) {
        let mut active: VecDeque<Active> = VecDeque::new();
        loop {
            let stalled = !active.iter_mut().any(Active::has_room);
            let next = match (active.is_empty(), stalled) {
                (true, _) => inbox.recv().map_err(|_| RecvTimeoutError::Disconnected),
                (false, true) => inbox.recv_timeout(ROOM_POLL),
                (false, false) => inbox.try_recv().map_err(|_| RecvTimeoutError::Timeout),
            };
            match next {
                Ok(job) => active.extend(self.begin(job)),
                Err(RecvTimeoutError::Disconnected) if active.is_empty() => return,
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
            }
            // The oldest that can move: later segments must not delay earlier ones.
            if let Some(job) = active.iter_mut().find(|a| a.can_step()) {
                job.step(&self.vits);
            }
            active.retain_mut(|a| a.deliver());
        }
    }

    fn begin(&self, job: Job) -> Option<Active> {
        let words = normalise(&job.request.text);
        let scales = self.config.scales(job.request.rate, self.steady);
        match Phonemes::of(&words.text, &self.config) {
            Ok(phonemes) => {
                let rate_hz = self.config.rate_hz();
                let utterance = Utterance::new(words, phonemes, scales, job.speaker, rate_hz);
                Some(Active { utterance, out: job.out, pending: VecDeque::new(), more: true })
            }
            Err(e) => {
                // A fresh channel has room; if the listener is gone, nobody wants to know.
                let _ = job.out.try_send(Err(e));
                None
            }
        }
    }
}

impl Active {
    /// Whether the listener has taken, or can take, everything made so far.
    fn has_room(&mut self) -> bool {
        self.pending.len() <= self.out.capacity() || self.out.is_closed()
    }

    fn can_step(&self) -> bool {
        self.more && self.pending.is_empty() && !self.out.is_closed()
    }

    fn step(&mut self, vits: &Vits) {
        let mut made = Vec::new();
        match self.utterance.step(vits, &mut made) {
            Ok(more) => self.more = more,
            Err(e) => {
                self.more = false;
                let _ = self.out.try_send(Err(e));
            }
        }
        self.pending.extend(made);
    }

    /// Hands over what there is room for. Returns whether the job goes on.
    fn deliver(&mut self) -> bool {
        while let Some(event) = self.pending.pop_front() {
            match self.out.try_send(Ok(event)) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(Ok(event))) => {
                    self.pending.push_front(event);
                    return true;
                }
                Err(_) => return false,
            }
        }
        self.more && !self.out.is_closed()
    }
}
