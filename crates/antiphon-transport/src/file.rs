//! A WAV file as the far end, and nobody as the listener.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use antiphon_audio::{Resampler, WavReader};
use antiphon_core::{AudioFormat, Code, Error, Result};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer as _, Observer as _, Producer as _, Split as _},
};

use crate::{AudioIn, AudioOut, Link, ReadState, Transport};

/// Audio read ahead, in milliseconds. The tick never touches the disk.
const AHEAD_MS: u32 = 2_000;

/// Silence after the last sample, so that the last turn can end: 2.5 s.
const TAIL_MS: usize = 2_500;

/// How often the reader looks for room.
const POLL: Duration = Duration::from_millis(2);

/// A file that speaks.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct WavTransport(Option<Link>);

impl WavTransport {
    /// Opens a file of any rate, coding and number of channels; it is heard at `rate_hz`, one
    /// channel.
    ///
    /// # Errors
    /// As [`WavReader::open`], and `unavailable` if no thread can be started.
    pub fn open_file(path: &Path, rate_hz: u32) -> Result<Self> {
        let reader = WavReader::open(path)?;
        let resampler = Resampler::new(reader.format().rate_hz, rate_hz)?;
        let format = AudioFormat::mono(rate_hz);
        let (ring_in, ring) = HeapRb::new(format.samples_in_ms(AHEAD_MS)).split();
        let done = Arc::new(AtomicBool::new(false));
        let work = {
            let done = done.clone();
            move || read_ahead(reader, resampler, ring_in, format, &done)
        };
        thread::Builder::new().name("antiphon-wav".to_owned()).spawn(work).map_err(|e| {
            Error::new("transport.open", Code::Unavailable, format!("no thread: {e}"))
        })?;
        let input = Box::new(WavIn { format, ring, done });
        Ok(Self(Some(Link { input, output: Box::new(Nobody(format)) })))
    }
}

impl Transport for WavTransport {
    fn open(&mut self) -> Result<Link> {
        let used = || Error::new("transport.open", Code::InvalidInput, "it was opened already");
        self.0.take().ok_or_else(used)
    }
}

#[expect(clippy::disallowed_methods, reason = "its own thread waits for a file, not the tick")]
fn read_ahead(
    mut reader: WavReader<std::io::BufReader<std::fs::File>>,
    mut resampler: Resampler,
    mut ring: HeapProd<i16>,
    format: AudioFormat,
    done: &AtomicBool,
) {
    let (mut raw, mut out) = (Vec::new(), Vec::new());
    let mut more = true;
    while more && ring.read_is_held() {
        raw.clear();
        out.clear();
        // A file that breaks off in the middle has simply ended.
        more = reader.read_mono(2048, &mut raw).unwrap_or(0) > 0;
        resampler.process(&raw, &mut out);
        if !more {
            resampler.finish(&mut out);
            out.resize(out.len() + format.samples_in_ms(TAIL_MS as u32), 0);
        }
        let mut rest = out.as_slice();
        while !rest.is_empty() && ring.read_is_held() {
            let n = ring.push_slice(rest);
            rest = rest.get(n..).unwrap_or_default();
            if n == 0 {
                thread::sleep(POLL);
            }
        }
    }
    done.store(true, Ordering::Release);
}

struct WavIn {
    format: AudioFormat,
    ring: HeapCons<i16>,
    done: Arc<AtomicBool>,
}

impl AudioIn for WavIn {
    fn format(&self) -> AudioFormat {
        self.format
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        let done = self.done.load(Ordering::Acquire);
        if self.ring.occupied_len() < frame.len() && !done {
            frame.fill(0);
            return ReadState::Underrun;
        }
        let n = self.ring.pop_slice(frame);
        frame.iter_mut().skip(n).for_each(|s| *s = 0);
        if n == 0 { ReadState::Ended } else { ReadState::Frame }
    }
}

/// A listener that hears nothing.
#[derive(Debug)]
pub struct Nobody(pub AudioFormat);

impl AudioOut for Nobody {
    fn format(&self) -> AudioFormat {
        self.0
    }

    fn write(&mut self, _: &[i16]) -> usize {
        0
    }

    fn flush(&mut self) {}

    fn pending(&self) -> u64 {
        0
    }
}
