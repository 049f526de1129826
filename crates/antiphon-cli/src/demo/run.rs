//! Runs the conversation: session, caller, and everything that is written down.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon::{
    AudioFormat, Clock as _, Code, Config, Error, MediaPool, Notice, Pace, Result, Session,
    SessionClock, SessionEvent, Timestamp,
    llm::{Llm as _, LlmRequest, Message, Role},
    local::Local,
    transport::{Link, Nobody, Recorder, Transport as _, WavTransport},
};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Args,
    caller::{CallerAudio, Cues, record},
    script::{self, Cue, Line},
    show::Show,
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
    pub(crate) wav: PathBuf,
    pub(crate) late_ticks: u64,
}

pub(crate) async fn run(args: Args, local: Local) -> Result<()> {
    let config = config(&args, &local)?;
    let local = Arc::new(local);
    let mut show = Show::new(args.json);
    show.models(&local);
    let (link, scripted) = far_end(&args, &local).await?;
    let warm = Message { role: Role::System, content: config.instructions.clone() };
    local.llm.warm(LlmRequest { messages: vec![warm], ..LlmRequest::default() }).await?;
    let out = |name: &str| args.out.join(name);
    let (link, recorder) = Recorder::attach(link, &out("call.wav"))?;
    let journal = create(&out("call.jsonl"))?;
    let pace = if args.fast { Pace::Fast } else { Pace::RealTime };
    let pool = MediaPool::start(SessionClock::new(pace))?;
    let parts = local.journaled_session(config, link, "demo", BufWriter::new(journal))?;
    let (session, events) = Session::start(&pool, parts)?;
    let cues = scripted.as_ref().map(|(cues, _)| cues.clone());
    let talk = follow(events, scripted, &pool, &mut show);
    let (events, interrupted) = tokio::select! {
        events = talk => (events, false),
        _ = tokio::signal::ctrl_c() => (show.take(), true),
    };
    let late_ticks = pool.late_ticks();
    let _history = session.close().await?;
    drop(pool);
    recorder.finish()?;
    let call = Call { events, cues, wav: out("call.wav"), late_ticks };
    summary::write(&call, &local, &args)?;
    if interrupted {
        return Err(Error::new(
            "demo",
            Code::Cancelled,
            "stopped; the files are complete up to here",
        ));
    }
    Ok(())
}

fn create(path: &Path) -> Result<File> {
    File::create(path).map_err(|e| {
        Error::new("demo", Code::Storage, format!("{}: {e}", path.display()))
            .with_help("choose another folder with --out")
    })
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
    mut events: Receiver<SessionEvent>,
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
            Err(RecvError::Lagged(_)) => {}
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
