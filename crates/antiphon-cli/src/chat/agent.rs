//! From an agent file to what a chat is made of: its model and its tools.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use antiphon::{
    Error, LlmAgent, Pace, Result, SessionClock, TextTools,
    chat::ExecutorParts,
    config::{Effective, Model, Setting},
    gguf::GgufOptions,
    llm::Llm,
    local::LlmModel,
};

use crate::{engines::Engines, tools};

/// Providers of language models that a chat can run on.
const PROVIDERS: [&str; 2] = ["local", "scripted"];

/// Local models.
const MODELS: [&str; 2] = ["qwen", "smollm2"];

/// Settings of local models.
const OPTIONS: [&str; 5] = ["context_tokens", "seed", "temperature", "top_k", "top_p"];

/// The agent has ended the conversation.
#[derive(Clone, Debug, Default)]
pub(crate) struct HungUp(Arc<AtomicBool>);

impl HungUp {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An agent that can be talked to.
pub(super) struct Ready {
    /// Its tools are those that no server has.
    pub(super) parts: ExecutorParts,
    pub(super) effective: Effective,
    /// Who answers, without what makes a model call tools.
    pub(super) llm: Arc<dyn Llm>,
    pub(super) hung_up: HungUp,
}

impl Ready {
    /// Loads the model and makes the tools. Blocks for a second, or longer if a model is fetched.
    pub(super) fn prepare(effective: Effective) -> Result<Self> {
        let file = effective.agent();
        let hung_up = HungUp::default();
        // Tools first: what is wrong with them shows before a model is fetched.
        let tools = tools::own(&effective, &hung_up)?;
        let (llm, _) = Engines::default().mind(&Mind::of(&effective)?)?;
        let mut config = file.to_conversation_config();
        config.ground_tool_calls = file.models.llm.provider == "local";
        let parts = ExecutorParts {
            config,
            agent: Arc::new(LlmAgent::new(Arc::new(TextTools::new(llm.clone())))),
            tools,
            clock: Arc::new(SessionClock::new(Pace::RealTime)),
            session: "chat".into(),
        };
        Ok(Self { parts, effective, llm, hung_up })
    }
}

/// Who answers, before anything is loaded.
pub(crate) enum Mind {
    /// Replies that are given.
    Scripted(Vec<String>),
    /// A model on this machine; `None` is the best that is here.
    Local(Option<LlmModel>, GgufOptions),
}

impl Mind {
    /// What the agent file wants.
    pub(crate) fn of(effective: &Effective) -> Result<Self> {
        let model = &effective.agent().models.llm;
        let refuse = |at: &str, what: &str, found: &str, known: &[&str]| -> Error {
            let what = format!("{what}; there are: {}", known.join(", "));
            effective.refuse(&format!("models.llm.{at}"), &what, found, known).into()
        };
        match model.provider.as_str() {
            "scripted" => Ok(Self::Scripted(scripted_replies(model).ok_or_else(|| {
                let what = "a scripted model needs the option `replies`: a list of texts";
                Error::from(effective.refuse("models.llm", what, "", &[]))
            })?)),
            "local" => {
                let llm = match model.model.as_deref() {
                    None => None,
                    Some("smollm2") => Some(LlmModel::Smollm2),
                    Some("qwen") => Some(LlmModel::Qwen),
                    Some(other) => {
                        return Err(refuse("model", "no such local model", other, &MODELS));
                    }
                };
                let mut options = GgufOptions::default();
                for (name, value) in &model.options {
                    if !OPTIONS.contains(&name.as_str()) {
                        let at = format!("options.{name}");
                        let what = "local models have no such option";
                        return Err(refuse(&at, what, name, &OPTIONS));
                    }
                    set(&mut options, name, value).ok_or_else(|| {
                        let at = format!("models.llm.options.{name}");
                        Error::from(effective.refuse(&at, "a number is wanted here", "", &[]))
                    })?;
                }
                Ok(Self::Local(llm, options))
            }
            other => {
                Err(refuse("provider", "this command knows no such provider", other, &PROVIDERS))
            }
        }
    }
}

fn scripted_replies(model: &Model) -> Option<Vec<String>> {
    let replies = model.options.get("replies")?.expose();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let replies: Option<Vec<String>> = replies.as_array()?.iter().map(text).collect();
    replies.filter(|replies| !replies.is_empty())
}

/// Sets an option; `None` if the value is no number that could be one.
fn set(options: &mut GgufOptions, name: &str, value: &Setting) -> Option<()> {
    let value = value.expose();
    let count = || value.as_u64().and_then(|n| usize::try_from(n).ok());
    let sampling = &mut options.sampling;
    match name {
        "context_tokens" => options.context_tokens = count()?,
        "seed" => sampling.seed = value.as_u64()?,
        "temperature" => sampling.temperature = value.as_f64()? as f32,
        "top_k" => sampling.top_k = count()?,
        _ => sampling.top_p = value.as_f64()? as f32,
    }
    Some(())
}
