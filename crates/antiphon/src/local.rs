//! The local engines, assembled: everything runs on this machine, without a key or a network once
//! the models are fetched.

use std::{io::Write, sync::Arc};

use antiphon_conversation::Config;
use antiphon_core::Result;
use antiphon_gguf::{Gguf, GgufOptions};
use antiphon_llm::Llm as _;
use antiphon_models::{Progress, ProgressEvent, State, Store};
use antiphon_moonshine::MoonshineStt;
use antiphon_piper::{Piper, PiperOptions};
use antiphon_session::{Engines, JournalOut, LlmAgent, SessionParts};
use antiphon_silero::Silero;
use antiphon_smart_turn::SmartTurn;
use antiphon_state::JournalOptions;
use antiphon_tools::ToolSet;
use antiphon_transport::Link;
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
                "follows instructions, knows common facts, calls tools if asked plainly; stiff in small talk"
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

/// The loaded engines, to be shared by any number of sessions.
#[derive(Debug)]
pub struct Local {
    /// Voice activity.
    pub vad: Silero,
    /// End of turn.
    pub turn: Arc<SmartTurn>,
    /// Speech to text.
    pub stt: MoonshineStt,
    /// The language model.
    pub llm: Gguf,
    /// Which one it is.
    pub llm_model: LlmModel,
    /// The voice.
    pub voice: Piper,
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
        let silero = store.ensure("silero", progress)?;
        let smart_turn = store.ensure("smart-turn", progress)?;
        let moonshine = store.ensure(options.stt.name(), progress)?;
        let piper = store.ensure("piper-joe", progress)?;
        let (llm, llm_model) = language_model(store, options.llm, options.gguf.clone(), progress)?;
        progress.on(ProgressEvent::Step("loading the models"));
        let latent_node = piper.spec().engine.get("latent_node").cloned();
        Ok(Self {
            vad: Silero::load(silero.file("silero_vad_op18_ifless.onnx")?)?,
            turn: Arc::new(SmartTurn::load(smart_turn.file("smart-turn-v3.2-cpu.onnx")?)?),
            stt: MoonshineStt::load(&moonshine.file("moonshine.bin")?)?,
            voice: Piper::load(
                &piper.file("en_US-joe-medium.onnx")?,
                &piper.file("en_US-joe-medium.onnx.json")?,
                &PiperOptions { latent_node, ..PiperOptions::default() },
            )?,
            llm,
            llm_model,
        })
    }

    /// The engines behind their ports.
    #[must_use]
    pub fn engines(&self) -> Engines {
        Engines {
            stt: Arc::new(self.stt.clone()),
            tts: Arc::new(self.voice.clone()),
            turn_detector: Some(self.turn.clone()),
        }
    }

    /// The parts of a session on these engines, with the language model as its agent.
    ///
    /// # Errors
    /// `invalid_input` if the defaults of voice activity do not fit together.
    pub fn session(&self, config: Config, link: Link) -> Result<SessionParts> {
        Ok(SessionParts {
            config,
            tools: ToolSet::new(),
            agent: Some(Arc::new(LlmAgent::new(Arc::new(self.llm.clone())))),
            engines: self.engines(),
            vad: Box::new(self.vad.session()),
            gate: SpeechGate::new(GateConfig::default(), antiphon_core::SPEECH_RATE_HZ)?,
            link,
            journal: None,
        })
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
