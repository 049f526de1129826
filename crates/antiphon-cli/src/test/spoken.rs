//! A scenario that is spoken: the caller has a voice, the agent hears, answers and is heard, all
//! with real engines, in virtual time. Neither engines nor the machine's load cost session time,
//! so that a scenario goes the same way on every machine.

use std::time::Duration;

use antiphon::{
    AudioFormat, Clock as _, Code, Config, Error, Events, MediaPool, Notice, Pace, Result, Session,
    SessionClock, SessionEvent, Timestamp,
    config::Effective,
    local::SttModel,
    session::Working,
    sim::{Scenario, scenario::Transcript},
    tools::ToolSet,
    transport::{Link, Nobody},
};
use tokio::{
    runtime::Runtime,
    sync::{
        broadcast::error::{RecvError, TryRecvError},
        mpsc,
    },
};

use super::run::Run;
use crate::{
    caller::{CallerAudio, Prompter, lines, record},
    chat::agent::{HungUp, Mind},
    tools,
    voice::{Voiced, Wanted},
};

/// Rate of the line.
const RATE_HZ: u32 = 24_000;

/// A call ends by itself, or after ten minutes of session time.
const HORIZON: Timestamp = Timestamp::from_millis(600_000);

/// Nothing that a call waits for takes so long on the wall: then an engine hangs.
const HANGS: Duration = Duration::from_secs(300);

/// The two sides of a call, for any number of plays.
pub(super) struct Spoken {
    agent: Voiced,
    effective: Option<Effective>,
    /// The tools of its servers.
    remote: ToolSet,
}

impl Spoken {
    /// Loads the engines that are not loaded yet, and a language model unless `scenario` scripts
    /// the replies. Blocks.
    pub(super) fn load(
        effective: Option<Effective>,
        scenario: &Scenario,
        run: &mut Run,
    ) -> Result<Self> {
        let own = scenario.conversation();
        let mut wanted = match &effective {
            Some(effective) => Wanted::of(effective)?,
            None => Wanted {
                config: Config { language: Some("en".to_owned()), ..own.clone() },
                stt: SttModel::default(),
                mind: Mind::Scripted(Vec::new()),
                tools: ToolSet::new(),
                hung_up: HungUp::default(),
            },
        };
        if !own.greeting.is_empty() {
            wanted.config.greeting.clone_from(&own.greeting);
        }
        let replies = scenario.scripted();
        if !replies.is_empty() || effective.is_none() {
            wanted.mind = Mind::Scripted(replies.to_vec());
            wanted.config.ground_tool_calls = false;
        }
        let remote = effective.as_ref().map(|agent| run.remote(agent)).unwrap_or_default();
        Ok(Self { agent: wanted.load(&mut run.engines)?, effective, remote })
    }

    /// The configuration in force, for the scenario.
    pub(super) const fn config(&self) -> &Config {
        &self.agent.config
    }

    /// Holds the call, with fresh tools, and tells what happened. Blocks.
    pub(super) fn play(&mut self, scenario: &Scenario, runtime: &Runtime) -> Result<Transcript> {
        if let Some(effective) = &self.effective {
            self.agent.hung_up = HungUp::default();
            self.agent.tools = tools::all(effective, &self.agent.hung_up, &self.remote)?;
        }
        let lines = lines(scenario.caller());
        let (audio, cues) = {
            let clips = record(&self.agent.speech.voice, &lines, RATE_HZ)?;
            CallerAudio::new(clips, RATE_HZ)
        };
        let prompter = Prompter::new(cues, lines, RATE_HZ).leaving(scenario.caller().leaves);
        let call = Call { prompter, transcript: Transcript::default(), ended: false };
        runtime.block_on(call.hold(&self.agent, audio))
    }
}

/// A call that is being held.
struct Call {
    prompter: Prompter,
    transcript: Transcript,
    ended: bool,
}

impl Call {
    async fn hold(mut self, agent: &Voiced, audio: CallerAudio) -> Result<Transcript> {
        let pool = MediaPool::start(SessionClock::new(Pace::Virtual))?;
        let clock = pool.clock().clone();
        let (audio, mut steps) = audio.stepping(clock.clone());
        let output = Box::new(Nobody(AudioFormat::mono(RATE_HZ)));
        let parts = agent.session(Link { input: Box::new(audio), output })?;
        let (session, mut events) = Session::start(&pool, parts)?;
        let follow = async {
            while !self.ended {
                self.step(&mut steps, &mut events, &clock).await?;
                if agent.hung_up.is_set() && self.spoke() {
                    // A session that is over already needs no end.
                    let _ = session.end().await;
                }
                if clock.now() > HORIZON {
                    return Err(broken("the call did not come to an end within ten minutes"));
                }
            }
            Ok(())
        };
        let followed = tokio::time::timeout(HANGS, follow).await;
        followed.map_err(|_| broken("an engine hangs"))??;
        let history = session.close().await?;
        Ok(self.transcript.ended(&history))
    }

    /// A frame of the line, and what happened in it; without a line, what happens.
    async fn step(
        &mut self,
        steps: &mut mpsc::Receiver<Working>,
        events: &mut Events,
        clock: &SessionClock,
    ) -> Result<()> {
        let frame = tokio::select! {
            biased;
            Some(frame) = steps.recv() => frame,
            event = events.recv() => {
                match event {
                    Ok(event) => self.hear(&event),
                    Err(RecvError::Lagged(n)) => return Err(missed(n)),
                    Err(RecvError::Closed) => self.ended = true,
                }
                return Ok(());
            }
        };
        loop {
            match events.try_recv() {
                Ok(event) => self.hear(&event),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Lagged(n)) => return Err(missed(n)),
                Err(TryRecvError::Closed) => {
                    self.ended = true;
                    break;
                }
            }
        }
        let now = clock.now();
        if self.prompter.due().is_some_and(|due| due <= now) {
            self.prompter.speak(now);
        }
        // Time goes on.
        drop(frame);
        Ok(())
    }

    fn hear(&mut self, event: &SessionEvent) {
        self.prompter.hear(event);
        self.transcript.note(event.at, &event.notice);
        self.ended |= event.notice == Notice::Ended;
    }

    /// Whether the last that happened is the end of a speech, but for changes of state.
    fn spoke(&self) -> bool {
        use antiphon::sim::Moment;
        self.transcript.entries.last().is_some_and(|e| e.moment == Moment::SpeechEnded)
    }
}

fn missed(events: u64) -> Error {
    broken(&format!("{events} events came too fast"))
}

fn broken(what: &str) -> Error {
    Error::new("test.voice", Code::Internal, what.to_owned())
}
