//! The agent's voice: syntheses run side by side, their audio enters playout in order.

use std::time::Duration;

use antiphon_audio::{PlayoutSender, Resampler};
use antiphon_conversation::{OpEvent, SynthesisEvent};
use antiphon_core::{Clock, Error, Generation, OpId, Result};
use antiphon_tts::{TtsEvent, WordTiming};
use tokio::sync::mpsc;

use crate::{
    SessionClock,
    driver::OpSender,
    line::{Line, Place},
    streams::failed,
};

/// Chunks a synthesis may be ahead of its turn to be queued: 8 of at most 200 ms.
const CHUNKS_AHEAD: usize = 8;

/// Syntheses and finishes that may wait in line.
const JOBS_AHEAD: usize = 32;

/// How long to wait before asking again whether playout has room: half a frame.
const ROOM_POLL: Duration = Duration::from_millis(10);

/// What waits in line to be queued for playout.
#[derive(Debug)]
pub(crate) enum Job {
    Speak(Synthesis),
    /// Everything of the generation was queued.
    Finish(Generation),
}

/// The output of a synthesis, at this rate.
#[derive(Debug)]
pub(crate) struct Synthesis {
    op: OpId,
    generation: Generation,
    rate_hz: u32,
    chunks: mpsc::Receiver<(Chunk, Place)>,
    /// The line of the chunks.
    line: Line,
}

impl Synthesis {
    /// A synthesis for the voice, and where its chunks line up.
    pub(crate) fn new(
        op: OpId,
        generation: Generation,
        rate_hz: u32,
        clock: &SessionClock,
    ) -> (Self, Chunks) {
        let (tx, chunks) = mpsc::channel(CHUNKS_AHEAD);
        let line = Line::new(clock.clone());
        let places = Chunks { tx, line: line.clone() };
        (Self { op, generation, rate_hz, chunks, line }, places)
    }
}

/// One item of a synthesis. A channel that closes without `Ended` or `Failed` was cancelled.
#[derive(Debug)]
pub(crate) enum Chunk {
    Item(TtsEvent),
    Ended,
    Failed(Error),
}

/// Where jobs for the voice line up. Boxed, because a channel keeps room for 32 of them even when it
/// is idle.
#[derive(Debug)]
pub(crate) struct Jobs {
    tx: mpsc::Sender<Box<(Job, Place)>>,
    line: Line,
}

impl Jobs {
    /// Whether there was room.
    pub(crate) fn try_send(&self, job: Job) -> bool {
        self.tx.try_send(Box::new((job, self.line.join()))).is_ok()
    }
}

/// Where the chunks of one synthesis line up.
#[derive(Debug)]
pub(crate) struct Chunks {
    tx: mpsc::Sender<(Chunk, Place)>,
    line: Line,
}

impl Chunks {
    /// The line they stand in, for whoever cancels the synthesis.
    pub(crate) const fn line(&self) -> &Line {
        &self.line
    }

    /// In line at once; there when there is room. Whether anybody wants it.
    pub(crate) fn send(&self, chunk: Chunk) -> impl Future<Output = bool> {
        let place = self.line.join();
        async move { self.tx.send((chunk, place)).await.is_ok() }
    }
}

/// What moves audio into playout.
pub(crate) struct Voice {
    jobs: mpsc::Receiver<Box<(Job, Place)>>,
    sender: PlayoutSender,
    playout_rate_hz: u32,
    events: OpSender,
    /// The line of the jobs.
    line: Line,
}

impl Voice {
    /// The voice of a session, and where its jobs line up.
    pub(crate) fn new(
        sender: PlayoutSender,
        playout_rate_hz: u32,
        events: OpSender,
    ) -> (Self, Jobs) {
        let (tx, jobs) = mpsc::channel(JOBS_AHEAD);
        let line = Line::new(events.clock().clone());
        let places = Jobs { tx, line: line.clone() };
        (Self { jobs, sender, playout_rate_hz, events, line }, places)
    }

