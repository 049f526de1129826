//! One session's share of a media tick: a frame in, a frame out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use antiphon_audio::{PlayoutSource, Resampler};
use antiphon_core::{AudioFormat, FRAME_MS, Result, SPEECH_RATE_HZ};
use antiphon_transport::{AudioIn, AudioOut, Link, ReadState};
use ringbuf::{HeapProd, traits::Producer as _};

/// Flags and counters between the tick, the analysis thread and the driver.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The session is over: both threads let go of it.
    pub(crate) closed: AtomicBool,
    /// The far end is gone and everything it sent has been read.
    pub(crate) ended: AtomicBool,
    /// Samples of the user that the analysis was too slow to take.
    pub(crate) dropped_in: AtomicU64,
    /// Samples of the agent that the transport could not take.
    pub(crate) dropped_out: AtomicU64,
    /// Frames in which nothing had arrived.
    pub(crate) underruns: AtomicU64,
}

/// A session on the tick thread.
pub(crate) struct Member {
    input: Box<dyn AudioIn>,
    output: Box<dyn AudioOut>,
    resampler: Resampler,
    capture: HeapProd<i16>,
    playout: PlayoutSource,
    received: Shape,
    sent: Shape,
    shared: Arc<Shared>,
}

/// A frame of the far end's format.
#[derive(Clone, Copy, Debug)]
struct Shape {
    /// Samples of one channel.
    len: usize,
    channels: usize,
}

impl Shape {
    fn of(format: AudioFormat) -> Self {
        Self { len: format.samples_in_ms(FRAME_MS), channels: usize::from(format.channels) }
    }
}

/// Room for the frames of one member. Members take turns, so all share it: with hundreds of them
/// that is less memory, and warmer.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    received: Vec<i16>,
    mono: Vec<i16>,
    speech: Vec<i16>,
    spoken: Vec<i16>,
    sent: Vec<i16>,
}

impl Frames {
    /// Makes room for a member, before its first tick: nothing is allocated in a tick.
    pub(crate) fn fit(&mut self, member: &Member) {
        let Member { received, sent, .. } = member;
        grow(&mut self.received, received.len * received.channels);
        grow(&mut self.spoken, sent.len);
        grow(&mut self.sent, sent.len * sent.channels);
        self.mono.clear();
        self.mono.reserve(received.len);
        self.speech.clear();
        // A resampler may give a block more than its ratio says.
        self.speech.reserve(2 * AudioFormat::mono(SPEECH_RATE_HZ).samples_in_ms(FRAME_MS));
    }
}

fn grow(frame: &mut Vec<i16>, len: usize) {
    frame.resize(frame.len().max(len), 0);
}

impl Member {
    pub(crate) fn new(
        link: Link,
        capture: HeapProd<i16>,
        playout: PlayoutSource,
        shared: Arc<Shared>,
    ) -> Result<Self> {
        let (received, sent) = (link.input.format(), link.output.format());
        Ok(Self {
            resampler: Resampler::new(received.rate_hz, SPEECH_RATE_HZ)?,
            input: link.input,
            output: link.output,
            capture,
            playout,
            received: Shape::of(received),
            sent: Shape::of(sent),
            shared,
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Moves one frame each way. `frames` must [`fit`](Frames::fit).
    pub(crate) fn tick(&mut self, frames: &mut Frames) {
        self.listen(frames);
        self.speak(frames);
    }

    fn listen(&mut self, frames: &mut Frames) {
        let Shape { len, channels } = self.received;
        let Frames { received, mono, speech, .. } = frames;
        let Some(received) = received.get_mut(..len * channels) else { return };
        match self.input.read(received) {
            ReadState::Frame => {}
            ReadState::Underrun => {
                self.shared.underruns.fetch_add(1, Ordering::Relaxed);
            }
            ReadState::Ended => self.shared.ended.store(true, Ordering::Release),
        }
        mono.clear();
        mono.extend(received.chunks_exact(channels).map(|frame| {
            let sum: i32 = frame.iter().map(|s| i32::from(*s)).sum();
            // A mean of i16 values is an i16 value.
            (sum / channels as i32) as i16
        }));
        speech.clear();
        self.resampler.process(mono, speech);
        let taken = self.capture.push_slice(speech);
        let lost = (speech.len() - taken) as u64;
        if lost > 0 {
            self.shared.dropped_in.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn speak(&mut self, frames: &mut Frames) {
        let Shape { len, channels } = self.sent;
        let Some(spoken) = frames.spoken.get_mut(..len) else { return };
        let Some(sent) = frames.sent.get_mut(..len * channels) else { return };
        self.playout.fill(spoken);
        for (frame, sample) in sent.chunks_exact_mut(channels).zip(&*spoken) {
            frame.fill(*sample);
        }
        let lost = self.output.write(sent);
        if lost > 0 {
            self.shared.dropped_out.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }
}
