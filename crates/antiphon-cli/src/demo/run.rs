//! Runs the conversation: session, caller, and everything that is written down.

use std::{future::ready, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use antiphon::{
    AudioFormat, Clock as _, Code, Error, Events, MediaPool, Notice, Pace, Result, Session,
    SessionClock, SessionEvent, Timestamp,
    local::LlmModel,
    session::{JournalOut, SessionParts},
    sim::scenario::{Transcript, Unmet},
    state::JournalOptions,
    transport::{Link, Nobody, Recorder, Transport as _, WavTransport},
};
use tokio::sync::broadcast::error::RecvError;

use super::{
    Args,
    cast::Cast,
    files::{self, Files},
    show::{Models, Show},
    summary,
};
use crate::{
    caller::{CallerAudio, Cues, Prompter, record},
    chat::agent::HungUp,
    live::{Live, News},
};

/// Rate of the recording and of playout.
pub(crate) const RATE_HZ: u32 = 24_000;

/// What a run leaves for the summary.
pub(crate) struct Call {
    pub(crate) events: Vec<SessionEvent>,
    pub(crate) cues: Option<Cues>,
    pub(crate) models: Models,
    pub(crate) late_ticks: u64,
    /// What the caller's scenario expected in vain.
    pub(crate) unmet: Option<Box<Unmet>>,
    /// The language model is the smallest there is.
    pub(crate) small: bool,
}

/// Holds the call. `left_out` are tools that cannot be called, with the reason.
pub(crate) async fn run(
    args: &Args,
    cast: Cast,
    files: &Files,
    live: &mut Live,
    left_out: Vec<String>,
) -> Result<()> {
    let cast = Arc::new(cast);
    let mut show = Show::new(args.json);
    show.models(&cast.models);
    left_out.into_iter().for_each(|tool| show.news(&News::Warning(tool)));
    let (link, cues) = far_end(args, &cast).await?;
    cast.agent.warm().await?;
    let mut stop = pin!(tokio::signal::ctrl_c());
    // Polled once: from here on there are files, and Ctrl-C has to wait for them.
    let stopped = tokio::select! { biased; _ = &mut stop => true, () = ready(()) => false };
    if stopped {
        return Err(Error::new("demo", Code::Cancelled, "stopped before the call began"));
    }
    let pool =
        MediaPool::start(SessionClock::new(if args.fast { Pace::Fast } else { Pace::RealTime }))?;
    let begun = begin(&cast, link, &pool, files).inspect_err(|_| files.remove_all())?;
    let Begun { session, events, recorder } = begun;
    let talk = Talk {
        prompter: cues.clone().map(|cues| prompter(&cast, cues)),
        hung_up: cast.agent.hung_up.clone(),
        show: &mut show,
        live,
    };
    let (events, interrupted) = tokio::select! {
        events = talk.follow(events, &session, &pool) => (events, false),
        _ = stop => (show.take(), true),
    };
    let late_ticks = pool.late_ticks();
    let history = session.history();
    let journal = session.close().await.map(drop);
    drop(pool);
    let wav = recorder.finish();
    let expected = cast.scenario.as_ref().filter(|_| !interrupted);
    let mut transcript = Transcript::default();
    events.iter().for_each(|event| transcript.note(event.at, &event.notice));
    let unmet = expected.and_then(|s| s.check(transcript.ended(&history)).err());
    let models = cast.models.clone();
    let small = cast.agent.model == Some(LlmModel::Smollm2);
    let call = Call { events, cues, models, late_ticks, unmet, small };
    let page = wav.is_ok().then(|| summary::write(&call, args, files));
    left([(&files.journal, Some(journal)), (&files.wav, Some(wav)), (&files.page, page)])?;
    if interrupted {
        let what = "stopped; call.wav, call.jsonl and call.html are complete up to here";
        return Err(Error::new("demo", Code::Cancelled, what));
    }
    Ok(())
}

/// A call that is being held.
struct Begun {
    session: Session,
    events: Events,
    recorder: Recorder,
}

/// Makes the files and starts the session.
fn begin(cast: &Cast, link: Link, pool: &Arc<MediaPool>, files: &Files) -> Result<Begun> {
    files.remove_page();
    let (link, recorder) = Recorder::attach(link, &files.wav)?;
    let journal = JournalOut::files("demo", &files.journal, JournalOptions::default());
    let parts = SessionParts { journal: Some(journal), ..cast.agent.session(link)? };
    let (session, events) = Session::start(pool, parts)?;
    Ok(Begun { session, events, recorder })
}

/// Says which files are not what they should be, and which are.
fn left(results: [(&PathBuf, Option<Result<()>>); 3]) -> Result<()> {
    let (mut bad, mut good) = (Vec::new(), Vec::new());
    for (path, result) in results {
        let name = path.display();
        match result {
            Some(Ok(())) => good.push(name.to_string()),
            Some(Err(e)) if e.detail().contains(&name.to_string()) => {
                bad.push(e.detail().to_owned());
            }
            Some(Err(e)) => bad.push(format!("{name}: {}", e.detail())),
            None => bad.push(format!("{name} is missing")),
        }
    }
    if bad.is_empty() {
        return Ok(());
    }
    let good = if good.is_empty() { "none".to_owned() } else { good.join(", ") };
    let what = format!("{}; complete: {good}", bad.join("; "));
    Err(Error::new("demo", Code::Storage, what).with_help(files::HELP))
}

/// The simulated caller, or the file.
async fn far_end(args: &Args, cast: &Arc<Cast>) -> Result<(Link, Option<Cues>)> {
    if let Some(path) = &args.input {
        return Ok((WavTransport::open_file(path, RATE_HZ)?.open()?, None));
    }
    let speaking = {
        let cast = cast.clone();
        move || record(&cast.agent.speech.voice, &cast.lines, RATE_HZ)
    };
    let clips = tokio::task::spawn_blocking(speaking).await.map_err(|e| {
        Error::new("demo", Code::Internal, "the caller cannot speak").with_source(e)
    })??;
    let (audio, cues) = CallerAudio::new(clips, RATE_HZ);
    let output = Box::new(Nobody(AudioFormat::mono(RATE_HZ)));
    Ok((Link { input: Box::new(audio), output }, Some(cues)))
}

fn prompter(cast: &Cast, cues: Cues) -> Prompter {
    let leaves = cast.scenario.as_ref().and_then(|s| s.caller().leaves);
    Prompter::new(cues, cast.lines.clone(), RATE_HZ).leaving(leaves)
}

/// A call that is shown while it is held.
struct Talk<'a> {
    prompter: Option<Prompter>,
    hung_up: HungUp,
    show: &'a mut Show,
    live: &'a mut Live,
}

