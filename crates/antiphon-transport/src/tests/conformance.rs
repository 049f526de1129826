//! The conformance kit passes transports that keep the rules, and notices every broken one.

use std::{
    panic::catch_unwind,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use antiphon_audio::WavWriter;
use antiphon_core::{AudioFormat, Code, Error, Result};

use crate::{
    AudioIn, AudioOut, Link, MemoryPeer, MemoryTransport, ReadState, Recorder, Transport,
    WavTransport,
    conformance::{check_input, check_output, silence_is_an_underrun},
};

const MONO: AudioFormat = AudioFormat::mono(24_000);
const STEREO: AudioFormat = AudioFormat { rate_hz: 48_000, channels: 2 };

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    HasNoChannel,
    HasAnOddRate,
    ChangesItsFormat,
    FailsToOpenAgain,
    LeavesFrames,
    HumsInSilence,
    Repeats,
    Skips,
    LosesTheRest,
    KnowsOneLength,
    NeverEnds,
    BeginsAnew,
    NeedsBothHalves,
    MistakesSilenceForFrames,
    MistakesSilenceForTheEnd,
    LosesUncounted,
    CountsChannels,
    Keeps,
    Boasts,
    BreaksAtFlush,
}

/// A memory transport with a fault.
struct Faulty {
    inner: MemoryTransport,
    fault: Fault,
    is_open: bool,
}

impl Transport for Faulty {
    fn open(&mut self) -> Result<Link> {
        if self.is_open && self.fault == Fault::FailsToOpenAgain {
            return Err(Error::new("transport.open", Code::Internal, "it was opened already"));
        }
        self.is_open = true;
        let Link { input, output } = self.inner.open()?;
        let closed = Arc::new(AtomicBool::new(false));
        let (fault, format) = (self.fault, input.format());
        let last = Vec::new();
        let input =
            FaultyIn { inner: input, fault, reads: 0, last, closed: Closing(closed.clone()) };
        let output =
            FaultyOut { inner: output, fault, format, is_flushed: false, closed: Closing(closed) };
        Ok(Link { input: Box::new(input), output: Box::new(output) })
    }
}

/// Tells the other half that this one is gone.
struct Closing(Arc<AtomicBool>);

