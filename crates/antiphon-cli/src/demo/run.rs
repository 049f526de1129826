//! Runs the conversation: session, caller, and everything that is written down.

use std::{future::ready, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use antiphon::{
    AudioFormat, Clock as _, Code, Config, Error, Events, MediaPool, Notice, Pace, Result, Session,
    SessionClock, SessionEvent, Timestamp,
    llm::{Llm as _, LlmRequest, Message, Role},
    local::Local,
    transport::{Link, Nobody, Recorder, Transport as _, WavTransport},
};
use tokio::sync::broadcast::error::RecvError;

use super::{
    Args, Stt,
    caller::{CallerAudio, Cues, record},
    files::{self, Files},
    script::{self, Cue, Line},
    show::{Models, Show},
    summary,
};

/// Rate of the recording and of playout.
pub(crate) const RATE_HZ: u32 = 24_000;

/// After the last line the caller waits so long for the answer to begin, then hangs up.
const PATIENCE: Duration = Duration::from_secs(12);

/// Most tokens of a reply: about forty words, with room for a story to be interrupted.
const REPLY_TOKENS: u32 = 70;

/// What a run leaves for the summary.
pub(crate) struct Call {
    pub(crate) events: Vec<SessionEvent>,
    pub(crate) cues: Option<Cues>,
    pub(crate) models: Models,
    pub(crate) late_ticks: u64,
}

pub(crate) async fn run(args: &Args, local: Local, files: &Files) -> Result<()> {
    let config = config(args, &local)?;
    let local = Arc::new(local);
    let models = models(args, &local);
    let mut show = Show::new(args.json);
    show.models(&models);
    let (link, scripted) = far_end(args, &local).await?;
    let warm = Message::new(Role::System, config.instructions.clone());
    local.llm.warm(LlmRequest { messages: vec![warm], ..LlmRequest::default() }).await?;
    let mut stop = pin!(tokio::signal::ctrl_c());
    // Polled once: from here on there are files, and Ctrl-C has to wait for them.
    let stopped = tokio::select! { biased; _ = &mut stop => true, () = ready(()) => false };
    if stopped {
        return Err(Error::new("demo", Code::Cancelled, "stopped before the call began"));
    }
    let pool =
        MediaPool::start(SessionClock::new(if args.fast { Pace::Fast } else { Pace::RealTime }))?;
    let begun = begin(&local, config, link, &pool, files).inspect_err(|_| files.remove_all())?;
    let Begun { session, events, recorder } = begun;
    let cues = scripted.as_ref().map(|(cues, _)| cues.clone());
    let talk = follow(events, scripted, &pool, &mut show);
    let (events, interrupted) = tokio::select! {
        events = talk => (events, false),
        _ = stop => (show.take(), true),
    };
    let late_ticks = pool.late_ticks();
    let journal = session.close().await.map(drop);
    drop(pool);
    let wav = recorder.finish();
    let call = Call { events, cues, models, late_ticks };
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
fn begin(
    local: &Local,
    config: Config,
    link: Link,
    pool: &Arc<MediaPool>,
    files: &Files,
) -> Result<Begun> {
    files.remove_page();
    let journal = files.create_journal()?;
    let (link, recorder) = Recorder::attach(link, &files.wav)?;
    let parts = local.journaled_session(config, link, "demo", journal)?;
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

fn models(args: &Args, local: &Local) -> Models {
    let voices = antiphon::tts::Tts::capabilities(&local.voice).voices;
    Models {
        llm: local.llm_name(),
        character: local.llm_model.character(),
        stt: match args.stt {
            Stt::Tiny => "Moonshine tiny",
            Stt::Base => "Moonshine base",
        },
        voice: args.voice.clone().or_else(|| voices.into_iter().next()).unwrap_or_default(),
    }
}

fn config(args: &Args, local: &Local) -> Result<Config> {
    let known = antiphon::tts::Tts::capabilities(&local.voice).voices;
    if let Some(voice) = args.voice.as_ref().filter(|v| !known.contains(v)) {
        let what = format!("there is no voice {voice:?}");
        return Err(Error::new("demo", Code::InvalidInput, what)
            .with_help(format!("known voices: {}", known.join(", "))));
    }
    let greeting = if args.input.is_some() { String::new() } else { script::GREETING.to_owned() };
    Ok(Config {
        instructions: args.agent.clone().unwrap_or_else(|| script::INSTRUCTIONS.to_owned()),
        greeting,
        voice: args.voice.clone(),
        language: Some("en".to_owned()),
        max_reply_tokens: Some(REPLY_TOKENS),
        ..Config::default()
    })
}

/// The scripted caller, or the file.
async fn far_end(args: &Args, local: &Arc<Local>) -> Result<(Link, Option<(Cues, Vec<Line>)>)> {
    if let Some(path) = &args.input {
        return Ok((WavTransport::open_file(path, RATE_HZ)?.open()?, None));
    }
    let lines = script::lines();
    let speaking = {
        let (local, lines) = (local.clone(), lines.clone());
        move || record(&local.voice, &lines, RATE_HZ)
    };
    let clips = tokio::task::spawn_blocking(speaking).await.map_err(|e| {
        Error::new("demo", Code::Internal, "the caller cannot speak").with_source(e)
    })??;
    let (audio, cues) = CallerAudio::new(clips, RATE_HZ);
    let output = Box::new(Nobody(AudioFormat::mono(RATE_HZ)));
    Ok((Link { input: Box::new(audio), output }, Some((cues, lines))))
}

/// Shows what happens, and lets the caller speak on cue, until the session ends.
async fn follow(
    mut events: Events,
    scripted: Option<(Cues, Vec<Line>)>,
    pool: &Arc<MediaPool>,
    show: &mut Show,
) -> Vec<SessionEvent> {
    let clock = pool.clock().clone();
    let mut prompter = scripted.map(|(cues, lines)| Prompter::new(cues, lines));
    loop {
        let due = prompter.as_ref().and_then(|p| p.due);
        let event = tokio::select! {
            event = events.recv() => event,
            () = clock.sleep_until(due.unwrap_or(Timestamp::ZERO)), if due.is_some() => {
                if let Some(p) = &mut prompter { p.speak(clock.now()); }
                continue;
            }
        };
        match event {
            Ok(event) => {
                if let Some(p) = &mut prompter {
                    p.hear(&event);
                }
                show.event(&event);
            }
            Err(RecvError::Lagged(n)) => show.missed(n),
            Err(RecvError::Closed) => return show.take(),
        }
        if show.ended() {
            return show.take();
        }
    }
}

/// Knows which line is next and when it is due.
struct Prompter {
    cues: Cues,
    lines: Vec<Line>,
    next: usize,
    due: Option<Timestamp>,
    /// Until when the caller is speaking.
    speaking: Timestamp,
}

impl Prompter {
    const fn new(cues: Cues, lines: Vec<Line>) -> Self {
        Self { cues, lines, next: 0, due: None, speaking: Timestamp::ZERO }
    }

    fn hear(&mut self, event: &SessionEvent) {
        let Some(line) = self.lines.get(self.next) else {
            // The last answer was given, or interrupted by nobody: goodbye.
            if matches!(event.notice, Notice::SpeechEnded { .. }) && event.at > self.speaking {
                self.cues.hang_up();
            }
            return;
        };
        if event.at < self.speaking {
            return;
        }
        match (line.cue, &event.notice) {
            (Cue::AfterAgent(wait), Notice::SpeechEnded { interrupted: false, .. })
            | (Cue::OverAgent(wait), Notice::SpeechStarted { .. }) => {
                self.due = Some(event.at + wait);
            }
            // The agent was done before it could be spoken over.
            (Cue::OverAgent(_), Notice::SpeechEnded { interrupted: false, .. }) => {
                self.due = Some(event.at + Duration::from_millis(500));
            }
            // The agent speaks again: wait for its end.
            (Cue::AfterAgent(_), Notice::SpeechStarted { .. }) => self.due = None,
            _ => {}
        }
    }

    fn speak(&mut self, now: Timestamp) {
        if self.next >= self.lines.len() {
            self.cues.hang_up();
            self.due = None;
            return;
        }
        self.cues.next();
        let length = Duration::from_millis(self.cues.length_ms(self.next, RATE_HZ));
        self.speaking = now + length;
        self.next += 1;
        let last = self.next == self.lines.len();
        self.due = last.then(|| now + length + PATIENCE);
    }
}
