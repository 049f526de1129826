//! Engines that take no time, a far end that stamps what it is handed, and a call made of them.
//!
//! Everything between them is the real thing: media plane, driver, machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    AudioFormat, BoxStream, Clock as _, Code, Config, Engines, Error, Events, LlmAgent, MediaPool,
    Notice, Result, SPEECH_RATE_HZ, Session, SessionClock, Timestamp,
    llm::{FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Usage},
    session::SessionParts,
    stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest},
    tools::ToolSet,
    transport::{AudioOut, Link, MemoryPeer, MemoryTransport, Transport as _},
    tts::{Tts, TtsCapabilities, TtsEvent, TtsRequest},
    vad::{GateConfig, SpeechGate, Vad},
};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use tokio::runtime::Runtime;

/// Rate of the agent's voice and of playout: nothing has to be resampled.
pub(crate) const VOICE_HZ: u32 = 24_000;

/// Samples of a fake voice's piece: 200 ms, the most the port allows.
const PIECE: usize = VOICE_HZ as usize / 5;

/// How the user sounds, and the agent: anything but 0.
const LOUD: i16 = 8_000;

/// How much of the user's audio may be on its way, in milliseconds.
pub(crate) const LINK_MS: u32 = 200;

/// Nothing in a call with these engines takes so long.
const PATIENCE: Duration = Duration::from_secs(20);

/// Stamps of a call, in microseconds of session time; written by the media threads.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    /// Voice activity found the beginning of speech.
    pub(crate) started: AtomicU64,
    /// Voice activity found the end of speech.
    pub(crate) stopped: AtomicU64,
    /// The first frame with a sound since the last [`arm`](Self::arm) was handed out; 0 if none.
    pub(crate) first: AtomicU64,
    /// The latest frame with a sound was handed out.
    pub(crate) last: AtomicU64,
    /// Samples handed out that are a sound.
    pub(crate) audible: AtomicU64,
}

impl Stamps {
    /// Waits for the next first frame.
    pub(crate) fn arm(&self) {
        self.first.store(0, Ordering::Release);
    }
}

pub(crate) fn at(stamp: &AtomicU64) -> Timestamp {
    Timestamp::from_micros(stamp.load(Ordering::Acquire))
}

struct FakeStt;

#[async_trait]
impl Stt for FakeStt {
    fn capabilities(&self) -> SttCapabilities {
        let languages = vec!["en".to_owned()];
        SttCapabilities { rate_hz: SPEECH_RATE_HZ, interim: false, end_of_turn: false, languages }
    }

    async fn transcribe(
        &self,
        _: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        let answer = |input| {
            let SttInput::Flush { marker } = input else { return stream::iter(vec![]) };
            let text = "when do you open".to_owned();
            stream::iter(vec![
                Ok(SttEvent::Final { segment: 0, text }),
                Ok(SttEvent::Flushed { marker }),
            ])
        };
        Ok(Box::pin(audio.flat_map(answer)))
    }
}

struct FakeLlm;

#[async_trait]
impl Llm for FakeLlm {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { model: "fake".to_owned(), context_tokens: 1 << 20, tools: false }
    }

    async fn generate(&self, _: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let text = "At nine in the morning.".to_owned();
        let done = LlmEvent::Done { finish: FinishReason::Stop, usage: Usage::default() };
        Ok(Box::pin(stream::iter([Ok(LlmEvent::Delta { text }), Ok(done)])))
    }

    async fn warm(&self, _: LlmRequest) -> Result<()> {
        Ok(())
    }
}

/// Says everything in so many samples.
struct FakeTts(usize);

#[async_trait]
impl Tts for FakeTts {
    fn capabilities(&self) -> TtsCapabilities {
        TtsCapabilities { rate_hz: VOICE_HZ, word_timings: false, voices: Vec::new() }
    }

    async fn speak(&self, _: TtsRequest) -> Result<BoxStream<Result<TtsEvent>>> {
        let full = std::iter::repeat_n(PIECE, self.0 / PIECE);
        let pieces = full.chain(Some(self.0 % PIECE).filter(|n| *n > 0));
        Ok(Box::pin(stream::iter(pieces.map(|n| Ok(TtsEvent::Audio(vec![LOUD; n]))))))
    }
}

/// Hears speech in any frame that is not all zeros.
struct FakeVad {
    stamps: Arc<Stamps>,
    clock: SessionClock,
    speaking: bool,
}

impl Vad for FakeVad {
    fn rate_hz(&self) -> u32 {
        SPEECH_RATE_HZ
    }

    fn frame_len(&self) -> usize {
        AudioFormat::mono(SPEECH_RATE_HZ).samples_in_ms(antiphon::FRAME_MS)
    }

    fn push(&mut self, frame: &[i16]) -> Result<f32> {
        let speaking = frame.iter().any(|s| *s != 0);
        if speaking != self.speaking {
            self.speaking = speaking;
            let stamp = if speaking { &self.stamps.started } else { &self.stamps.stopped };
            stamp.store(self.clock.now().as_micros(), Ordering::Release);
        }
        Ok(f32::from(u8::from(speaking)))
    }

