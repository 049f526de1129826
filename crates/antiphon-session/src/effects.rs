//! The effect plane: one task per operation. Dropping the task's handle cancels the operation.

use std::{collections::BTreeMap, panic::AssertUnwindSafe, sync::Arc};

use antiphon_conversation::{Notice, OpEvent};
use antiphon_core::{Code, Error, Generation, OpId, Pii, Result};
use antiphon_llm::LlmRequest;
use antiphon_stt::{Stt, SttInput, SttRequest};
use antiphon_tools::Request;
use antiphon_tts::{Tts, TtsEvent, TtsRequest};
use antiphon_turn::{BackchannelDetector, OverlapContext, TurnContext, TurnDetector};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{
    sync::{mpsc, oneshot},
    task::AbortHandle,
};

use crate::{
    Agent, Clip, SessionClock, Working,
    detecting::Threads,
    driver::OpSender,
    lifecycle::panic_text,
    line::Line,
    streams::{failed, first_poll, receiver_stream, relay, synthesise},
    tools::Tools,
    voice::{Chunk, Chunks, Job, Jobs, Synthesis},
    warming::{self, Warming},
};

/// Pieces of audio a transcription may be behind: 10 s in 20 ms pieces.
const AUDIO_AHEAD: usize = 500;

/// The engines a session runs on.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct Engines {
    /// Speech to text.
    pub stt: Arc<dyn Stt>,
    /// Text to speech.
    pub tts: Arc<dyn Tts>,
    /// The turn detector, if there is one.
    pub turn_detector: Option<Arc<dyn TurnDetector>>,
    /// What tells a backchannel or a cough from an interruption, if there is something.
    pub backchannel_detector: Option<Arc<dyn BackchannelDetector>>,
}

/// A running operation. Dropping it cancels.
#[derive(Debug)]
struct Running {
    task: AbortHandle,
    audio: Option<mpsc::Sender<(SttInput, Working)>>,
    /// While a transcription owes the answer to a flush, somebody works.
    flushing: Option<Working>,
    /// Where the audio of a synthesis waits for the voice.
    line: Option<Line>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
        // The voice sees that nothing more comes before time goes on.
        if let Some(line) = &self.line {
            line.rouse();
        }
    }
}

/// The running operations of one session.
pub(crate) struct Effects {
    engines: Engines,
    agent: Arc<dyn Agent>,
    tools: Tools,
    clock: SessionClock,
    events: OpSender,
    voice: Jobs,
    running: BTreeMap<OpId, Running>,
    /// What prepares the next reply.
    warming: Warming,
    /// Ends once the synthesis before has been asked for.
    asked: Option<oneshot::Receiver<()>>,
    dropped_audio: u64,
    /// For the turn detector and the backchannel detector.
    detecting: (Threads, Threads),
}

impl Effects {
    pub(crate) fn new(
        engines: Engines,
        agent: Arc<dyn Agent>,
        tools: Tools,
        clock: SessionClock,
        events: OpSender,
        voice: Jobs,
    ) -> Self {
        Self {
            engines,
            agent,
            tools,
            clock,
            events,
            voice,
            running: BTreeMap::new(),
            warming: Warming::default(),
            asked: None,
            dropped_audio: 0,
            detecting: (Threads::new(), Threads::new()),
        }
    }

    /// Another agent answers from now on. Gives the old one.
    pub(crate) fn set_agent(&mut self, agent: Arc<dyn Agent>) -> Arc<dyn Agent> {
        std::mem::replace(&mut self.agent, agent)
    }

    pub(crate) fn agent(&self) -> Arc<dyn Agent> {
        self.agent.clone()
    }

    /// Drops an operation, running or not.
    pub(crate) fn remove(&mut self, op: OpId) {
        self.running.remove(&op);
    }

    /// A transcription answered a flush.
    pub(crate) fn flushed(&mut self, op: OpId) {
        if let Some(running) = self.running.get_mut(&op) {
            running.flushing = None;
        }
    }

