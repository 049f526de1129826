//! A scripted agent, a clock, and tools.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_conversation::Config;
use antiphon_core::{
    BoxFuture, BoxStream, Clock, Code, EffectClass, Error, Result, Timestamp, ToolCall,
};
use antiphon_llm::{FinishReason, LlmEvent, LlmRequest, Usage};
use antiphon_tools::{FunctionTool, ToolError, ToolSet, ToolSpec};
use async_trait::async_trait;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    Agent, AgentProfile, SessionHandle,
    executor::{AgentExecutor, ExecutorParts},
};

/// The time of tokio's paused clock.
#[derive(Debug)]
pub(super) struct Paused(Instant);

impl Clock for Paused {
    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.0.elapsed()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        tokio::time::sleep_until(self.0 + at.since(Timestamp::ZERO)).boxed()
    }
}

/// One generation of the script.
pub(super) enum Generation {
    /// These pieces of text, 100 ms apart.
    Says(&'static [&'static str]),
    /// Text, then calls.
    Calls(&'static str, Vec<ToolCall>),
    /// Text, then a failure.
    Breaks(&'static str, Code),
    Refuses(Code),
    Hangs,
    Panics,
}

/// An agent that follows a script, and what it was asked.
#[derive(Clone, Default)]
pub(super) struct Scripted {
    script: Arc<Mutex<VecDeque<Generation>>>,
    pub(super) asked: Arc<Mutex<Vec<LlmRequest>>>,
    /// What it was to prepare, and how many of these it has prepared to the end.
    pub(super) warmed: Arc<Mutex<(Vec<LlmRequest>, usize)>>,
    pub(super) left: Arc<AtomicUsize>,
    pub(super) profile: AgentProfile,
    pub(super) says_on_enter: Option<&'static str>,
}

pub(super) const USAGE: Usage = Usage { input_tokens: 10, cached_tokens: 4, output_tokens: 3 };

impl Scripted {
    pub(super) fn new(script: impl IntoIterator<Item = Generation>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }
}

#[async_trait]
impl Agent for Scripted {
    fn profile(&self) -> AgentProfile {
        self.profile.clone()
    }

    fn validate(&self) -> Result<()> {
        match self.profile.name.as_str() {
            "invalid" => Err(Error::new("agent.validate", Code::AgentInvalid, "it is not well")),
            _ => Ok(()),
        }
    }

    async fn on_enter(&self, session: SessionHandle) -> Result<()> {
        match self.says_on_enter {
            Some(text) => session.say(text).await.map(drop),
            None => Ok(()),
        }
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        self.asked.lock().unwrap().push(request);
        let next = self.script.lock().unwrap().pop_front();
        let text = |text: &str| Ok(LlmEvent::Delta { text: text.to_owned() });
        let done = |finish| Ok(LlmEvent::Done { finish, usage: USAGE });
        let events = match next.expect("the script is long enough") {
            Generation::Says(pieces) => {
                let mut all: Vec<_> = pieces.iter().map(|p| text(p)).collect();
                all.push(done(FinishReason::Stop));
                all
            }
            Generation::Calls(said, calls) => {
                let mut all: Vec<_> = (!said.is_empty()).then(|| text(said)).into_iter().collect();
                all.extend(calls.into_iter().map(|call| Ok(LlmEvent::ToolCall(call))));
                all.push(done(FinishReason::ToolCalls));
                all
            }
            Generation::Breaks(said, code) => {
                vec![text(said), Err(Error::new("llm.generate", code, "it broke off"))]
            }
            Generation::Refuses(code) => return Err(Error::new("llm.generate", code, "no")),
            Generation::Hangs => return Ok(stream::pending().boxed()),
            Generation::Panics => panic!("a defect of the agent"),
        };
        let paced = stream::iter(events).then(|event| async move {
            pass(Duration::from_millis(100)).await;
            event
        });
        Ok(paced.boxed())
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        self.warmed.lock().unwrap().0.push(request);
        pass(Duration::from_secs(1)).await;
        self.warmed.lock().unwrap().1 += 1;
        Ok(())
    }

    async fn on_exit(&self) {
        self.left.fetch_add(1, Ordering::Relaxed);
    }
}

/// Lets time pass: virtual time, the clock of these tests is paused.
pub(super) async fn pass(time: Duration) {
    tokio::time::sleep_until(tokio::time::Instant::now() + time).await;
}

pub(super) fn call(id: &str, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: arguments.to_owned() }
}

/// `weather` answers after 300 ms, `fails` says so, `order` is deferred for 10 s.
pub(super) fn tools() -> ToolSet {
    let place = serde_json::json!({
        "type": "object",
        "properties": {"place": {"type": "string"}},
        "required": ["place"],
    });
    let spec =
        |name: &str| ToolSpec::new(name, "A tool of the tests.").with_effect(EffectClass::Read);
    let weather = FunctionTool::raw(
        spec("weather").with_parameters(place),
        |context, args: Value| async move {
            context.progress("looking out of the window");
            pass(Duration::from_millis(300)).await;
            Ok(format!("Sunny in {}.", args["place"].as_str().unwrap()))
        },
    );
    let fails =
        FunctionTool::raw(spec("fails"), |_, _| async { Err(ToolError::new("It rains in.")) });
    let order = FunctionTool::raw(ToolSpec::new("order", "Orders."), |context, _| async move {
        context.defer("The order is being placed.");
        pass(Duration::from_secs(10)).await;
        Ok("It arrives at noon.".to_owned())
    });
    let set = ToolSet::new().with(weather).unwrap().with(fails).unwrap();
    set.with(order).unwrap()
}

pub(super) fn parts(agent: &Scripted) -> ExecutorParts {
    ExecutorParts {
        config: Config { instructions: "Be kind.".to_owned(), ..Config::default() },
        agent: Arc::new(agent.clone()),
        tools: tools(),
        clock: Arc::new(Paused(Instant::now())),
        session: "test".into(),
    }
}

pub(super) fn executor(agent: &Scripted) -> AgentExecutor {
    AgentExecutor::new(parts(agent)).unwrap()
}
