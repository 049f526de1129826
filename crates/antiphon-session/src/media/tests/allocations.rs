//! The tick neither allocates nor frees, and the analysis only what it hands on.

use std::sync::{Arc, atomic::Ordering};

use antiphon_audio::{PlayoutConfig, PlayoutControl, PlayoutSender, WavWriter, playout};
use antiphon_conversation::Event;
use antiphon_core::{AudioFormat, Generation, SPEECH_RATE_HZ};
use antiphon_transport::{
    Link, MemoryPeer, MemoryTransport, Recorder, Transport as _, WavTransport,
};
use antiphon_vad::{Blocks, EnergyVad, GateConfig, SpeechGate, Vad as _};
use ringbuf::{HeapRb, traits::Split as _};
use tokio::sync::mpsc;

use super::counting::allocator_calls;
use crate::{
    Pace, SessionClock,
    media::{Ears, Fact, Frames, Heard, Listener, Member, Shared},
};

const TICKS: u32 = 10_000;

/// A session's media plane with a far end, on one thread.
struct Stage {
    member: Member,
    frames: Frames,
    listener: Listener,
    sender: PlayoutSender,
    control: PlayoutControl,
    peer: MemoryPeer,
    facts: mpsc::Receiver<Box<Fact>>,
    audio: mpsc::Receiver<Heard>,
    generation: u32,
}

impl Stage {
    fn new(format: AudioFormat, wrap: impl FnOnce(Link) -> Link) -> Self {
        let (mut transport, peer) = MemoryTransport::pair(format, 500);
        let link = wrap(transport.open().unwrap());
        let config = PlayoutConfig { rate_hz: format.rate_hz, ..PlayoutConfig::default() };
        let (sender, control, source, playout_events) = playout(config);
        let (capture_in, capture) = HeapRb::new(SPEECH_RATE_HZ as usize / 5).split();
        let (facts_in, facts) = mpsc::channel(128);
        let (audio_in, audio) = mpsc::channel(50);
        let shared = Arc::new(Shared::default());
        let vad = EnergyVad::new();
        let listener = Listener {
            ears: Ears {
                blocks: Blocks::new(vad.frame_len()),
                vad: Box::new(vad),
                gate: SpeechGate::new(GateConfig::default(), SPEECH_RATE_HZ).unwrap(),
            },
            capture,
            playout_events,
            control: control.clone(),
            facts: facts_in,
            audio: audio_in,
            shared: shared.clone(),
            clock: SessionClock::new(Pace::RealTime),
            ticks: 0,
            reported: (Generation(0), 0),
            left: false,
        };
        let member = Member::new(link, capture_in, source, shared).unwrap();
        let mut frames = Frames::default();
        frames.fit(&member);
        Self { member, frames, listener, sender, control, peer, facts, audio, generation: 0 }
    }

    /// What other threads and the far end do between two ticks: speech, pauses, flushes, ends, a
    /// far end that falls silent and one that does not listen.
    fn between(&mut self, tick: u32) {
        let generation = Generation(self.generation);
        match tick % 100 {
            0..50 if tick.is_multiple_of(3) => {
                drop(self.sender.try_push(generation, vec![7; 1000]));
            }
            20 | 55 => self.control.pause(),
            30 | 60 => self.control.resume(),
            70 => self.control.flush(generation),
            80 => {
                self.sender.finish(generation).unwrap();
                self.generation += 1;
            }
            _ => {}
        }
        if tick % 500 < 450 {
            // Loud for two seconds and then quiet for as long.
            let loud = 8_000 * i16::from(tick % 200 < 100);
            let tone: Vec<i16> = (0..960).map(|n| if n % 40 < 20 { loud } else { -loud }).collect();
            self.peer.send(&tone);
            while self.peer.receive(&mut [0; 960]) > 0 {}
        }
    }
}

/// Allocator calls of the tick and of the analysis in all ticks, and pieces of audio handed on.
#[derive(Default)]
struct Calls {
    tick: u64,
    analysis: u64,
    heard: u64,
    edges: u64,
}

fn run(stage: &mut Stage) -> Calls {
    let mut calls = Calls::default();
    let mut scratch = [0; SPEECH_RATE_HZ as usize / 50];
    for tick in 0..TICKS {
        stage.between(tick);
        calls.tick += allocator_calls(|| stage.member.tick(&mut stage.frames));
        calls.analysis += allocator_calls(|| stage.listener.listen(&mut scratch));
        while let Ok(fact) = stage.facts.try_recv() {
            calls.edges += u64::from(matches!(fact.event, Event::User(_)));
        }
        while stage.audio.try_recv().is_ok() {
            calls.heard += 1;
        }
    }
    calls
}

#[test]
fn a_tick_never_allocates() {
    for format in [AudioFormat::mono(8_000), AudioFormat { rate_hz: 44_100, channels: 2 }] {
        let mut stage = Stage::new(format, |link| link);
        let calls = run(&mut stage);
        assert_eq!(calls.tick, 0, "{format:?}");
        let Shared { underruns, dropped_out, .. } = &*stage.listener.shared;
        let (silent, deaf) =
            (underruns.load(Ordering::Relaxed), dropped_out.load(Ordering::Relaxed));
        assert!(silent > 0 && deaf > 0 && calls.edges > 0, "{silent} {deaf} {}", calls.edges);
    }
}

#[test]
fn a_recorded_tick_never_allocates() {
    let dir = tempfile::tempdir().unwrap();
    let mut recorder = None;
    let mut stage = Stage::new(AudioFormat::mono(24_000), |link| {
        let (link, r) = Recorder::attach(link, &dir.path().join("call.wav")).unwrap();
        recorder = Some(r);
        link
    });
    assert_eq!(run(&mut stage).tick, 0);
}

#[test]
fn the_tick_of_a_file_never_allocates() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("caller.wav");
    let mut wav = WavWriter::create(&path, AudioFormat::mono(8_000)).unwrap();
    wav.write(&[500; 80_000]).unwrap();
    wav.finish().unwrap();
    let mut stage = Stage::new(AudioFormat::mono(24_000), |_| {
        WavTransport::open_file(&path, 24_000).unwrap().open().unwrap()
    });
    assert_eq!(run(&mut stage).tick, 0);
}

#[test]
fn the_analysis_allocates_what_it_hands_on() {
    let mut stage = Stage::new(AudioFormat::mono(16_000), |link| link);
    let calls = run(&mut stage);
    assert_eq!(calls.tick, 0);
    // A piece of audio is one block, and the channels take one for every 32 facts or pieces.
    // An edge is noted in a list, which is freed again.
    let most = calls.heard + calls.heard / 4 + 8 * calls.edges;
    assert!(calls.heard >= u64::from(TICKS) && calls.analysis <= most, "{}", calls.analysis);
}
