//! One session from the first tick to the last, in virtual time.

use std::{sync::Arc, time::Duration};

use antiphon::{
    CallbackAgent, Code, Config, Error, Events, MediaPool, Notice, Pace, Result, SPEECH_RATE_HZ,
    SayOptions, Session, SessionClock, SessionEvent,
    local::Local,
    session::{Clip, SessionParts},
    tools::ToolSet,
    vad::{GateConfig, SpeechGate},
};
use tokio::sync::broadcast::error::RecvError;

use super::line;

/// A session that takes longer than this on the wall has hung.
const PATIENCE: Duration = Duration::from_secs(180);

/// What the agent answers to anything: one word, so that it is done when the caller goes on.
const ANSWER: &str = "Alright.";

/// What happened in a session.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    /// The agent's side, at [`SPEECH_RATE_HZ`], from the first tick.
    pub(crate) agent: Vec<i16>,
    pub(crate) events: Vec<SessionEvent>,
}

/// Plays `caller` into a session whose agent answers the first turn with `speech`, if there is one,
/// and nothing else. Events before that answer are left out.
pub(crate) async fn run(local: &Local, caller: Vec<i16>, speech: Option<&Speech>) -> Result<Ran> {
    let answer = if speech.is_some() { "" } else { ANSWER };
    let (link, heard) = line::open(caller);
    let pool = MediaPool::start(SessionClock::new(Pace::Fast))?;
    let parts = SessionParts {
        config: Config { language: Some("en".to_owned()), ..Config::default() },
        agent: Some(Arc::new(CallbackAgent::new(move |_| async move { Ok(answer.to_owned()) }))),
        tools: ToolSet::new(),
        engines: local.engines(),
        vad: Box::new(local.vad.session()),
        gate: SpeechGate::new(GateConfig::default(), SPEECH_RATE_HZ)?,
        link,
        journal: None,
    };
    let (session, mut inbox) = Session::start(&pool, parts)?;
    let events = tokio::time::timeout(PATIENCE, follow(&session, &mut inbox, speech));
    let events = events.await.map_err(|_| {
        Error::new("bench.turns", Code::Internal, "a session did not end by itself")
    })??;
    session.close().await?;
    drop(pool);
    Ok(Ran { agent: heard.samples(), events })
}

/// Every event until the session ends; with a `speech`, those after the caller asked for it.
async fn follow(
    session: &Session,
    inbox: &mut Events,
    mut speech: Option<&Speech>,
) -> Result<Vec<SessionEvent>> {
    let mut events = Vec::new();
    loop {
        let event = match inbox.recv().await {
            Ok(event) => event,
            Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return Ok(events),
        };
        let asked = matches!(event.notice, Notice::UserTurn { .. });
        let ended = event.notice == Notice::Ended;
        events.push(event);
        if let Some(speech) = speech.take_if(|_| asked) {
            session.say_with(&speech.text, speech.options()).await?;
            events.clear();
        }
        if ended {
            return Ok(events);
        }
    }
}

/// What the agent says when it is spoken over.
#[derive(Debug)]
pub(crate) struct Speech {
    pub(crate) text: String,
    /// Without a single zero, so that a zero on the line is a held agent and nothing else.
    pub(crate) samples: Arc<[i16]>,
}

impl Speech {
    pub(crate) fn new(text: &str, samples: &[i16]) -> Self {
        let samples = samples.iter().map(|s| if *s == 0 { 1 } else { *s }).collect();
        Self { text: text.to_owned(), samples }
    }

    fn options(&self) -> SayOptions {
        let clip = Clip { rate_hz: SPEECH_RATE_HZ, samples: self.samples.clone() };
        SayOptions { clip: Some(clip), ..SayOptions::default() }
    }
}
