//! Detectors are user code: what they answer decides, and whatever else they do costs no more than
//! the answer. Audio in, audio out, through the real driver.

use std::sync::{Arc, Mutex};

use antiphon::{
    BoxStream, CallbackAgent, MediaPool, Notice, Pace, Result, Session, SessionClock, SessionEvent,
    session::SessionParts,
    stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest},
    turn::{BackchannelDetector, OverlapContext, Why},
};
use async_trait::async_trait;
use futures_util::StreamExt as _;

use crate::tones::{self, Caller, RATE_HZ, ToneStt, When, listen};

const REPLY: &str = "one two three four five six seven eight nine";

/// Speech to text that says nothing before it is asked to.
struct FinalStt;

#[async_trait]
impl Stt for FinalStt {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities { interim: false, ..ToneStt.capabilities() }
    }

    async fn transcribe(
        &self,
        request: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        let events = ToneStt.transcribe(request, audio).await?;
        let interim = |event: &Result<SttEvent>| matches!(event, Ok(SttEvent::Interim { .. }));
        Ok(events.filter(move |event| std::future::ready(!interim(event))).boxed())
    }
}

/// Answers always the same, and keeps what it was asked.
#[derive(Default)]
struct Constant {
    p: f32,
    asked: Mutex<Vec<OverlapContext>>,
}

#[async_trait]
impl BackchannelDetector for Constant {
    async fn predict(&self, context: OverlapContext) -> Result<f32> {
        self.asked.lock().unwrap().push(context);
        Ok(self.p)
    }
}

/// A caller who asks, then says "please" over the answer.
fn interjects() -> Caller {
    Caller::default().says(When::Quiet(200), "hello answer again").says(When::Over(500), "please")
}

fn parts(caller: &Caller) -> SessionParts {
    let agent = Arc::new(CallbackAgent::new(|_| async { Ok(format!("{REPLY}.")) }));
    let mut parts = tones::parts(agent, caller);
    parts.config.preemptive = false;
    parts.config.endpointing.without_detector = std::time::Duration::from_millis(300);
    parts.engines.stt = Arc::new(FinalStt);
    parts
}

/// The events of a call, to the end of it.
fn call(pace: Pace, parts: SessionParts) -> Vec<SessionEvent> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = MediaPool::start(SessionClock::new(pace)).unwrap();
        let (session, mut receiver) = Session::start(&pool, parts).unwrap();
        let mut events = Vec::new();
        while events.last().is_none_or(|e: &SessionEvent| e.notice != Notice::Ended) {
            events.push(receiver.recv().await.unwrap());
        }
        session.close().await.unwrap();
        events
    })
}

fn verdict(events: &[SessionEvent]) -> Option<(bool, Why)> {
    events.iter().find_map(|event| match event.notice {
        Notice::Interrupted { why, .. } => Some((true, why)),
        Notice::Resumed { why, .. } => Some((false, why)),
        _ => None,
    })
}

#[test]
fn who_surely_does_not_interrupt_costs_the_agent_no_word() {
    let (caller, detector) = (interjects(), Arc::new(Constant { p: 0.95, ..Constant::default() }));
    let mut sure = parts(&caller);
    sure.engines.backchannel_detector = Some(detector.clone());
    assert_eq!(verdict(&call(Pace::Virtual, sure)), Some((false, Why::Detector)));
    assert_eq!(caller.heard(), REPLY);

    let asked = detector.asked.lock().unwrap();
    let [early, whole] = &asked[..] else { panic!("asked {} times", asked.len()) };
    assert!(!early.is_over && whole.is_over);
    assert!(early.audio.len() < whole.audio.len() && whole.audio.len() < RATE_HZ as usize);
    assert_eq!(listen(&whole.audio), "please");
    // The caller's first turn was heard alone: tones of 12000 with pauses between them.
    let level = whole.caller_dbfs.unwrap();
    assert!((-20.0..-9.0).contains(&level), "{level}");
}

#[test]
fn without_a_detector_words_decide() {
    let caller = interjects();
    assert_eq!(verdict(&call(Pace::Virtual, parts(&caller))), Some((true, Why::Words)));
    assert_ne!(caller.heard(), REPLY);
}

#[test]
fn who_surely_interrupts_does_so_before_a_word_is_known() {
    let (caller, detector) = (interjects(), Arc::new(Constant { p: 0.02, ..Constant::default() }));
    let mut sure = parts(&caller);
    sure.engines.backchannel_detector = Some(detector.clone());
    assert_eq!(verdict(&call(Pace::Virtual, sure)), Some((true, Why::Detector)));
    assert_eq!(detector.asked.lock().unwrap().len(), 1, "asked early, and decided");
}
