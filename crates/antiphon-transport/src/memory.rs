//! A link to the same process: two rings of samples.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use antiphon_core::{AudioFormat, Code, Error, Result};
use ringbuf::{
    HeapCons, HeapProd, HeapRb,
    traits::{Consumer as _, Observer as _, Producer as _, Split as _},
};

use crate::{AudioIn, AudioOut, Link, ReadState, Transport};

/// The session's side.
#[expect(missing_debug_implementations, reason = "holds trait objects")]
pub struct MemoryTransport(Option<Link>);

/// The far end. Dropping it hangs up.
pub struct MemoryPeer {
    to_session: HeapProd<i16>,
    from_session: HeapCons<i16>,
    gone: Arc<AtomicBool>,
}

impl std::fmt::Debug for MemoryPeer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryPeer").field("gone", &self.gone).finish_non_exhaustive()
    }
}

impl MemoryTransport {
    /// Two connected ends that hold `capacity_ms` of audio in each direction.
    #[must_use]
    pub fn pair(format: AudioFormat, capacity_ms: u32) -> (Self, MemoryPeer) {
        let samples = format.samples_in_ms(capacity_ms.max(20)) * usize::from(format.channels);
        let (to_session, incoming) = HeapRb::new(samples).split();
        let (outgoing, from_session) = HeapRb::new(samples).split();
        let gone = Arc::new(AtomicBool::new(false));
        let input = Box::new(MemoryIn { format, ring: incoming, gone: gone.clone() });
        let output = Box::new(MemoryOut { format, ring: outgoing });
        (Self(Some(Link { input, output })), MemoryPeer { to_session, from_session, gone })
    }
}

impl Transport for MemoryTransport {
    fn open(&mut self) -> Result<Link> {
        let used = || Error::new("transport.open", Code::InvalidInput, "it was opened already");
        self.0.take().ok_or_else(used)
    }
}

impl MemoryPeer {
    /// Sends samples; returns how many there was room for.
    pub fn send(&mut self, samples: &[i16]) -> usize {
        self.to_session.push_slice(samples)
    }

    /// Receives samples; returns how many there were.
    pub fn receive(&mut self, samples: &mut [i16]) -> usize {
        self.from_session.pop_slice(samples)
    }

    /// Ends the link once everything sent was read.
    pub fn hang_up(&self) {
        self.gone.store(true, Ordering::Release);
    }
}

impl Drop for MemoryPeer {
    fn drop(&mut self) {
        self.hang_up();
    }
}

struct MemoryIn {
    format: AudioFormat,
    ring: HeapCons<i16>,
    gone: Arc<AtomicBool>,
}

impl AudioIn for MemoryIn {
    fn format(&self) -> AudioFormat {
        self.format
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        let gone = self.gone.load(Ordering::Acquire);
        if self.ring.occupied_len() >= frame.len() || gone {
            let n = self.ring.pop_slice(frame);
            frame.iter_mut().skip(n).for_each(|s| *s = 0);
            return if n == 0 && gone { ReadState::Ended } else { ReadState::Frame };
        }
        frame.fill(0);
        ReadState::Underrun
    }
}

struct MemoryOut {
    format: AudioFormat,
    ring: HeapProd<i16>,
}

impl AudioOut for MemoryOut {
    fn format(&self) -> AudioFormat {
        self.format
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        let taken = self.ring.push_slice(frame);
        (frame.len() - taken) / usize::from(self.format.channels)
    }

    fn flush(&mut self) {}

    fn pending(&self) -> u64 {
        (self.ring.occupied_len() / usize::from(self.format.channels)) as u64
    }
}
