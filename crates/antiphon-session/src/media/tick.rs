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

/// A session on the tick thread. Everything is allocated here, nothing later.
pub(crate) struct Member {
    input: Box<dyn AudioIn>,
    output: Box<dyn AudioOut>,
    resampler: Resampler,
    capture: HeapProd<i16>,
    playout: PlayoutSource,
    in_channels: usize,
    out_channels: usize,
    in_frame: Vec<i16>,
    mono: Vec<i16>,
    speech: Vec<i16>,
    out_mono: Vec<i16>,
    out_frame: Vec<i16>,
    shared: Arc<Shared>,
}

impl Member {
    pub(crate) fn new(
        link: Link,
        capture: HeapProd<i16>,
        playout: PlayoutSource,
        shared: Arc<Shared>,
    ) -> Result<Self> {
        let frame = |f: AudioFormat| (f.samples_in_ms(FRAME_MS), usize::from(f.channels));
        let (in_format, out_format) = (link.input.format(), link.output.format());
        let ((in_len, in_channels), (out_len, out_channels)) =
            (frame(in_format), frame(out_format));
        let speech_len = AudioFormat::mono(SPEECH_RATE_HZ).samples_in_ms(FRAME_MS);
        Ok(Self {
            resampler: Resampler::new(in_format.rate_hz, SPEECH_RATE_HZ)?,
            input: link.input,
            output: link.output,
            capture,
            playout,
            in_channels,
            out_channels,
            in_frame: vec![0; in_len * in_channels],
            mono: Vec::with_capacity(in_len),
            // A resampler may give a block more or less than its ratio says.
            speech: Vec::with_capacity(4 * speech_len),
            out_mono: vec![0; out_len],
            out_frame: vec![0; out_len * out_channels],
            shared,
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Moves one frame each way.
    pub(crate) fn tick(&mut self) {
        self.listen();
        self.speak();
    }

    fn listen(&mut self) {
        match self.input.read(&mut self.in_frame) {
            ReadState::Frame => {}
            ReadState::Underrun => {
                self.shared.underruns.fetch_add(1, Ordering::Relaxed);
            }
            ReadState::Ended => self.shared.ended.store(true, Ordering::Release),
        }
        self.mono.clear();
        let channels = self.in_channels as i32;
        self.mono.extend(self.in_frame.chunks_exact(self.in_channels).map(|frame| {
            let sum: i32 = frame.iter().map(|s| i32::from(*s)).sum();
            // A mean of i16 values is an i16 value.
            (sum / channels) as i16
        }));
        self.speech.clear();
        self.resampler.process(&self.mono, &mut self.speech);
        let taken = self.capture.push_slice(&self.speech);
        let lost = (self.speech.len() - taken) as u64;
        if lost > 0 {
            self.shared.dropped_in.fetch_add(lost, Ordering::Relaxed);
        }
    }

    fn speak(&mut self) {
        self.playout.fill(&mut self.out_mono);
        let frames = self.out_frame.chunks_exact_mut(self.out_channels);
        for (frame, sample) in frames.zip(&self.out_mono) {
            frame.fill(*sample);
        }
        let lost = self.output.write(&self.out_frame);
        if lost > 0 {
            self.shared.dropped_out.fetch_add(lost as u64, Ordering::Relaxed);
        }
    }
}
