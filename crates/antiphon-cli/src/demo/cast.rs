//! Who talks to whom: the agent and the caller of a demo, from the command line.

use std::path::{Path, PathBuf};

use antiphon::{
    Config, Result,
    config::Effective,
    gguf::GgufOptions,
    local::{LlmModel, SttModel},
    sim::{Scenario, scenario::Verdict},
    tools::ToolSet,
    tts::Tts as _,
};

use super::{Args, Llm, Stt, script, show::Models};
use crate::{
    caller::{Line, lines},
    chat::agent::{HungUp, Mind},
    config::Agent,
    test::read_scenario,
    voice::{self, Voiced},
};

/// Most tokens of a reply: about forty words, with room for a story to be interrupted.
const REPLY_TOKENS: u32 = 70;

/// What the command line asks for.
pub(crate) struct Wanted {
    agent: voice::Wanted,
    scenario: Option<Scenario>,
}

/// What a conversation is held with.
pub(crate) struct Cast {
    pub(crate) agent: Voiced,
    /// The caller's lines; none if a recording is the caller.
    pub(crate) lines: Vec<Line>,
    /// Where the lines come from, if they have expectations.
    pub(crate) scenario: Option<Scenario>,
    pub(crate) models: Models,
}

impl Wanted {
    /// Reads the files that the command line names, before models are loaded.
    pub(crate) fn read(args: &Args) -> Result<Self> {
        let file = args.agent.as_ref().map(Path::new).filter(|path| is_file(path));
        let effective = file.map(agent_file).transpose()?;
        let mut agent =
            effective.as_ref().map_or_else(|| Ok(companion(args)), voice::Wanted::of)?;
        if let Some(stt) = args.stt {
            agent.stt = match stt {
                Stt::Tiny => SttModel::Tiny,
                Stt::Base => SttModel::Base,
            };
        }
        if let (Some(llm), Mind::Local(model, _)) = (args.llm, &mut agent.mind) {
            *model = Some(match llm {
                Llm::Smollm2 => LlmModel::Smollm2,
                Llm::Qwen => LlmModel::Qwen,
            });
        }
        agent.config.voice = args.voice.clone().or(agent.config.voice);
        if args.input.is_some() {
            agent.config.greeting.clear();
        }
        let caller = args.caller.clone().or_else(|| file.and_then(beside));
        let scenario = caller.filter(|_| args.input.is_none()).map(read_scenario).transpose()?;
        Ok(Self { agent, scenario: scenario.map(|(_, scenario)| scenario) })
    }

    /// Loads the models.
    pub(crate) fn load(self, args: &Args) -> Result<Cast> {
        let stt = match self.agent.stt {
            SttModel::Tiny => "Moonshine tiny",
            SttModel::Base => "Moonshine base",
        };
        let agent = self.agent.load()?;
        let voices = agent.speech.voice.capabilities().voices;
        let models = Models {
            llm: agent.llm.capabilities().model,
            character: agent.model.map_or("says what it was given", LlmModel::character),
            stt,
            voice: agent
                .config
                .voice
                .clone()
                .or_else(|| voices.into_iter().next())
                .unwrap_or_default(),
        };
        // Nobody judges a demo but who watches it.
        let unjudged = |_: &str, _: &[String]| Verdict { met: true, answer: String::new() };
        let scenario = self.scenario.map(|s| s.config(agent.config.clone()).judge(unjudged));
        let lines = match &scenario {
            Some(scenario) => lines(scenario.caller()),
            None if args.input.is_some() => Vec::new(),
            None => script::lines(),
        };
        Ok(Cast { agent, lines, scenario, models })
    }
}

/// A path that is there, or a name like one.
fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yaml" || e == "yml") || path.is_file()
}

fn agent_file(path: &Path) -> Result<Effective> {
    Agent { file: path.to_owned(), set: Vec::new() }.load()
}

/// The caller of an agent file: the scenario of its name in the folder beside it.
fn beside(agent: &Path) -> Option<PathBuf> {
    let path = agent.parent()?.join("scenarios").join(agent.file_name()?);
    path.is_file().then_some(path)
}

/// The agent of the demo without a file: a companion, or what the words say.
fn companion(args: &Args) -> voice::Wanted {
    voice::Wanted {
        config: Config {
            instructions: args.agent.clone().unwrap_or_else(|| script::INSTRUCTIONS.to_owned()),
            greeting: script::GREETING.to_owned(),
            language: Some("en".to_owned()),
            max_reply_tokens: Some(REPLY_TOKENS),
            ..Config::default()
        },
        stt: SttModel::default(),
        mind: Mind::Local(None, GgufOptions::default()),
        tools: ToolSet::new(),
        hung_up: HungUp::default(),
    }
}
