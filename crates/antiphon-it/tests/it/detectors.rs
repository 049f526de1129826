//! Detectors are user code: what they answer decides, and whatever else they do costs no more than
//! the answer. Audio in, audio out, through the real driver.

use std::{
    future::pending,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    BoxStream, CallbackAgent, Code, MediaPool, Notice, Pace, Result, Session, SessionClock,
    SessionEvent,
    session::SessionParts,
    stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest},
    turn::{BackchannelDetector, OverlapContext, TurnContext, TurnDetector, Why},
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

/// A caller who asks, then says "please" three times over the answer.
fn interjects() -> Caller {
    Caller::default()
        .says(When::Quiet(200), "hello answer again")
        .says(When::Over(500), "please please please")
}

fn parts(caller: &Caller) -> SessionParts {
    let agent = Arc::new(CallbackAgent::new(|_| async { Ok(format!("{REPLY}.")) }));
    let mut parts = tones::parts(agent, caller);
    parts.config.preemptive = false;
    parts.config.endpointing.without_detector = Duration::from_millis(300);
    parts.engines.stt = Arc::new(FinalStt);
    parts
}

/// What a call leaves: its events, and its errors by operation and code with their number.
type Call = (Vec<SessionEvent>, Vec<(String, Code, u64)>);

/// A call to its end, on a runtime with one thread: who blocks it is noticed.
fn call(pace: Pace, parts: SessionParts) -> Call {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let pool = MediaPool::start(SessionClock::new(pace)).unwrap();
        let (session, mut receiver) = Session::start(&pool, parts).unwrap();
        let mut events = Vec::new();
        while events.last().is_none_or(|e: &SessionEvent| e.notice != Notice::Ended) {
            events.push(receiver.recv().await.unwrap());
        }
        let errors = session.errors();
        session.close().await.unwrap();
        (events, errors)
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
    assert_eq!(verdict(&call(Pace::Virtual, sure).0), Some((false, Why::Detector)));
    assert_eq!(caller.heard(), REPLY);

    let asked = detector.asked.lock().unwrap();
    // The final transcript may come before the last question, that about the whole, is answered.
    let [early @ .., _] = &asked[..] else { panic!("never asked") };
    assert!(early.iter().all(|context| !context.is_over), "asked on after the end");
    let heard = &asked[0].audio;
    assert!((RATE_HZ as usize / 2..2 * RATE_HZ as usize).contains(&heard.len()), "{}", heard.len());
    assert!(listen(heard).starts_with("please"), "{}", listen(heard));
    // The caller's first turn was heard alone: tones of 12000 with pauses between them.
    let level = asked[0].caller_dbfs.unwrap();
    assert!((-20.0..-9.0).contains(&level), "{level}");
}

#[test]
fn without_a_detector_words_decide() {
    let caller = interjects();
    assert_eq!(verdict(&call(Pace::Virtual, parts(&caller)).0), Some((true, Why::Words)));
    assert_ne!(caller.heard(), REPLY);
}

#[test]
fn who_surely_interrupts_does_so_before_a_word_is_known() {
    let (caller, detector) = (interjects(), Arc::new(Constant { p: 0.02, ..Constant::default() }));
    let mut sure = parts(&caller);
    sure.engines.backchannel_detector = Some(detector.clone());
    assert_eq!(verdict(&call(Pace::Virtual, sure).0), Some((true, Why::Detector)));
    assert_eq!(detector.asked.lock().unwrap().len(), 1, "asked early, and decided");
}

/// What user code does in place of answering.
#[derive(Clone, Copy, Debug)]
enum Rogue {
    Panics,
    NeverAnswers,
    BlocksItsThread,
    AnswersNoNumber,
}

impl Rogue {
    const ALL: [Self; 4] =
        [Self::Panics, Self::NeverAnswers, Self::BlocksItsThread, Self::AnswersNoNumber];

    async fn answer(self) -> Result<f32> {
        match self {
            Self::Panics => panic!("as told"),
            Self::NeverAnswers => pending().await,
            Self::BlocksItsThread => loop {
                std::thread::park();
            },
            Self::AnswersNoNumber => Ok(f32::NAN),
        }
    }