    /// The transcription that takes the user's audio now: the newest whose input is open.
    pub(crate) fn listener(&self) -> Option<OpId> {
        self.running.iter().rev().find(|(_, r)| r.audio.is_some()).map(|(op, _)| *op)
    }

    /// Hands audio to a transcription; counts what it cannot take.
    pub(crate) fn hear(&mut self, op: OpId, samples: Vec<i16>) {
        let n = samples.len() as u64;
        let audio = self.running.get(&op).and_then(|r| r.audio.as_ref());
        if let Some(audio) = audio
            && !samples.is_empty()
            && audio.try_send((SttInput::Audio(samples), self.clock.working())).is_err()
        {
            self.dropped_audio += n;
        }
    }

    /// Samples of the user's audio that a transcription was too slow to take.
    pub(crate) const fn dropped_audio(&self) -> u64 {
        self.dropped_audio
    }

    /// Asks a transcription to make everything final. Fails if its input is full or closed.
    pub(crate) fn flush(&mut self, op: OpId, marker: u32) -> bool {
        let working = self.clock.working();
        let Some(running) = self.running.get_mut(&op) else { return true };
        running.flushing = Some(working);
        let flush = (SttInput::Flush { marker }, self.clock.working());
        running.audio.as_ref().is_some_and(|a| a.try_send(flush).is_ok())
    }

    /// Ends a transcription's input.
    pub(crate) fn end_input(&mut self, op: OpId) {
        if let Some(running) = self.running.get_mut(&op) {
            running.audio = None;
        }
    }

    pub(crate) fn transcribe(&mut self, op: OpId, language: Option<String>) {
        let (audio, input) = mpsc::channel(AUDIO_AHEAD);
        let (stt, events) = (self.engines.stt.clone(), self.events.clone());
        self.spawn(op, async move {
            let request = SttRequest { language };
            let stream = stt.transcribe(request, receiver_stream(input)).await;
            relay(op, stream, OpEvent::Stt, &events).await;
        });
        if let Some(running) = self.running.get_mut(&op) {
            running.audio = Some(audio);
        }
    }

    pub(crate) fn predict(&mut self, op: OpId, audio: Vec<i16>, transcript: String) {
        let Some(detector) = self.engines.turn_detector.clone() else { return };
        let context = TurnContext { audio, transcript: Pii::new(transcript) };
        let threads = self.detecting.0.clone();
        self.ask(op, OpEvent::TurnEnd, async move {
            threads.run("turn.predict", async move { detector.predict(context).await }).await
        });
    }

    pub(crate) fn predict_backchannel(&mut self, op: OpId, context: OverlapContext) {
        let Some(detector) = self.engines.backchannel_detector.clone() else { return };
        let threads = self.detecting.1.clone();
        self.ask(op, OpEvent::Backchannel, async move {
            threads.run("turn.backchannel", async move { detector.predict(context).await }).await
        });
    }

    /// Has a detector answer.
    fn ask(
        &mut self,
        op: OpId,
        wrap: fn(f32) -> OpEvent,
        answer: impl Future<Output = Result<f32>> + Send + 'static,
    ) {
        let (events, working) = (self.events.clone(), self.clock.working());
        self.spawn(op, async move {
            match answer.await {
                Ok(p) => {
                    events.send(op, wrap(p)).await;
                    events.send(op, OpEvent::Ended).await;
                }
                Err(e) => events.send(op, failed(&e)).await,
            }
            drop(working);
        });
    }

    /// Prepares a reply that will begin with `request`, until one is wanted.
    pub(crate) fn warm(&mut self, request: LlmRequest) {
        self.warming.begin(self.agent.clone(), request, self.clock.working());
    }

    /// What a notice means to the tools.
    pub(crate) fn notice(&mut self, notice: &Notice) {
        self.tools.notice(notice);
    }

