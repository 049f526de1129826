//! The agent's voice: syntheses run side by side, their audio enters playout in order.

use std::time::Duration;

use antiphon_audio::{PlayoutSender, Resampler};
use antiphon_conversation::{OpEvent, SynthesisEvent};
use antiphon_core::{Clock, Error, Generation, OpId, Result};
use antiphon_tts::{TtsEvent, WordTiming};
use tokio::sync::mpsc;

use crate::{SessionClock, driver::OpSender, effects::failed};

/// Chunks a synthesis may be ahead of its turn to be queued: 8 of at most 200 ms.
pub(crate) const CHUNKS_AHEAD: usize = 8;

/// Syntheses and finishes that may wait in line.
pub(crate) const JOBS_AHEAD: usize = 32;

/// How long to wait before asking again whether playout has room: half a frame.
const ROOM_POLL: Duration = Duration::from_millis(10);

/// What waits in line to be queued for playout.
#[derive(Debug)]
pub(crate) enum Job {
    /// The output of a synthesis, at this rate.
    Speak { op: OpId, generation: Generation, rate_hz: u32, chunks: mpsc::Receiver<Chunk> },
    /// Everything of the generation was queued.
    Finish(Generation),
}

/// One item of a synthesis. A channel that closes without `Ended` or `Failed` was cancelled.
#[derive(Debug)]
pub(crate) enum Chunk {
    Item(TtsEvent),
    Ended,
    Failed(Error),
}

/// Moves audio into playout until the driver is gone.
pub(crate) async fn run(
    mut jobs: mpsc::Receiver<Job>,
    mut sender: PlayoutSender,
    playout_rate_hz: u32,
    clock: SessionClock,
    events: OpSender,
) {
    while let Some(job) = jobs.recv().await {
        match job {
            Job::Finish(generation) => {
                while sender.finish(generation).is_err() {
                    wait_for_room(&clock).await;
                }
            }
            Job::Speak { op, generation, rate_hz, mut chunks } => {
                let mut voice = match Conversion::new(rate_hz, playout_rate_hz) {
                    Ok(conversion) => Voice { op, generation, conversion, queued: 0 },
                    Err(e) => {
                        events.send(op, failed(&e)).await;
                        continue;
                    }
                };
                while let Some(chunk) = chunks.recv().await {
                    voice.chunk(chunk, &mut sender, &clock, &events).await;
                }
            }
        }
    }
}

async fn wait_for_room(clock: &SessionClock) {
    clock.sleep_until(clock.now() + ROOM_POLL).await;
}

/// One synthesis whose turn it is.
struct Voice {
    op: OpId,
    generation: Generation,
    conversion: Conversion,
    queued: u64,
}

impl Voice {
    async fn chunk(
        &mut self,
        chunk: Chunk,
        sender: &mut PlayoutSender,
        clock: &SessionClock,
        events: &OpSender,
    ) {
        match chunk {
            Chunk::Item(TtsEvent::Words(words)) => {
                let words = words.into_iter().map(|w| self.conversion.timing(w)).collect();
                self.tell(SynthesisEvent::Words(words), events).await;
            }
            Chunk::Item(TtsEvent::Audio(samples)) => {
                let samples = self.conversion.audio(&samples);
                self.queue(samples, sender, clock, events).await;
            }
            Chunk::Ended => {
                let tail = self.conversion.tail();
                self.queue(tail, sender, clock, events).await;
                events.send(self.op, OpEvent::Ended).await;
            }
            Chunk::Failed(e) => events.send(self.op, failed(&e)).await,
        }
    }

    async fn queue(
        &mut self,
        mut samples: Vec<i16>,
        sender: &mut PlayoutSender,
        clock: &SessionClock,
        events: &OpSender,
    ) {
        if samples.is_empty() {
            return;
        }
        let n = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        while let Err(back) = sender.try_push(self.generation, samples) {
            samples = back;
            wait_for_room(clock).await;
        }
        self.queued += u64::from(n);
        self.tell(SynthesisEvent::Queued(n), events).await;
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