    const fn code(self) -> Code {
        match self {
            Self::Panics => Code::Internal,
            Self::NeverAnswers | Self::BlocksItsThread => Code::Timeout,
            Self::AnswersNoNumber => Code::Protocol,
        }
    }

    /// Somebody who never answers is at work for ever, which would stop virtual time.
    const fn pace(self) -> Pace {
        match self {
            Self::Panics | Self::AnswersNoNumber => Pace::Virtual,
            Self::NeverAnswers | Self::BlocksItsThread => Pace::Fast,
        }
    }
}

#[async_trait]
impl TurnDetector for Rogue {
    async fn predict(&self, _: TurnContext) -> Result<f32> {
        self.answer().await
    }
}

#[async_trait]
impl BackchannelDetector for Rogue {
    async fn predict(&self, _: OverlapContext) -> Result<f32> {
        self.answer().await
    }
}

#[test]
fn whatever_a_turn_detector_does_the_default_applies_and_the_session_lives() {
    for rogue in Rogue::ALL {
        let caller = Caller::default()
            .says(When::Quiet(200), "hello")
            .says(When::Answered(400), "again")
            .says(When::Answered(400), "please");
        let mut parts = parts(&caller);
        let endpointing = &mut parts.config.endpointing;
        // Without a detector a turn would never last until the ceiling.
        endpointing.ceiling = Duration::from_secs(50);
        endpointing.detector_timeout = Duration::from_millis(20);
        let default = endpointing.without_detector;
        parts.engines.turn_detector = Some(Arc::new(rogue));
        let (events, errors) = call(rogue.pace(), parts);
        assert_eq!(caller.heard(), [REPLY; 3].join(" "), "{rogue:?}");
        let waits = events.iter().filter_map(|event| match &event.notice {
            Notice::Latency(w) => Some(w.committed.unwrap().since(w.speech_end)),
            _ => None,
        });
        let waits: Vec<_> = waits.collect();
        assert_eq!(waits.len(), 3, "{rogue:?}");
        let defaults = default..Duration::from_secs(40);
        assert!(waits.iter().all(|wait| defaults.contains(wait)), "{rogue:?}: {waits:?}");
        let expected = match rogue {
            // It keeps two threads, and is given no third.
            Rogue::BlocksItsThread => vec![(rogue.code(), 2), (Code::Unavailable, 1)],
            _ => vec![(rogue.code(), 3)],
        };
        let mut counted: Vec<_> = errors.iter().map(|(_, code, n)| (*code, *n)).collect();
        counted.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        assert_eq!(counted, expected, "{rogue:?}");
        assert!(errors.iter().all(|(op, ..)| op == "turn.predict"), "{errors:?}");
    }
}

#[test]
fn whatever_a_backchannel_detector_does_words_decide_and_the_session_lives() {
    for rogue in Rogue::ALL {
        let caller = interjects().says(When::Answered(400), "again");
        let mut parts = parts(&caller);
        // Short for who never answers, long for who answers wrongly: a busy machine is slow.
        let patience = if rogue.code() == Code::Timeout { 20 } else { 2_000 };
        parts.config.interruption.detector_timeout = Duration::from_millis(patience);
        parts.engines.backchannel_detector = Some(Arc::new(rogue));
        let (events, errors) = call(rogue.pace(), parts);
        assert_eq!(verdict(&events), Some((true, Why::Words)), "{rogue:?}");
        assert!(caller.heard().ends_with(REPLY), "{rogue:?}: {}", caller.heard());
        assert!(errors.iter().any(|(_, code, _)| *code == rogue.code()), "{rogue:?}: {errors:?}");
        for (op, code, _) in &errors {
            // Who blocks keeps two threads, and is given no third.
            let kept = matches!(rogue, Rogue::BlocksItsThread) && *code == Code::Unavailable;
            assert!(op == "turn.backchannel" && (*code == rogue.code() || kept), "{errors:?}");
        }
    }
}