    fn reset(&mut self) {
        self.speaking = false;
    }
}

/// Stamps and forgets what it is handed.
struct Sink {
    stamps: Arc<Stamps>,
    clock: SessionClock,
}

impl AudioOut for Sink {
    fn format(&self) -> AudioFormat {
        AudioFormat::mono(VOICE_HZ)
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        let audible = frame.iter().filter(|s| **s != 0).count() as u64;
        if audible > 0 {
            let now = self.clock.now().as_micros();
            self.stamps.last.store(now, Ordering::Release);
            self.stamps.audible.fetch_add(audible, Ordering::AcqRel);
            // Only this thread sets it, and only between two turns is it cleared.
            if self.stamps.first.load(Ordering::Acquire) == 0 {
                self.stamps.first.store(now, Ordering::Release);
            }
        }
        0
    }

    fn flush(&mut self) {}

    fn pending(&self) -> u64 {
        0
    }
}

/// The parts of a session whose agent answers at once and takes `reply` to say it.
pub(crate) fn parts(
    clock: &SessionClock,
    reply: Duration,
    link_ms: u32,
) -> Result<(SessionParts, MemoryPeer, Arc<Stamps>)> {
    let stamps = Arc::new(Stamps::default());
    let (mut transport, peer) = MemoryTransport::pair(AudioFormat::mono(SPEECH_RATE_HZ), link_ms);
    let output = Box::new(Sink { stamps: stamps.clone(), clock: clock.clone() });
    let link = Link { output, ..transport.open()? };
    let gate = GateConfig { start_threshold: 0.5, stop_threshold: 0.5, start_ms: 20, stop_ms: 20 };
    let samples = (reply.as_secs_f64() * f64::from(VOICE_HZ)) as usize;
    let engines = Engines {
        stt: Arc::new(FakeStt),
        tts: Arc::new(FakeTts(samples)),
        turn_detector: None,
        backchannel_detector: None,
    };
    let mut config = Config::default();
    // What is waited for on purpose is not measured.
    let ends = &mut config.endpointing;
    (ends.floor, ends.ceiling, ends.without_detector) =
        (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let parts = SessionParts {
        config,
        agent: Some(Arc::new(LlmAgent::new(Arc::new(FakeLlm)))),
        tools: ToolSet::new(),
        engines,
        vad: Box::new(FakeVad { stamps: stamps.clone(), clock: clock.clone(), speaking: false }),
        gate: SpeechGate::new(gate, SPEECH_RATE_HZ)?,
        link,
        journal: None,
    };
    Ok((parts, peer, stamps))
}

/// A session on fakes, held by a thread that is not tokio's, as an application's would be.
pub(crate) struct Call<'a> {
    pub(crate) session: Session,
    pub(crate) stamps: Arc<Stamps>,
    runtime: &'a Runtime,
    events: Events,
    peer: MemoryPeer,
}

impl<'a> Call<'a> {
    pub(crate) fn start(
        runtime: &'a Runtime,
        pool: &Arc<MediaPool>,
        reply: Duration,
    ) -> Result<Self> {
        let (parts, peer, stamps) = parts(pool.clock(), reply, LINK_MS)?;
        let _entered = runtime.enter();
        let (session, events) = Session::start(pool, parts)?;
        Ok(Self { session, stamps, runtime, events, peer })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.session.pool().clock().now()
    }

    /// The user speaks for so long from now on, or what is left of [`LINK_MS`].
    pub(crate) fn speak(&mut self, ms: u32) {
        let samples = AudioFormat::mono(SPEECH_RATE_HZ).samples_in_ms(ms);
        self.peer.send(&vec![LOUD; samples]);
    }

    pub(crate) fn say(&self, text: &str) -> Result<()> {
        self.runtime.block_on(self.session.say(text)).map(drop)
    }

    pub(crate) fn interrupt(&self) -> Result<()> {
        self.runtime.block_on(self.session.interrupt())
    }

    /// The first notice from now on in which `wanted` finds something.
    pub(crate) fn wait_for<T>(&mut self, wanted: impl Fn(&Notice) -> Option<T>) -> Result<T> {
        let events = &mut self.events;
        let found = async {
            loop {
                let event = events.recv().await;
                let event = event.map_err(|e| lost().with_source(e))?;
                if let Notice::Error { op, detail, .. } = &event.notice {
                    let what = format!("{op}: {detail}");
                    return Err(Error::new("bench.call", Code::Internal, what));
                }
                if let Some(found) = wanted(&event.notice) {
                    return Ok(found);
                }
            }
        };
        let late = |_| Error::new("bench.call", Code::Timeout, "an expected notice did not come");
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, found).await.map_err(late) })?
    }

    /// Waits until the media plane has ticked so often again.
    pub(crate) fn sit_out_ticks(&self, ticks: u64) {
        let pool = self.session.pool();
        let end = pool.ticks() + ticks;
        while pool.ticks() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn lost() -> Error {
    Error::new("bench.call", Code::Internal, "the session's notices broke off")
}
