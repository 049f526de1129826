//! The voice as a [`Tts`] engine.

use std::{fmt, path::Path, sync::Arc};

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_tts::{Tts, TtsCapabilities, TtsEvent, TtsRequest, WordTiming};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::{
    config::VoiceConfig,
    phonemes::{g2p, shortest},
    utterance::{Utterance, Voice},
    vits::{Manner, Vits},
    worker::{Mailbox, Pieces},
};

/// Longest text of one request, in bytes: about ten minutes of speech.
const MAX_TEXT: usize = 10_000;

/// How a voice is loaded.
#[derive(Clone, Debug, Default)]
pub struct PiperOptions {
    /// The graph's value at which it is cut for streaming; `None` to have it found.
    pub latent_node: Option<String>,
    /// Threads of the pool for what runs on rten; 0 counts as 1, which is best beside other
    /// engines. Our own decoder runs on the worker alone.
    pub threads: usize,
    /// No chance: the same text always sounds the same.
    pub steady: bool,
}

/// A loaded voice with its worker thread. Clones share both; the thread ends with the last one.
#[derive(Clone)]
pub struct Piper {
    name: String,
    steady: bool,
    voice: Arc<Voice>,
    mailbox: Mailbox,
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

impl Piper {
    /// The same voice without chance: the same text always sounds the same.
    #[must_use]
    pub fn steady(&self) -> Self {
        Self { steady: true, ..self.clone() }
    }

    /// Loads a voice and starts its worker. Takes about a second, most of it for the lexicons,
    /// which are loaded once per process.
    ///
    /// # Errors
    /// `storage` if a file cannot be read, `corrupt` if the files are not a Piper voice,
    /// `invalid_input` for a language other than English or a `latent_node` the graph does not
    /// have, `unavailable` if no thread can be started.
    pub fn load(onnx: &Path, config: &Path, options: &PiperOptions) -> Result<Self> {
        let config = VoiceConfig::read(config)?;
        let latent = options.latent_node.as_deref();
        let vits = Vits::load(onnx, latent, options.threads, &shortest(&config))?;
        g2p()?;
        let name = onnx.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
        let voice = Arc::new(Voice { vits, config });
        let mailbox = Mailbox::start(Arc::clone(&voice))?;
        Ok(Self { name, steady: options.steady, voice, mailbox })
    }

    /// Synthesises a whole text. Blocks; must not be called from an async task.
    ///
    /// # Errors
    /// As [`Tts::speak`], and `internal` if the model fails.
    pub fn synthesise(&self, request: TtsRequest) -> Result<Speech> {
        let mut pieces = self.start(request)?;
        let mut speech = Speech { rate_hz: self.voice.config.rate_hz(), ..Speech::default() };
        while let Some(event) = pieces.blocking_recv() {
            match event? {
                TtsEvent::Audio(samples) => speech.samples.extend(samples),
                TtsEvent::Words(words) => speech.words.extend(words),
            }
        }
        Ok(speech)
    }

    /// How many parts of a phrase were computed since the voice was loaded: encoders, and windows
    /// of flow and decoder. None can be left halfway.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.voice.vits.runs()
    }

    fn start(&self, request: TtsRequest) -> Result<Pieces> {
        let bad = |what: String| Error::new("piper.speak", Code::InvalidInput, what);
        if !(0.5..=2.0).contains(&request.rate) {
            let what = format!("the rate {} is not between 0.5 and 2.0", request.rate);
            return Err(bad(what).with_help("1.0 is the voice's own rate"));
        }
        if request.text.len() > MAX_TEXT {
            let what = format!("{} bytes of text where {MAX_TEXT} are allowed", request.text.len());
            return Err(bad(what).with_help("cut the text into sentences with a `Splitter`"));
        }
        let speaker = self.speaker(request.voice.as_deref())?;
        let scales = self.voice.config.scales(request.rate, self.steady);
        self.mailbox.speak(Utterance::new(request, Manner { scales, speaker }))
    }

    fn voices(&self) -> Vec<String> {
        let speakers = self.voice.config.speaker_id_map.keys();
        let named = speakers.map(|s| format!("{}#{s}", self.name));
        [self.name.clone()].into_iter().chain(named).collect()
    }

    fn speaker(&self, voice: Option<&str>) -> Result<i32> {
        let Some(asked) = voice.filter(|v| *v != self.name) else { return Ok(0) };
        let known = asked.strip_prefix(&self.name).and_then(|s| s.strip_prefix('#'));
        let config = Some(&self.voice.config).filter(|c| c.is_multi_speaker());
        let id = known.and_then(|s| config?.speaker_id_map.get(s)).copied();
        id.ok_or_else(|| {
            let likeness = |v: &String| (strsim::jaro_winkler(v, asked) * 1e6) as u32;
            let nearest = self.voices().into_iter().max_by_key(likeness).unwrap_or_default();
            let what = format!("there is no voice {asked:?}");
            Error::new("piper.speak", Code::InvalidInput, what)
                .with_help(format!("the most similar name is {nearest:?}"))
        })
    }
}

#[async_trait]
impl Tts for Piper {
    fn capabilities(&self) -> TtsCapabilities {
        let Voice { vits, config } = &*self.voice;
        TtsCapabilities {
            rate_hz: config.rate_hz(),
            word_timings: vits.has_durations(),
            voices: self.voices(),
        }
    }

    async fn speak(&self, request: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        let pieces = self.start(request)?;
        let next = |mut p: Pieces| async move { Some((p.recv().await?, p)) };
        Ok(Box::pin(stream::unfold(pieces, next).fuse()))
    }
}
