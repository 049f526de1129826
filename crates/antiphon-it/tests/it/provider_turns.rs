//! An engine that hears when the user has finished leads the conversation: audio in, audio out,
//! through the real driver.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    BoxStream, CallbackAgent, Code, MediaPool, Notice, Pace, Result, Session, SessionClock,
    session::SessionParts,
    stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest},
    turn::EndpointingMode,
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::tones::{self, Caller, Ear, RATE_HZ, ToneStt, When};

/// Ends a turn after this much silence: longer than any other mode would wait.
const PATIENCE: usize = RATE_HZ as usize * 2;

/// Speech to text for tones that ends turns, and keeps count of who asked it to.
#[derive(Default)]
struct TurnStt {
    flushes: Arc<Mutex<usize>>,
}

#[async_trait]
impl Stt for TurnStt {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities { end_of_turn: true, ..ToneStt.capabilities() }
    }

    async fn transcribe(
        &self,
        _: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        let flushes = self.flushes.clone();
        let events = audio.scan((Ear::default(), 0), move |(ear, silent), input| {
            let said = |ear: &Ear| SttEvent::Final { segment: 0, text: ear.text() };
            let events = match input {
                SttInput::Audio(more) => {
                    ear.push(&more);
                    let before = *silent;
                    let loud = more.iter().any(|s| s.unsigned_abs() > 2_000);
                    *silent = if loud { 0 } else { before + more.len() };
                    let over = before < PATIENCE && *silent >= PATIENCE && !ear.text().is_empty();
                    if over { vec![said(ear), SttEvent::EndOfTurn] } else { Vec::new() }
                }
                SttInput::Flush { marker } => {
                    *flushes.lock().unwrap() += 1;
                    vec![said(ear), SttEvent::Flushed { marker }]
                }
            };
            std::future::ready(Some(stream::iter(events)))
        });
        Ok(events.flatten().map(Ok).boxed())
    }
}

fn parts(caller: &Caller, stt: Arc<dyn Stt>) -> SessionParts {
    let agent = Arc::new(CallbackAgent::new(|said: String| async move { Ok(format!("{said}.")) }));
    let mut parts = tones::parts(agent, caller);
    parts.config.endpointing.mode = EndpointingMode::Provider;
    parts.engines.stt = stt;
    parts
}

#[test]
fn the_engine_says_when_a_turn_is_over() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    // A pause after which every other mode would have answered is none for this engine.
    let caller = Caller::default()
        .says(When::Quiet(200), "hello")
        .says(When::Quiet(1_450), "one two")
        .says(When::Answered(400), "again");
    let engine = TurnStt::default();
    let flushes = engine.flushes.clone();
    let (session, mut events) = tones::start(parts(&caller, Arc::new(engine)));
    let mut turns = Vec::new();
    while let Ok(event) = runtime.block_on(events.recv())
        && event.notice != Notice::Ended
    {
        if let Notice::Latency(waterfall) = event.notice {
            turns.push(waterfall.committed.unwrap().since(waterfall.speech_end));
        }
    }
    runtime.block_on(session.close()).unwrap();
    assert!(caller.heard().starts_with("hello one two"), "{}", caller.heard());
    // Longer than any other mode waits, shorter than the ceiling of this one.
    let patience = Duration::from_millis(1_800)..Duration::from_secs(8);
    assert!(patience.contains(&turns[0]), "{turns:?}");
    // Only the last turn, after which the caller hung up, had to be asked for.
    assert!(*flushes.lock().unwrap() <= 1);
}

#[test]
fn an_engine_that_ends_no_turns_is_refused() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _entered = runtime.enter();
    let pool = MediaPool::start(SessionClock::new(Pace::Virtual)).unwrap();
    let refused = Session::start(&pool, parts(&Caller::default(), Arc::new(ToneStt))).unwrap_err();
    assert_eq!(refused.code(), Code::InvalidInput);
    assert!(refused.detail().contains("endpointing.mode is provider"), "{refused}");
    assert!(refused.help().is_some());
}