impl Talk<'_> {
    /// Shows what happens, and lets the caller speak on cue, until the session ends.
    async fn follow(
        mut self,
        mut events: Events,
        session: &Session,
        pool: &Arc<MediaPool>,
    ) -> Vec<SessionEvent> {
        let clock = pool.clock().clone();
        loop {
            let due = self.prompter.as_ref().and_then(Prompter::due);
            let event = tokio::select! {
                event = events.recv() => event,
                () = clock.sleep_until(due.unwrap_or(Timestamp::ZERO)), if due.is_some() => {
                    if let Some(p) = &mut self.prompter { p.speak(clock.now()); }
                    continue;
                }
            };
            match event {
                Ok(event) => {
                    if let Some(p) = &mut self.prompter {
                        p.hear(&event);
                    }
                    self.show.event(&event);
                    self.between_turns(&event.notice, session).await;
                }
                Err(RecvError::Lagged(n)) => self.show.missed(n),
                Err(RecvError::Closed) => return self.show.take(),
            }
            if self.show.ended() {
                return self.show.take();
            }
        }
    }

    /// A speech has ended: what is due before the next.
    async fn between_turns(&mut self, notice: &Notice, session: &Session) {
        if !matches!(notice, Notice::SpeechEnded { .. }) {
            return;
        }
        // A session that is over needs neither news nor an end.
        for news in self.live.look(session, Duration::ZERO).await.unwrap_or_default() {
            self.show.news(&news);
        }
        if self.hung_up.is_set() {
            let _ = session.end().await;
        }
    }
}