    pub(crate) fn generate(&mut self, op: OpId, request: LlmRequest) {
        self.tools.freeze();
        let (agent, events) = (self.agent.clone(), self.events.clone());
        let (working, stopped) = (self.clock.working(), self.warming.stop());
        self.spawn(op, async move {
            // A model that does one thing at a time must not begin with what nobody needs.
            warming::wait(stopped).await;
            relay(op, agent.reply(request).await, OpEvent::Llm, &events).await;
            drop(working);
        });
    }

    /// Runs a tool to its one outcome. What it may be was fixed when the reply began.
    pub(crate) fn call_tool(&mut self, op: OpId, request: Request) {
        let (events, working) = (self.events.clone(), self.clock.working());
        let mut happening = self.tools.run(&request);
        self.spawn(op, async move {
            while let Some(event) = happening.next().await {
                events.send(op, OpEvent::Tool(event)).await;
            }
            events.send(op, OpEvent::Ended).await;
            drop(working);
        });
    }

    pub(crate) fn speak(&mut self, op: OpId, generation: Generation, request: TtsRequest) {
        let tts = self.engines.tts.clone();
        let rate_hz = tts.capabilities().rate_hz;
        let Some(chunks) = self.line_up(op, generation, rate_hz) else { return };
        let (working, line) = (self.clock.working(), chunks.line().clone());
        // Tasks run in any order, and a voice may do one thing after the other.
        let (asking, asked) = oneshot::channel();
        let before = self.asked.replace(asked);
        self.spawn(op, async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            let work = synthesise(&*tts, request, asking, &chunks, working);
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                let e = Error::new("tts.speak", Code::Internal, panic_text(&*panic));
                chunks.send(Chunk::Failed(e)).await;
            }
        });
        self.cancels(op, line);
    }

    /// Plays a recording in place of a synthesis.
    pub(crate) fn play(&mut self, op: OpId, generation: Generation, clip: Clip) {
        let Some(chunks) = self.line_up(op, generation, clip.rate_hz) else { return };
        let line = chunks.line().clone();
        self.spawn(op, async move {
            // As a synthesis would send it: at most 200 ms at a time.
            for samples in clip.samples.chunks(clip.rate_hz as usize / 5) {
                let chunk = Chunk::Item(TtsEvent::Audio(samples.to_vec()));
                if !chunks.send(chunk).await {
                    return;
                }
            }
            chunks.send(Chunk::Ended).await;
        });
        self.cancels(op, line);
    }

    /// A place in the voice's line for the audio of `op`.
    fn line_up(&mut self, op: OpId, generation: Generation, rate_hz: u32) -> Option<Chunks> {
        let (synthesis, chunks) = Synthesis::new(op, generation, rate_hz, &self.clock);
        if self.voice.try_send(Job::Speak(synthesis)) {
            return Some(chunks);
        }
        self.fail(op, Error::new("tts.speak", Code::Unavailable, "too many syntheses wait"));
        None
    }

    /// Whoever cancels `op` tells this line.
    fn cancels(&mut self, op: OpId, line: Line) {
        if let Some(running) = self.running.get_mut(&op) {
            running.line = Some(line);
        }
    }

    /// The operation cannot even be begun.
    pub(crate) fn fail(&mut self, op: OpId, e: Error) {
        let events = self.events.clone();
        self.spawn(op, async move { events.send(op, failed(&e)).await });
    }

    /// Everything of a generation was handed to the voice.
    pub(crate) fn finish(&self, generation: Generation) -> bool {
        self.voice.try_send(Job::Finish(generation))
    }

    /// Runs a provider's work. Its panics are failures of the operation, not of the session.
    fn spawn(&mut self, op: OpId, work: impl Future<Output = ()> + Send + 'static) {
        let (events, beginning) = (self.events.clone(), self.clock.working());
        let work = first_poll(work, move || drop(beginning));
        let task = tokio::spawn(async move {
            if let Err(panic) = AssertUnwindSafe(work).catch_unwind().await {
                let (code, detail) = (Code::Internal, panic_text(&*panic));
                events.send(op, OpEvent::Failed { code, detail }).await;
            }
        });
        let task = task.abort_handle();
        self.running.insert(op, Running { task, audio: None, flushing: None, line: None });
    }
}
