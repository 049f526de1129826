//! The session: one live conversation, from the outside.

use std::{collections::BTreeMap, ops::Deref, sync::Arc, time::Duration};

use antiphon_audio::{PlayoutConfig, playout};
use antiphon_conversation::{Config, Conversation};
use antiphon_core::{Code, Error, Result, SPEECH_RATE_HZ};
use antiphon_state::History;
use antiphon_tools::ToolSet;
use antiphon_transport::Link;
use antiphon_turn::EndpointingMode;
use antiphon_vad::{Blocks, SpeechGate, Vad};
use ringbuf::{HeapRb, traits::Split as _};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    Agent, Engines, Events, MediaPool, SessionClock, SessionHandle,
    counters::Counters,
    driver::{Driver, Inboxes, OP_EVENTS, OpSender},
    effects::Effects,
    events,
    journal::{self, JournalOut, JournalThread},
    lifecycle,
    media::{Ears, Listener, Member, Seat},
    speech::Speeches,
    tools::{Tools, definitions},
    user_audio::UserAudio,
    voice::Voice,
};

/// Facts that may wait for the driver: some ten seconds' worth.
const FACTS: usize = 128;

/// Orders that may wait for the driver.
const ORDERS: usize = 32;

/// Pieces of audio that may wait for the driver: a second's worth of 20 ms.
const AUDIO: usize = 50;

/// Events a slow listener may be behind before it misses some: several seconds' worth.
const EVENTS: usize = 128;

/// Captured samples that may wait for the analysis thread: 200 ms.
const CAPTURE_SAMPLES: usize = SPEECH_RATE_HZ as usize / 5;

/// How long [`Session::close`] waits before it stops asking.
const CLOSE_DEADLINE: Duration = Duration::from_secs(2);

/// What a session is made of.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct SessionParts {
    /// How the conversation is conducted. `playout_rate_hz` is set from the link, `turn_detector`
    /// and `backchannel_detector` from the engines, instructions, greeting and voice from the agent if it has them.
    pub config: Config,
    /// Who answers.
    pub agent: Option<Arc<dyn Agent>>,
    /// What the agent may call. It may change while the session runs; see
    /// [`SessionHandle::refresh_tools`].
    pub tools: ToolSet,
    /// The engines.
    pub engines: Engines,
    /// The voice-activity detector, at [`SPEECH_RATE_HZ`].
    pub vad: Box<dyn Vad>,
    /// Turns the detector's probabilities into edges.
    pub gate: SpeechGate,
    /// The far end.
    pub link: Link,
    /// Where the journal goes.
    pub journal: Option<JournalOut>,
}

/// One live conversation. Dropping it closes it.
#[derive(Debug)]
pub struct Session {
    handle: SessionHandle,
    driver: JoinHandle<()>,
    voice: JoinHandle<()>,
    journal: Option<JournalThread>,
    config: Config,
    pool: Arc<MediaPool>,
}

impl Session {
    /// Starts a conversation on `pool`. Must be called within a tokio runtime.
    ///
    /// The receiver gets every notice from the first on.
    ///
    /// # Errors
    /// `agent_not_set` without an agent, `agent_invalid` if it refuses its validation,
    /// `invalid_input` for a configuration or a detector that cannot be used, and for the endpointing
    /// mode `provider` with an engine that ends no turns, `storage` if the
    /// journal cannot be begun, `unavailable` if too many sessions start at once.
    pub fn start(pool: &Arc<MediaPool>, parts: SessionParts) -> Result<(Self, Events)> {
        let SessionParts { mut config, agent, tools, engines, vad, gate, link, journal } = parts;
        let agent = agent.ok_or_else(|| {
            Error::new("session.start", Code::AgentNotSet, "there is nobody to answer")
                .with_help("set `agent`: an LlmAgent, a CallbackAgent, or your own")
        })?;
        adopt(&mut config, &*agent)?;
        config.tools = definitions(&tools);
        let label = journal.as_ref().map_or("session", JournalOut::label).to_owned();
        can_end_turns(&config, &engines)?;
        config.playout_rate_hz = link.output.format().rate_hz;
        config.turn_detector = engines.turn_detector.is_some();
        config.backchannel_detector = engines.backchannel_detector.is_some();
        let machine = Conversation::new(config.clone())?;
        let journal = journal.map(|out| journal::open(out, &config)).transpose()?;
        let (sink, journal) = journal.unzip();
        let clock = pool.clock().clone();
        let media = Media::new(&config, vad, gate, link, &clock)?;
        let (ops_in, ops) = mpsc::channel(OP_EVENTS);
        let (orders_in, orders) = mpsc::channel(ORDERS);
        let (events, first) = events::channel(EVENTS);
        let (history_in, history) = watch::channel(Arc::new(machine.history().clone()));
        let counters = Arc::<Counters>::default();
        let handle =
            SessionHandle::new(orders_in, events.clone(), history, counters.clone(), tools.clone());
        let tools = Tools::new(&label, tools, Arc::new(clock.clone()));
        let op_sender = OpSender::new(ops_in, clock.clone());
        let (voice, jobs) = Voice::new(media.sender, config.playout_rate_hz, op_sender.clone());
        let driver = Box::new(Driver {
            machine,
            effects: Effects::new(engines, agent, tools, clock.clone(), op_sender, jobs),
            playout: media.listener.control.clone(),
            user: UserAudio::new(),
            heard_from: 0,
            heard_through: 0,
            journal: sink,
            handle: handle.clone(),
            counters,
            speeches: Speeches::default(),
            clips: BTreeMap::new(),
            entering: None,
            events,
            history: history_in,
            seat: media.seat,
            actions: Vec::new(),
            ended: false,
            clock,
        });
        let beginning = pool.clock().working();
        pool.join(media.member, media.listener)?;
        let inboxes = Inboxes { facts: media.facts, orders, ops, audio: media.audio };
        let driver = tokio::spawn(driver.run(inboxes, beginning));
        let voice = tokio::spawn(voice.run());
        Ok((Self { handle, driver, voice, journal, config, pool: pool.clone() }, first))
    }

