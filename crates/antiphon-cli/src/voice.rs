//! From an agent file to what a spoken conversation is made of. Knows no caller.

use std::sync::Arc;

use antiphon::{
    Code, Config, Error, LlmAgent, Result, TextTools,
    config::{Effective, Model},
    llm::{Llm, LlmRequest, Message, Role},
    local::{LlmModel, LocalSpeech, SttModel},
    session::SessionParts,
    tools::ToolSet,
    transport::Link,
    tts::Tts as _,
};

use crate::{
    chat::agent::{HungUp, Mind},
    engines::Engines,
    tools,
};

/// Speech-to-text models.
const STT: [&str; 2] = ["base", "tiny"];

/// Everything that is known of a conversation before models are loaded.
pub(crate) struct Wanted {
    pub(crate) config: Config,
    pub(crate) stt: SttModel,
    pub(crate) mind: Mind,
    /// Those that no server has.
    pub(crate) tools: ToolSet,
    pub(crate) hung_up: HungUp,
}

impl Wanted {
    /// What an agent file wants.
    ///
    /// # Errors
    /// `agent_invalid` with the place in the file of what is not there for spoken conversations.
    pub(crate) fn of(effective: &Effective) -> Result<Self> {
        let models = &effective.agent().models;
        let refuse = |at: &str, what: &str, found: &str, known: &[&str]| -> Error {
            let what = format!("{what}; there are: {}", known.join(", "));
            effective.refuse(&format!("models.{at}"), &what, found, known).into()
        };
        let others = [("stt", &models.stt), ("tts", &models.tts), ("vad", &models.vad)];
        for (name, Model { provider, .. }) in others {
            if provider != "local" {
                let at = format!("{name}.provider");
                return Err(refuse(
                    &at,
                    "this command knows no such provider",
                    provider,
                    &["local"],
                ));
            }
        }
        let detector = &models.turn_detector.provider;
        if !["local", "none"].contains(&detector.as_str()) {
            let what = "this command knows no such provider";
            return Err(refuse("turn_detector.provider", what, detector, &["local", "none"]));
        }
        let stt = match models.stt.model.as_deref() {
            None | Some("tiny") => SttModel::Tiny,
            Some("base") => SttModel::Base,
            Some(other) => return Err(refuse("stt.model", "no such local model", other, &STT)),
        };
        let mut config = effective.agent().to_conversation_config();
        let mind = Mind::of(effective)?;
        config.ground_tool_calls = matches!(mind, Mind::Local(..));
        let hung_up = HungUp::default();
        let tools = tools::own(effective, &hung_up)?;
        Ok(Self { config, stt, mind, tools, hung_up })
    }

    /// Loads the engines that are not loaded yet; fetches what is missing. Blocks.
    pub(crate) fn load(self, engines: &mut Engines) -> Result<Voiced> {
        let Self { config, stt, mind, tools, hung_up } = self;
        let (llm, model) = engines.mind(&mind)?;
        let speech = engines.speech(stt)?;
        let known = speech.voice.capabilities().voices;
        if let Some(voice) = config.voice.as_ref().filter(|v| !known.contains(v)) {
            let what = format!("there is no voice {voice:?}");
            return Err(Error::new("demo", Code::InvalidInput, what)
                .with_help(format!("known voices: {}", known.join(", "))));
        }
        Ok(Voiced { config, speech, llm, model, tools, hung_up })
    }
}

/// A conversation that can begin.
pub(crate) struct Voiced {
    pub(crate) config: Config,
    pub(crate) speech: Arc<LocalSpeech>,
    pub(crate) llm: Arc<dyn Llm>,
    /// Which local model answers; `None` if the replies are given.
    pub(crate) model: Option<LlmModel>,
    pub(crate) tools: ToolSet,
    pub(crate) hung_up: HungUp,
}

impl Voiced {
    /// Has the model read what every request begins with: instructions, tools, greeting.
    pub(crate) async fn warm(&self) -> Result<()> {
        let Config { instructions, greeting, .. } = &self.config;
        let mut messages = vec![Message::new(Role::System, instructions.clone())];
        if !greeting.is_empty() {
            messages.push(Message::new(Role::Assistant, greeting.trim()));
        }
        let tools = self.tools.freeze();
        let tools = tools.specs().map(|spec| spec.definition()).collect();
        let llm = TextTools::new(self.llm.clone());
        llm.warm(LlmRequest { messages, tools, ..LlmRequest::default() }).await
    }

    /// The parts of a session in which `link` is the caller, without a journal.
    pub(crate) fn session(&self, link: Link) -> Result<SessionParts> {
        let agent = Arc::new(LlmAgent::new(Arc::new(TextTools::new(self.llm.clone()))));
        let mut parts = self.speech.session(self.config.clone(), link, agent)?;
        if !self.config.turn_detector {
            parts.engines.turn_detector = None;
        }
        Ok(SessionParts { tools: self.tools.clone(), ..parts })
    }
}
