//! The local engines, assembled: everything runs on this machine, without a key or a network once
//! the models are fetched.

use std::{io::Write, ops::Deref, sync::Arc};

use antiphon_conversation::Config;
use antiphon_core::Result;
use antiphon_gguf::{Gguf, GgufOptions};
use antiphon_llm::Llm as _;
use antiphon_models::{Model, Progress, ProgressEvent, State, Store};
use antiphon_moonshine::MoonshineStt;
use antiphon_piper::{Piper, PiperOptions};
use antiphon_session::{Agent, Engines, JournalOut, LlmAgent, SessionParts};
use antiphon_silero::Silero;
use antiphon_smart_turn::SmartTurn;
use antiphon_state::JournalOptions;
use antiphon_tools::ToolSet;
use antiphon_transport::Link;
use antiphon_turn::LevelDetector;
use antiphon_vad::{GateConfig, SpeechGate};

/// A speech-to-text model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SttModel {
    /// Quick: 27 million parameters.
    #[default]
    Tiny,
    /// Better: 61 million parameters, half as fast.
    Base,
}

impl SttModel {
    /// Its name in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tiny => "moonshine-tiny",
            Self::Base => "moonshine-base",
        }
    }
}

/// A language model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LlmModel {
    /// SmolLM2-135M: always there, chats, knows little.
    Smollm2,
    /// Qwen2.5-Coder-0.5B: keeps to instructions, slower.
    Qwen,
}

impl LlmModel {
    /// Its name in the manifest.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Smollm2 => "smollm2",
            Self::Qwen => "qwen",
        }
    }

    /// What a user should expect of it.
    #[must_use]
    pub const fn character(self) -> &'static str {
        match self {
            Self::Smollm2 => "small talk only: wrong on facts, calls no tools",
            Self::Qwen => {
                "follows instructions, knows common facts, calls a tool or two; stiff in small talk"
            }
        }
    }

    const fn file(self) -> &'static str {
        match self {
            Self::Smollm2 => "SmolLM2-135M-Instruct.Q4_1.gguf",
            Self::Qwen => "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        }
    }
}

/// Which engines to load.
#[derive(Clone, Debug, Default)]
pub struct LocalOptions {
    /// Speech to text.
    pub stt: SttModel,
    /// The language model; `None` takes Qwen if it was fetched, else SmolLM2.
    pub llm: Option<LlmModel>,
    /// Sampling and limits of the language model.
    pub gguf: GgufOptions,
}

/// The engines that hear and speak, to be shared by any number of sessions.
#[derive(Debug)]
pub struct LocalSpeech {
    /// Voice activity.
    pub vad: Silero,
    /// End of turn.
    pub turn: Arc<SmartTurn>,
    /// Speech to text.
    pub stt: MoonshineStt,
    /// The voice.
    pub voice: Piper,
}

/// All engines, to be shared by any number of sessions.
#[derive(Debug)]
pub struct Local {
    /// What hears and speaks.
    pub speech: LocalSpeech,
    /// The language model.
    pub llm: Gguf,
    /// Which one it is.
    pub llm_model: LlmModel,
}

/// The user's model store, with everything the local engines need to convert.
///
/// # Errors
/// As [`Store::open_default`].
pub fn store() -> Result<Store> {
    Ok(Store::open_default()?.with_converter("moonshine", antiphon_moonshine::convert))
}

/// Fetches a language model if it is missing, and loads it: `model`, or else the best that is
/// here. Blocks for a second, or longer if it is fetched.
///
/// # Errors
/// As [`Store::ensure`], and what the engine says of its file and of `options`.
pub fn language_model(
    store: &Store,
    model: Option<LlmModel>,
    options: GgufOptions,
    progress: &mut dyn Progress,
) -> Result<(Gguf, LlmModel)> {
    let qwen_there = store.state(LlmModel::Qwen.name())? == State::Present;
    let default = if qwen_there { LlmModel::Qwen } else { LlmModel::Smollm2 };
    let model = model.unwrap_or(default);
    let files = store.ensure(model.name(), progress)?;
    Ok((Gguf::load(&files.file(model.file())?, options)?, model))
}

/// The files of the engines that hear and speak.
struct SpeechFiles {
    silero: Model,
    smart_turn: Model,
    moonshine: Model,
    piper: Model,
}