    /// Does one job after the other until the driver is gone.
    pub(crate) async fn run(mut self) {
        self.line.set_moving(true);
        while let Some(next) = self.jobs.recv().await {
            let (job, _place) = *next;
            match job {
                Job::Finish(generation) => {
                    while self.sender.finish(generation).is_err() {
                        wait_for_room(&self.line, self.events.clock()).await;
                    }
                }
                // Boxed, so that a voice takes little room while it has nothing to say.
                Job::Speak(synthesis) => Box::pin(self.speak(synthesis)).await,
            }
        }
    }

    async fn speak(&mut self, synthesis: Synthesis) {
        let Synthesis { op, generation, rate_hz, mut chunks, line } = synthesis;
        let conversion = match Conversion::new(rate_hz, self.playout_rate_hz) {
            Ok(conversion) => conversion,
            Err(e) => return self.events.send(op, failed(&e)).await,
        };
        let mut speech = Speech { op, generation, conversion, line };
        // What waits behind this synthesis is not waited for until it is over.
        speech.line.set_moving(true);
        self.line.set_moving(false);
        let mut last = None;
        while last.is_none()
            && let Some((chunk, place)) = chunks.recv().await
        {
            last = (!matches!(chunk, Chunk::Item(_))).then_some(place);
            speech.chunk(chunk, self).await;
        }
        self.line.set_moving(true);
        speech.line.set_moving(false);
    }
}

/// Waiting for room is no work: only time brings it.
async fn wait_for_room(line: &Line, clock: &SessionClock) {
    line.set_moving(false);
    let _awake = Box::pin(clock.wake_at(clock.now() + ROOM_POLL)).await;
    line.set_moving(true);
}

/// One synthesis whose turn it is.
struct Speech {
    op: OpId,
    generation: Generation,
    conversion: Conversion,
    line: Line,
}

impl Speech {
    async fn chunk(&mut self, chunk: Chunk, voice: &mut Voice) {
        match chunk {
            Chunk::Item(TtsEvent::Words(words)) => {
                let words = words.into_iter().map(|w| self.conversion.timing(w)).collect();
                self.tell(SynthesisEvent::Words(words), &voice.events).await;
            }
            Chunk::Item(TtsEvent::Audio(samples)) => {
                let samples = self.conversion.audio(&samples);
                self.queue(samples, voice).await;
            }
            Chunk::Ended => {
                let tail = self.conversion.tail();
                self.queue(tail, voice).await;
                voice.events.send(self.op, OpEvent::Ended).await;
            }
            Chunk::Failed(e) => voice.events.send(self.op, failed(&e)).await,
        }
    }

    async fn queue(&mut self, mut samples: Vec<i16>, voice: &mut Voice) {
        if samples.is_empty() {
            return;
        }
        let n = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        while let Err(back) = voice.sender.try_push(self.generation, samples) {
            samples = back;
            wait_for_room(&self.line, voice.events.clock()).await;
        }
        self.tell(SynthesisEvent::Queued(n), &voice.events).await;
    }

    async fn tell(&self, event: SynthesisEvent, events: &OpSender) {
        events.send(self.op, OpEvent::Speech(event)).await;
    }
}

/// From the engine's rate to the playout rate.
struct Conversion {
    from_hz: u32,
    to_hz: u32,
    resampler: Resampler,
}

impl Conversion {
    fn new(from_hz: u32, to_hz: u32) -> Result<Self> {
        Ok(Self { from_hz, to_hz, resampler: Resampler::new(from_hz, to_hz)? })
    }

    fn audio(&mut self, samples: &[i16]) -> Vec<i16> {
        let mut out = Vec::new();
        self.resampler.process(samples, &mut out);
        out
    }

    fn tail(&mut self) -> Vec<i16> {
        let mut out = Vec::new();
        self.resampler.finish(&mut out);
        out
    }

    fn timing(&self, word: WordTiming) -> WordTiming {
        let at = |n: u64| n.saturating_mul(u64::from(self.to_hz)) / u64::from(self.from_hz.max(1));
        WordTiming { text: word.text, samples: at(word.samples.start)..at(word.samples.end) }
    }
}
