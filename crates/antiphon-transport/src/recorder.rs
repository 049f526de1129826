//! Records both directions of a link into one stereo file: far end left, agent right, on one time
//! axis.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use antiphon_audio::{Resampler, WavWriter};
use antiphon_core::{AudioFormat, Code, Error, Result};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer as _, Observer as _, Producer as _, Split as _},
};

use crate::{AudioIn, AudioOut, Link, ReadState};

/// Audio that may wait for the writer, in milliseconds. A disk slower than that loses samples.
const WAITING_MS: u32 = 4_000;

/// How often the writer looks for new audio.
const POLL: Duration = Duration::from_millis(50);

/// A recording in progress. [`finish`](Self::finish) completes it; dropping does, too, without
/// telling of errors.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<Result<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    lost: AtomicU64,
}

impl Recorder {
    /// Wraps a link so that what passes through is recorded at the output's rate. Both directions
    /// must have one channel.
    ///
    /// # Errors
    /// `storage` if the file cannot be created, `invalid_input` if a direction has several
    /// channels, `unavailable` if no thread can be started.
    pub fn attach(link: Link, path: &Path) -> Result<(Link, Self)> {
        let (input, output) = (link.input.format(), link.output.format());
        if input.channels != 1 || output.channels != 1 {
            let what = "only links of one channel can be recorded";
            return Err(Error::new("transport.record", Code::InvalidInput, what));
        }
        let wav = WavWriter::create(path, AudioFormat { rate_hz: output.rate_hz, channels: 2 })?;
        let ring = |f: AudioFormat| HeapRb::<i16>::new(f.samples_in_ms(WAITING_MS)).split();
        let ((left_in, left), (right_in, right)) = (ring(input), ring(output));
        let resampler = Resampler::new(input.rate_hz, output.rate_hz)?;
        let shared = Arc::new(Shared::default());
        let work = {
            let (shared, ahead) = (shared.clone(), 2 * output.samples_in_ms(WAITING_MS));
            move || write(wav, resampler, left, right, ahead, &shared)
        };
        let writer = thread::Builder::new().name("antiphon-record".to_owned()).spawn(work);
        let writer = writer.map_err(|e| {
            Error::new("transport.record", Code::Unavailable, format!("no thread: {e}"))
        })?;
        let tap = |ring| Tap { ring, owed: 0, shared: shared.clone() };
        let link = Link {
            input: Box::new(TappedIn { inner: link.input, tap: tap(left_in) }),
            output: Box::new(TappedOut { inner: link.output, tap: tap(right_in) }),
        };
        Ok((link, Self { shared, writer: Some(writer) }))
    }

    /// Completes the file.
    ///
    /// # Errors
    /// `storage` if it could not be written, or not fast enough.
    pub fn finish(mut self) -> Result<()> {
        let result = self.stop();
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > 0 {
            let what = format!("the disk was too slow: {lost} samples are missing");
            return result.and(Err(Error::new("transport.record", Code::Storage, what)));
        }
        result
    }

    fn stop(&mut self) -> Result<()> {
        self.shared.stop.store(true, Ordering::Release);
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(Error::new("transport.record", Code::Internal, "the writer died")),
            None => Ok(()),
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // A caller that wants to know of errors calls finish.
        let _ = self.stop();
    }
}

#[expect(clippy::disallowed_methods, reason = "its own thread waits for a file, not the tick")]
fn write(
    mut wav: WavWriter,
    mut resampler: Resampler,
    mut left: HeapCons<i16>,
    mut right: HeapCons<i16>,
    ahead: usize,
    shared: &Shared,
) -> Result<()> {
    let (mut caller, mut agent, mut block) = (Vec::new(), Vec::new(), vec![0; 4096]);
    loop {
        let last = shared.stop.load(Ordering::Acquire);
        while let n @ 1.. = left.pop_slice(&mut block) {
            resampler.process(block.get(..n).unwrap_or_default(), &mut caller);
        }
        while let n @ 1.. = right.pop_slice(&mut block) {
            agent.extend_from_slice(block.get(..n).unwrap_or_default());
        }
        if last {
            resampler.finish(&mut caller);
        }
        // What is further ahead than both rings could hold does not wait for a direction that has
        // stopped.
        let least = caller.len().max(agent.len()).saturating_sub(ahead);
        caller.resize(caller.len().max(least), 0);
        agent.resize(agent.len().max(least), 0);
        let n = caller.len().min(agent.len());
        let pairs = caller.drain(..n).zip(agent.drain(..n));
        let frames: Vec<i16> = pairs.flat_map(|(l, r)| [l, r]).collect();
        wav.write(&frames)?;
        if last {
            return wav.finish();
        }
        thread::sleep(POLL);
    }
}

/// The tick's end of a direction.
struct Tap {
    ring: HeapProd<i16>,
    /// Samples that found no room. Silence is recorded for them before anything else, so that the
    /// directions stay aligned.
    owed: usize,
    shared: Arc<Shared>,
}

impl Tap {
    fn take(&mut self, frame: &[i16]) {
        self.owed -= self.ring.push_iter(std::iter::repeat_n(0, self.owed));
        if self.owed == 0 && self.ring.vacant_len() >= frame.len() {
            self.ring.push_slice(frame);
        } else {
            self.owed += frame.len();
            self.shared.lost.fetch_add(frame.len() as u64, Ordering::Relaxed);
        }
    }
}

struct TappedIn {
    inner: Box<dyn AudioIn>,
    tap: Tap,
}

impl AudioIn for TappedIn {
    fn format(&self) -> AudioFormat {
        self.inner.format()
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        let state = self.inner.read(frame);
        self.tap.take(frame);
        state
    }
}

struct TappedOut {
    inner: Box<dyn AudioOut>,
    tap: Tap,
}

impl AudioOut for TappedOut {
    fn format(&self) -> AudioFormat {
        self.inner.format()
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        self.tap.take(frame);
        self.inner.write(frame)
    }

    fn flush(&mut self) {
        self.inner.flush();
    }

    fn pending(&self) -> u64 {
        self.inner.pending()
    }
}