impl SpeechFiles {
    fn load(&self) -> Result<LocalSpeech> {
        let latent_node = self.piper.spec().engine.get("latent_node").cloned();
        Ok(LocalSpeech {
            vad: Silero::load(self.silero.file("silero_vad_op18_ifless.onnx")?)?,
            turn: Arc::new(SmartTurn::load(self.smart_turn.file("smart-turn-v3.2-cpu.onnx")?)?),
            stt: MoonshineStt::load(&self.moonshine.file("moonshine.bin")?)?,
            voice: Piper::load(
                &self.piper.file("en_US-joe-medium.onnx")?,
                &self.piper.file("en_US-joe-medium.onnx.json")?,
                &PiperOptions { latent_node, ..PiperOptions::default() },
            )?,
        })
    }
}

impl LocalSpeech {
    /// Fetches what is missing and loads it. Blocks for seconds, or longer if models are fetched.
    ///
    /// # Errors
    /// As [`Local::load`].
    pub fn load_from(store: &Store, stt: SttModel, progress: &mut dyn Progress) -> Result<Self> {
        let files = Self::fetch(store, stt, progress)?;
        progress.on(ProgressEvent::Step("loading the models"));
        files.load()
    }

    fn fetch(store: &Store, stt: SttModel, progress: &mut dyn Progress) -> Result<SpeechFiles> {
        Ok(SpeechFiles {
            silero: store.ensure("silero", progress)?,
            smart_turn: store.ensure("smart-turn", progress)?,
            moonshine: store.ensure(stt.name(), progress)?,
            piper: store.ensure("piper-joe", progress)?,
        })
    }

    /// The engines behind their ports.
    #[must_use]
    pub fn engines(&self) -> Engines {
        Engines {
            stt: Arc::new(self.stt.clone()),
            tts: Arc::new(self.voice.clone()),
            turn_detector: Some(self.turn.clone()),
            backchannel_detector: Some(Arc::new(LevelDetector)),
        }
    }

    /// The parts of a session on these engines, without tools and without a journal.
    ///
    /// # Errors
    /// `invalid_input` if the defaults of voice activity do not fit together.
    pub fn session(
        &self,
        config: Config,
        link: Link,
        agent: Arc<dyn Agent>,
    ) -> Result<SessionParts> {
        Ok(SessionParts {
            config,
            tools: ToolSet::new(),
            agent: Some(agent),
            engines: self.engines(),
            vad: Box::new(self.vad.session()),
            gate: SpeechGate::new(GateConfig::default(), antiphon_core::SPEECH_RATE_HZ)?,
            link,
            journal: None,
        })
    }
}

impl Deref for Local {
    type Target = LocalSpeech;

    /// What hears and speaks is used as if it were all.
    fn deref(&self) -> &LocalSpeech {
        &self.speech
    }
}

impl Local {
    /// Fetches what is missing and loads everything. Blocks for seconds, or longer if models are
    /// fetched.
    ///
    /// # Errors
    /// As [`Store::ensure`], and what the engines say of their files.
    pub fn load(options: &LocalOptions, progress: &mut dyn Progress) -> Result<Self> {
        Self::load_from(&store()?, options, progress)
    }

    /// As [`load`](Self::load), from a given store.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn load_from(
        store: &Store,
        options: &LocalOptions,
        progress: &mut dyn Progress,
    ) -> Result<Self> {
        // Everything is there before anything is loaded.
        let voices = LocalSpeech::fetch(store, options.stt, progress)?;
        let (llm, llm_model) = language_model(store, options.llm, options.gguf.clone(), progress)?;
        progress.on(ProgressEvent::Step("loading the models"));
        Ok(Self { speech: voices.load()?, llm, llm_model })
    }

    /// The parts of a session on these engines, with the language model as its agent.
    ///
    /// # Errors
    /// `invalid_input` if the defaults of voice activity do not fit together.
    pub fn session(&self, config: Config, link: Link) -> Result<SessionParts> {
        self.speech.session(config, link, Arc::new(LlmAgent::new(Arc::new(self.llm.clone()))))
    }

    /// As [`session`](Self::session), with a journal.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub fn journaled_session(
        &self,
        config: Config,
        link: Link,
        label: impl Into<String>,
        journal: impl Write + Send + 'static,
    ) -> Result<SessionParts> {
        let parts = self.session(config, link)?;
        let journal = JournalOut::writer(label, journal, JournalOptions::default());
        Ok(SessionParts { journal: Some(journal), ..parts })
    }

    /// Name of the language model, as its file is called.
    #[must_use]
    pub fn llm_name(&self) -> String {
        self.llm.capabilities().model
    }
}