impl Closing {
    fn is_other_gone(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct FaultyIn {
    inner: Box<dyn AudioIn>,
    fault: Fault,
    reads: usize,
    last: Vec<i16>,
    closed: Closing,
}

impl AudioIn for FaultyIn {
    fn format(&self) -> AudioFormat {
        let mut format = self.inner.format();
        if self.fault == Fault::HasNoChannel {
            format.channels = 0;
        }
        if self.fault == Fault::HasAnOddRate {
            format.rate_hz = 11_025;
        }
        if self.fault == Fault::ChangesItsFormat && self.reads > 0 {
            format.rate_hz = 8_000;
        }
        format
    }

    fn read(&mut self, frame: &mut [i16]) -> ReadState {
        self.reads += 1;
        if self.fault == Fault::Repeats && self.reads == 3 {
            frame.copy_from_slice(&self.last);
            return ReadState::Frame;
        }
        if self.fault == Fault::Skips && self.reads == 3 {
            self.inner.read(frame);
        }
        let state = self.inner.read(frame);
        self.last = frame.to_vec();
        self.spoil(state, frame)
    }
}

impl FaultyIn {
    fn spoil(&self, state: ReadState, frame: &mut [i16]) -> ReadState {
        use ReadState::{Ended, Frame, Underrun};
        let is_partial = frame.last() == Some(&0);
        let AudioFormat { rate_hz, channels } = self.inner.format();
        let is_10_ms = frame.len() * 100 == rate_hz as usize * usize::from(channels);
        match (self.fault, state) {
            (Fault::KnowsOneLength, Frame) if is_10_ms => frame.fill(0),
            (Fault::LeavesFrames, Frame) if is_partial => frame.fill(i16::MIN),
            (Fault::HumsInSilence, Ended) => frame.fill(1),
            (Fault::LosesTheRest, Frame) if is_partial => frame.fill(0),
            (Fault::NeverEnds, Ended) => return Frame,
            (Fault::BeginsAnew, Ended) if self.reads.is_multiple_of(50) => return Underrun,
            (Fault::MistakesSilenceForFrames, Underrun) => return Frame,
            (Fault::MistakesSilenceForTheEnd, Underrun) => return Ended,
            (Fault::NeedsBothHalves, _) if self.closed.is_other_gone() => {
                frame.fill(0);
                return Ended;
            }
            _ => {}
        }
        state
    }
}

struct FaultyOut {
    inner: Box<dyn AudioOut>,
    fault: Fault,
    format: AudioFormat,
    is_flushed: bool,
    closed: Closing,
}

impl AudioOut for FaultyOut {
    fn format(&self) -> AudioFormat {
        self.format
    }

    fn write(&mut self, frame: &[i16]) -> usize {
        let is_broken = self.fault == Fault::BreaksAtFlush && self.is_flushed
            || self.fault == Fault::NeedsBothHalves && self.closed.is_other_gone();
        if is_broken {
            return 0;
        }
        let lost = self.inner.write(frame);
        if self.fault == Fault::CountsChannels {
            return lost * usize::from(self.format.channels);
        }
        if self.fault == Fault::LosesUncounted { 0 } else { lost }
    }

    fn flush(&mut self) {
        self.is_flushed = true;
    }

    fn pending(&self) -> u64 {
        self.inner.pending() + if self.fault == Fault::Boasts { 1_000_000 } else { 0 }
    }
}

/// How long the far end's silence or deafness may last, in milliseconds.
const CAPACITY_MS: u32 = 1_000;

fn faulty(fault: Fault, format: AudioFormat) -> (Faulty, MemoryPeer) {
    let capacity = if fault == Fault::Keeps { 120_000 } else { CAPACITY_MS };
    let (inner, peer) = MemoryTransport::pair(format, capacity);
    (Faulty { inner, fault, is_open: false }, peer)
}

fn input_of(fault: Fault, format: AudioFormat) {
    check_input(&mut |said| {
        let (transport, mut peer) = faulty(fault, format);
        assert_eq!(peer.send(said), said.len());
        Box::new(transport)
    });
}

fn output_of(fault: Fault, format: AudioFormat) {
    check_output(&mut || {
        let (transport, mut peer) = faulty(fault, format);
        let mut buffer = vec![0; 96_000];
        let received = move || {
            let n = peer.receive(&mut buffer);
            buffer[..n].to_vec()
        };
        (Box::new(transport), Box::new(received))
    });
}

fn silence_of(fault: Fault, format: AudioFormat) {
    let (mut transport, _peer) = faulty(fault, format);
    silence_is_an_underrun(&mut transport);
}

/// What the kit says of a faulty transport.
fn complaint(check: fn(Fault, AudioFormat), fault: Fault) -> String {
    let checked = catch_unwind(|| check(fault, STEREO));
    let complaint = checked.expect_err("the kit passed it");
    let text = complaint.downcast_ref::<String>().cloned();
    text.or_else(|| complaint.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap()
}

#[test]
fn the_memory_transport_keeps_the_rules() {
    for format in [MONO, STEREO, AudioFormat::mono(8_000)] {
        input_of(Fault::None, format);
        output_of(Fault::None, format);
        silence_of(Fault::None, format);
    }
}

#[test]
fn a_file_keeps_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("said.wav");
    check_input(&mut |said| {
        let mut wav = WavWriter::create(&path, MONO).unwrap();
        wav.write(said).unwrap();
        wav.finish().unwrap();
        Box::new(WavTransport::open_file(&path, MONO.rate_hz).unwrap())
    });
}

/// A transport whose link is recorded.
struct Recorded {
    inner: MemoryTransport,
    path: PathBuf,
    recorder: Option<Recorder>,
}

impl Transport for Recorded {
    fn open(&mut self) -> Result<Link> {
        let (link, recorder) = Recorder::attach(self.inner.open()?, &self.path)?;
        self.recorder = Some(recorder);
        Ok(link)
    }
}

#[test]
fn a_recorded_link_keeps_the_rules() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("call.wav");
    let pair = || {
        let (inner, peer) = MemoryTransport::pair(MONO, CAPACITY_MS);
        (Box::new(Recorded { inner, path: path.clone(), recorder: None }), peer)
    };
    check_input(&mut |said| {
        let (transport, mut peer) = pair();
        assert_eq!(peer.send(said), said.len());
        transport
    });
    check_output(&mut || {
        let (transport, mut peer) = pair();
        let mut buffer = vec![0; 96_000];
        let received = move || {
            let n = peer.receive(&mut buffer);
            buffer[..n].to_vec()
        };
        (transport, Box::new(received))
    });
}

#[test]
fn every_fault_of_an_input_is_noticed() {
    for (fault, words) in [
        (Fault::HasNoChannel, "input has no channel"),
        (Fault::HasAnOddRate, "no whole number"),
        (Fault::ChangesItsFormat, "the format changed"),
        (Fault::FailsToOpenAgain, "a second open"),
        (Fault::LeavesFrames, "as it was"),
        (Fault::HumsInSilence, "not silence"),
        (Fault::Repeats, "first sample that differs"),
        (Fault::Skips, "first sample that differs"),
        (Fault::LosesTheRest, "10 ms: samples"),
        (Fault::KnowsOneLength, "10 ms: samples"),
        (Fault::NeverEnds, "silence without an end"),
        (Fault::BeginsAnew, "after the end"),
        (Fault::NeedsBothHalves, "read without the output"),
    ] {
        let complaint = complaint(input_of, fault);
        assert!(complaint.contains(words), "{fault:?}: {complaint}");
    }
    for fault in [Fault::MistakesSilenceForFrames, Fault::MistakesSilenceForTheEnd] {
        assert!(complaint(silence_of, fault).contains("while nothing was sent"), "{fault:?}");
    }
}

#[test]
fn every_fault_of_an_output_is_noticed() {
    for (fault, words) in [
        (Fault::LosesUncounted, "neither arrived nor were counted"),
        (Fault::CountsChannels, "samples per channel were lost"),
        (Fault::Keeps, "wait for nobody"),
        (Fault::Boasts, "samples wait, where only"),
        (Fault::BreaksAtFlush, "after a flush does not arrive"),
        (Fault::NeedsBothHalves, "samples"),
    ] {
        let complaint = complaint(output_of, fault);
        assert!(complaint.contains(words), "{fault:?}: {complaint}");
    }
}