    /// A handle to give away. It does not keep the session alive.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// The configuration in force.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// The media plane it runs on.
    #[must_use]
    pub const fn pool(&self) -> &Arc<MediaPool> {
        &self.pool
    }

    /// Waits until the conversation is over: the far end left, or somebody closed it.
    /// Cancel safe.
    pub async fn ended(&mut self) {
        // A driver that panicked is over, too.
        let _ = (&mut self.driver).await;
    }

    /// Ends the conversation and gives its history. Waits at most two seconds for the driver,
    /// then for the journal to be written.
    ///
    /// # Errors
    /// `storage` if the journal could not be written to its end.
    pub async fn close(mut self) -> Result<Arc<History>> {
        if !self.driver.is_finished() {
            self.handle.try_close();
            let _ = tokio::time::timeout(CLOSE_DEADLINE, &mut self.driver).await;
        }
        self.driver.abort();
        let history = self.handle.history();
        if let Some(journal) = self.journal.take() {
            let writing = tokio::task::spawn_blocking(|| journal.join());
            writing.await.map_err(|e| {
                Error::new("journal.write", Code::Internal, "the journal's thread is lost")
                    .with_source(e)
            })??;
        }
        Ok(history)
    }
}

/// Whoever is to say when turns are over must be able to.
fn can_end_turns(config: &Config, engines: &Engines) -> Result<()> {
    let provider = config.endpointing.mode == EndpointingMode::Provider;
    if !provider || engines.stt.capabilities().end_of_turn {
        return Ok(());
    }
    let what = "endpointing.mode is provider, but the speech-to-text engine ends no turns";
    Err(Error::new("session.start", Code::InvalidInput, what)
        .with_help("choose another mode, such as detector, or an engine with ends of turns"))
}

/// Instructions, greeting and voice of an agent that can work.
fn adopt(config: &mut Config, agent: &dyn Agent) -> Result<()> {
    let profile = lifecycle::validated(agent)?;
    if let Some(instructions) = profile.instructions {
        config.instructions = instructions;
    }
    if let Some(greeting) = profile.greeting {
        config.greeting = greeting;
    }
    config.voice = profile.voice.or(config.voice.take());
    Ok(())
}

impl Deref for Session {
    type Target = SessionHandle;

    /// Everything a handle can do, a session can do.
    fn deref(&self) -> &SessionHandle {
        &self.handle
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
        self.voice.abort();
    }
}

/// The session's part of the media plane, and the driver's ends of it.
struct Media {
    member: Member,
    listener: Listener,
    sender: antiphon_audio::PlayoutSender,
    facts: mpsc::Receiver<Box<crate::media::Fact>>,
    audio: mpsc::Receiver<crate::media::Heard>,
    seat: Seat,
}

impl Media {
    fn new(
        config: &Config,
        vad: Box<dyn Vad>,
        gate: SpeechGate,
        link: Link,
        clock: &SessionClock,
    ) -> Result<Self> {
        if vad.rate_hz() != SPEECH_RATE_HZ {
            let what = format!("the detector wants {} Hz, not {SPEECH_RATE_HZ}", vad.rate_hz());
            return Err(Error::new("session.start", Code::InvalidInput, what));
        }
        let shared = Arc::new(crate::media::Shared::default());
        let rate_hz = config.playout_rate_hz;
        let fade = config.interruption.fade.as_secs_f64() * f64::from(rate_hz);
        let playout_config =
            PlayoutConfig { rate_hz, fade: fade as u32, ..PlayoutConfig::default() };
        let (sender, control, source, playout_events) = playout(playout_config);
        let (capture_in, capture) = HeapRb::new(CAPTURE_SAMPLES).split();
        let (facts_in, facts) = mpsc::channel(FACTS);
        let (audio_in, audio) = mpsc::channel(AUDIO);
        let (gate, blocks) = (gate.behind(&*vad), Blocks::new(vad.frame_len()));
        let listener = Listener {
            ears: Ears { vad, gate, blocks },
            capture,
            playout_events,
            control,
            facts: facts_in,
            audio: audio_in,
            shared: shared.clone(),
            clock: clock.clone(),
            ticks: 0,
            reported: (antiphon_core::Generation(0), 0),
            left: false,
        };
        let member = Member::new(link, capture_in, source, shared.clone())?;
        Ok(Self { member, listener, sender, facts, audio, seat: Seat(shared) })
    }
}
