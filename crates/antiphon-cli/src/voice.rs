//! From an agent file to what a spoken conversation is made of. Knows no caller.

use std::sync::Arc;

use antiphon::{
    Code, Config, Error, LlmAgent, Result, TextTools,
    config::{Effective, Model},
    gguf::GgufOptions,
    llm::{Llm, LlmRequest, Message, Role},
    local::{self, LlmModel, Local, LocalOptions, LocalSpeech, SttModel},
    models::{State, Store},
    session::SessionParts,
    tools::ToolSet,
    transport::Link,
    tts::Tts as _,
};

use crate::{
    chat::{
        agent::{HungUp, Mind},
        tools::tool_set,
    },
    progress::Bar,
};

/// Speech-to-text models.
const STT: [&str; 2] = ["base", "tiny"];

/// Everything that is known of a conversation before models are loaded.
pub(crate) struct Wanted {
    pub(crate) config: Config,
    pub(crate) stt: SttModel,
    pub(crate) mind: Mind,
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
        let tools = tool_set(effective, &hung_up)?;
        Ok(Self { config, stt, mind, tools, hung_up })
    }

    /// Loads the engines; fetches what is missing. If one refuses its files, those that are
    /// damaged are fetched again, once. Blocks.
    pub(crate) fn load(self) -> Result<Voiced> {
        let store = local::store()?;
        let mut bar = Bar::default();
        let Self { config, stt, mind, tools, hung_up } = self;
        let (speech, llm, model) = engines(&store, stt, &mind, &mut bar).or_else(|e| {
            if repair(&store, &e, &mut bar)? {
                return engines(&store, stt, &mind, &mut bar);
            }
            Err(e)
        })?;
        let known = speech.voice.capabilities().voices;
        if let Some(voice) = config.voice.as_ref().filter(|v| !known.contains(v)) {
            let what = format!("there is no voice {voice:?}");
            return Err(Error::new("demo", Code::InvalidInput, what)
                .with_help(format!("known voices: {}", known.join(", "))));
        }
        Ok(Voiced { config, speech, llm, model, tools, hung_up })
    }
}

type Loaded = (LocalSpeech, Arc<dyn Llm>, Option<LlmModel>);

fn engines(store: &Store, stt: SttModel, mind: &Mind, bar: &mut Bar) -> Result<Loaded> {
    match mind {
        Mind::Scripted(replies) => {
            let llm = Arc::new(antiphon::ScriptedLlm::new(replies.clone()));
            Ok((LocalSpeech::load_from(store, stt, bar)?, llm, None))
        }
        Mind::Local(llm, gguf) => {
            let options = LocalOptions { stt, llm: *llm, gguf: GgufOptions::clone(gguf) };
            let Local { speech, llm, llm_model } = Local::load_from(store, &options, bar)?;
            Ok((speech, Arc::new(llm), Some(llm_model)))
        }
    }
}

/// Fetches again what the error complains of, if its sums say that it is damaged. Whether it was.
fn repair(store: &Store, refused: &Error, bar: &mut Bar) -> Result<bool> {
    for spec in store.manifest().models() {
        let home = store.path(&spec.name)?;
        let named = refused.detail().contains(&*home.to_string_lossy());
        if named && matches!(store.verify(&spec.name)?, State::Damaged(_)) {
            store.repair(&spec.name, bar)?;
            return Ok(true);
        }
    }
    Ok(false)
}

/// A conversation that can begin.
pub(crate) struct Voiced {
    pub(crate) config: Config,
    pub(crate) speech: LocalSpeech,
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
