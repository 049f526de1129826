//! The agent under test, in the virtual world of text: its replies and its tools are real, their
//! time is not.

use std::sync::Arc;

use antiphon::{
    Pace, Result, SessionClock, TextTools, Timestamp,
    config::Effective,
    conversation::UserWords,
    llm::{Llm, LlmEvent, LlmRequest},
    sim::{Scenario, Wish},
    tools::{Failure, Heard, Request, Runner, ToolEvent, ToolResult, ToolSet},
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::run::Run;
use crate::{
    chat::agent::{HungUp, Mind},
    tools,
};

/// An agent file with its model, for any number of plays.
pub(super) struct Agent {
    effective: Effective,
    /// `None` if the scenario says what is answered.
    llm: Option<Arc<dyn Llm>>,
    /// The tools of its servers.
    remote: ToolSet,
    runtime: Handle,
}

impl Agent {
    /// Loads the model, unless `scenario` scripts the replies. Blocks.
    pub(super) fn load(effective: Effective, scenario: &Scenario, run: &mut Run) -> Result<Self> {
        let mind = Mind::of(&effective)?;
        let answers = scenario.scripted().is_empty();
        let llm = if answers { Some(run.engines.mind(&mind)?.0) } else { None };
        let (remote, runtime) = (run.remote(&effective), run.runtime.handle().clone());
        Ok(Self { effective, llm, remote, runtime })
    }

    /// The scenario with this agent in it, and fresh tools.
    pub(super) fn cast(&self, scenario: Scenario) -> Result<Scenario> {
        let file = self.effective.agent();
        let mut config = file.to_conversation_config();
        let local = self.llm.is_some() && file.models.llm.provider == "local";
        config.ground_tool_calls = local;
        let own = &scenario.conversation().greeting;
        if !own.is_empty() {
            config.greeting.clone_from(own);
        }
        let tools = tools::all(&self.effective, &HungUp::default(), &self.remote)?;
        let definitions = tools.freeze().specs().map(|spec| spec.definition()).collect();
        let run = self.tools(&tools);
        let mut scenario = scenario.config(config).tools(definitions, run);
        if let Some(llm) = &self.llm {
            let (llm, runtime) = (TextTools::new(llm.clone()), self.runtime.clone());
            scenario = scenario.agent(move |request| {
                // The world sees an empty answer, as of a model that fails.
                runtime.block_on(collect(&llm, request.clone())).unwrap_or_default()
            });
        }
        Ok(scenario)
    }

    /// Runs calls of one play; each to its end.
    fn tools(&self, tools: &ToolSet) -> impl Fn(Wish<'_>) -> ToolEvent + Send + Sync + 'static {
        let runner = Runner::new("test", Arc::new(SessionClock::new(Pace::RealTime)));
        let (tools, runtime) = (tools.freeze(), self.runtime.clone());
        move |wish| {
            let heard = wish.said.map(|UserWords { last, all }| Heard {
                last: last.clone(),
                conversation: all.clone(),
            });
            let request = Request { heard, ..Request::new(wish.call.clone(), wish.turn) };
            let events = runner.run(&tools, &request);
            let last = runtime.block_on(
                events.filter(|e| std::future::ready(e.outcome().is_some())).collect::<Vec<_>>(),
            );
            last.into_iter().next_back().unwrap_or_else(|| ToolEvent::Failed {
                at: Timestamp::ZERO,
                why: Failure::Failed,
                result: ToolResult::error("The tool broke off without a result.", 100),
            })
        }
    }
}

/// A whole reply as the text that a scenario would script.
pub(super) async fn collect(llm: &dyn Llm, request: LlmRequest) -> Result<String> {
    let mut events = llm.generate(request).await?;
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event? {
            LlmEvent::Delta { text: more } => text.push_str(&more),
            LlmEvent::ToolCall(call) => {
                let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
                let call = json!({"name": call.name, "arguments": arguments});
                text.push_str(&format!("<tool_call>{call}</tool_call>"));
            }
            LlmEvent::Done { .. } => {}
        }
    }
    Ok(text)
}
