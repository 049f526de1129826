//! What a media tick calls neither allocates nor frees.

mod counting;

use antiphon_audio::{JitterBuffer, JitterConfig, PlayoutConfig, PlayoutEvent, Pulled, playout};
use antiphon_core::{AudioFormat, Generation};
use counting::allocator_calls;

/// Samples of a frame: 20 ms at 24 kHz.
const FRAME: usize = 480;

#[test]
fn filling_frames_never_allocates_whatever_playout_does() {
    let (mut sender, control, mut source, mut events) = playout(PlayoutConfig::default());
    let (mut frame, mut calls, mut generation) = ([0; FRAME], 0, 0);
    // Started, paused, resumed, flushed, drained, starved.
    let mut seen = [0; 6];
    for tick in 0..10_000u32 {
        // Other threads do this; what they allocate and free does not count.
        match tick % 100 {
            0..50 if tick % 3 == 0 => drop(sender.try_push(Generation(generation), vec![7; 1000])),
            20 | 55 => control.pause(),
            30 | 60 => control.resume(),
            70 if tick % 200 < 100 => control.flush(Generation(generation)),
            80 => {
                sender.finish(Generation(generation)).unwrap();
                generation += 1;
            }
            _ => {}
        }
        calls += allocator_calls(|| {
            source.fill(&mut frame);
        });
        while let Some(event) = events.pop() {
            seen[kind(event)] += 1;
        }
    }
    assert_eq!(calls, 0);
    assert!(seen.iter().all(|n| *n >= 50), "not everything happened: {seen:?}");
}

fn kind(event: PlayoutEvent) -> usize {
    match event {
        PlayoutEvent::Started { .. } => 0,
        PlayoutEvent::Paused { .. } => 1,
        PlayoutEvent::Resumed { .. } => 2,
        PlayoutEvent::Flushed { .. } => 3,
        PlayoutEvent::Drained { .. } => 4,
        PlayoutEvent::Starved { .. } => 5,
    }
}

#[test]
fn a_jitter_buffer_never_allocates_whatever_the_network_does() {
    let config = JitterConfig::new(AudioFormat::mono(24_000), 20);
    let mut buffer = JitterBuffer::new(config).unwrap();
    let (mut sequence, mut seen) = (65_000u16, [0u32; 3]);
    let calls = allocator_calls(|| {
        for tick in 0..10_000u32 {
            // A burst, a loss, a stall, a repetition, and a sender that begins anew.
            let (sent, arrive) = match tick % 50 {
                0 => (20, 20),
                10 | 11 => (1, 0),
                20..30 => (0, 0),
                40 => (1, 2),
                45 if tick % 500 == 45 => (30_000, 3),
                _ => (1, 1),
            };
            sequence = sequence.wrapping_add(sent);
            for n in (0..arrive).rev() {
                buffer.push(sequence.wrapping_sub(n % sent.max(1)), &[1; FRAME]);
            }
            match buffer.pull() {
                Pulled::Frame { .. } => seen[0] += 1,
                Pulled::Lost { .. } => seen[1] += 1,
                Pulled::Empty => seen[2] += 1,
            }
        }
    });
    assert_eq!(calls, 0);
    let stats = buffer.stats();
    assert!(seen.iter().all(|n| *n > 100) && stats.dropped > 100, "{seen:?} {stats:?}");
    assert!(stats.duplicates > 100 && stats.refused > 0, "{stats:?}");
}
