//! The next reply is prepared while nobody speaks, and that never keeps a reply waiting.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon::{
    Agent, AgentProfile, BoxStream, Result, SessionHandle,
    llm::{FinishReason, LlmEvent, LlmRequest, Role, Usage},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use tokio::sync::mpsc;

use crate::tones::{Caller, When, parts, start};

/// An agent whose preparations never end by themselves.
struct Diligent {
    warmed: mpsc::Sender<LlmRequest>,
    asked: Mutex<Vec<LlmRequest>>,
    warming: Arc<AtomicBool>,
}

/// While it is held, a reply is being prepared.
struct Warming(Arc<AtomicBool>);

impl Drop for Warming {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[async_trait]
impl Agent for Diligent {
    fn profile(&self) -> AgentProfile {
        AgentProfile { greeting: Some("hello".to_owned()), ..AgentProfile::default() }
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn on_enter(&self, _: SessionHandle) -> Result<()> {
        Ok(())
    }

    async fn reply(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        assert!(!self.warming.load(Ordering::Acquire), "a reply has to compete");
        self.asked.lock().unwrap().push(request);
        let text = LlmEvent::Delta { text: "answer.".to_owned() };
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(stream::iter([Ok(text), Ok(done)]).boxed())
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        self.warming.store(true, Ordering::Release);
        let _warming = Warming(self.warming.clone());
        let _ = self.warmed.send(request).await;
        pending().await
    }

    async fn on_exit(&self) {}
}

#[test]
fn a_reply_is_prepared_after_each_speech_and_waits_for_no_preparation() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let (sender, mut warmed) = mpsc::channel(8);
    let warming = Arc::<AtomicBool>::default();
    let agent = Arc::new(Diligent { warmed: sender, asked: Mutex::default(), warming });
    let caller = Caller::default().says(When::Quiet(600_000), "hello");
    let mut parts = parts(agent.clone(), &caller);
    parts.config.instructions = "Be brief.".to_owned();
    let (session, _events) = start(parts);
    let mut prepared = || runtime.block_on(warmed.recv()).unwrap().messages;
    let mut before = prepared();
    assert_eq!(before.iter().map(|m| m.role).collect::<Vec<_>>(), [Role::System, Role::Assistant]);
    assert_eq!(before[1].content, "hello");
    for turn in 0..3 {
        runtime.block_on(session.user_text("please")).unwrap();
        let after = prepared();
        let asked = agent.asked.lock().unwrap()[turn].messages.clone();
        assert_eq!(asked[..before.len()], before[..], "what was prepared is what is asked");
        assert_eq!(asked.len(), before.len() + 1);
        assert_eq!(after[..asked.len()], asked[..]);
        assert_eq!(after.last().unwrap().content, "answer.");
        before = after;
    }
}
