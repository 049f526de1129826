//! Who talks to whom: the agent and the caller of a demo, from the command line.

use std::path::{Path, PathBuf};

use antiphon::{
    Code, Config, Error, Result,
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
    engines::Engines,
    live::{Dev, Live, Servers},
    test::read_scenario,
    tools,
    voice::{self, Voiced},
};

/// Most tokens of a reply: about forty words, with room for a story to be interrupted.
const REPLY_TOKENS: u32 = 70;

/// What the command line asks for.
pub(crate) struct Wanted {
    agent: voice::Wanted,
    scenario: Option<Scenario>,
    /// The agent file, if there is one.
    pub(crate) file: Option<Effective>,
    dev: Option<Dev>,
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
        let path = args.agent.as_ref().map(Path::new).filter(|path| is_file(path));
        let named = path.map(|path| Agent { file: path.to_owned(), set: Vec::new() });
        let file = named.as_ref().map(Agent::load).transpose()?;
        let watched = named.filter(|_| args.dev).zip(file.clone());
        let dev = watched.map(|(agent, effective)| Dev::new(agent, effective));
        if args.dev && dev.is_none() {
            let what = "--dev looks at an agent file, and there is none";
            return Err(Error::new("demo", Code::InvalidInput, what)
                .with_help("name one with --agent agent.yaml"));
        }
        let mut agent = file.as_ref().map_or_else(|| Ok(companion(args)), voice::Wanted::of)?;
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
        let caller = args.caller.clone().or_else(|| path.and_then(beside));
        let scenario = caller.filter(|_| args.input.is_none()).map(read_scenario).transpose()?;
        Ok(Self { agent, scenario: scenario.map(|(_, scenario)| scenario), file, dev })
    }

    /// Loads the models. Gives besides what may change about the agent during the call.
    pub(crate) fn load(self, args: &Args, servers: Servers) -> Result<(Cast, Live)> {
        let stt = match self.agent.stt {
            SttModel::Tiny => "Moonshine tiny",
            SttModel::Base => "Moonshine base",
        };
        let mut agent = self.agent.load(&mut Engines::default())?;
        let (llm, hung_up) = (agent.llm.clone(), agent.hung_up.clone());
        let live = Live::new(agent.tools, servers, llm, hung_up, self.dev);
        let left_out;
        (agent.tools, left_out) = live.tools();
        tools::complete(&left_out)?;
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
        Ok((Cast { agent, lines, scenario, models }, live))
    }
}

/// A path that is there, or a name like one.
fn is_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "yaml" || e == "yml") || path.is_file()
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
