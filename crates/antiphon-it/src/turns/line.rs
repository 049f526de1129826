//! The far end of a measured session: caller audio that was made beforehand, and ears that keep
//! every sample of the agent. Both count from the session's first tick.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use antiphon::{
    AudioFormat, SPEECH_RATE_HZ,
    transport::{AudioIn, AudioOut, Link, ReadState},
};

/// The agent's side of a call, when it is over.
#[derive(Debug)]
pub(crate) struct Heard(Receiver<Vec<i16>>);

impl Heard {
    /// Every sample since the first tick; call it after the session's end.
    pub(crate) fn samples(&self) -> Vec<i16> {
        self.0.recv().unwrap_or_default()
    }
}

/// A link on which `caller` speaks once and then leaves.
pub(crate) fn open(caller: Vec<i16>) -> (Link, Heard) {
    let (out, heard) = sync_channel(1);
    // A second to spare: the session may tick on while it says goodbye.
    let room = caller.len() + SPEECH_RATE_HZ as usize;
    let output = Box::new(Ears { samples: Vec::with_capacity(room), room, out });
    (Link { input: Box::new(Mouth { samples: caller, at: 0 }), output }, Heard(heard))
}

struct Mouth {
    samples: Vec<i16>,
    at: usize,
}

impl AudioIn for Mouth {
    fn format(&self) -> AudioFormat {
        AudioFormat::mono(SPEECH_RATE_HZ)
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        frame.fill(0);
        let rest = self.samples.get(self.at..).unwrap_or_default();
        frame.iter_mut().zip(rest).for_each(|(out, sample)| *out = *sample);
        self.at += frame.len();
        if rest.is_empty() { ReadState::Ended } else { ReadState::Frame }
    }
}

struct Ears {
    samples: Vec<i16>,
    room: usize,
    out: SyncSender<Vec<i16>>,
}

impl AudioOut for Ears {
    fn format(&self) -> AudioFormat {
        AudioFormat::mono(SPEECH_RATE_HZ)
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        let room = self.room - self.samples.len();
        self.samples.extend(frame.iter().take(room));
        0
    }

    fn flush(&mut self) {}

    fn pending(&self) -> u64 {
        0
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        // Nobody waits for a call that failed.
        let _ = self.out.try_send(std::mem::take(&mut self.samples));
    }
}
