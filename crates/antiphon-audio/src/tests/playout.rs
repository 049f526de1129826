//! Tests of the playout queue.

use antiphon_core::Generation;
use proptest::prelude::*;

use crate::{PlayoutConfig, PlayoutEvent, PlayoutSource, playout};

const G0: Generation = Generation(0);
const G1: Generation = Generation(1);

fn config() -> PlayoutConfig {
    PlayoutConfig { rate_hz: 1000, max_queued_ms: 100, max_chunks: 8 }
}

fn fill(source: &mut PlayoutSource, n: usize) -> Vec<i16> {
    let mut frame = vec![-1; n];
    let speech = source.fill(&mut frame);
    assert!(frame[speech..].iter().all(|s| *s == 0));
    frame.truncate(speech);
    frame
}

fn events(events: &mut crate::PlayoutEvents) -> Vec<PlayoutEvent> {
    std::iter::from_fn(|| events.pop()).collect()
}

#[test]
fn a_speech_is_started_played_and_drained() {
    let (mut sender, control, mut source, mut reports) = playout(config());
    sender.try_push(G0, vec![1, 2, 3]).unwrap();
    sender.finish(G0).unwrap();
    assert_eq!(fill(&mut source, 2), [1, 2]);
    assert_eq!((control.queued_samples(), control.position().played), (1, 2));
    assert_eq!(fill(&mut source, 2), [3]);
    let drained = PlayoutEvent::Drained { generation: G0, played: 3 };
    assert_eq!(events(&mut reports), [PlayoutEvent::Started { generation: G0 }, drained]);
}

#[test]
fn a_pause_loses_nothing_and_a_flush_leaves_nothing() {
    let (mut sender, control, mut source, mut reports) = playout(config());
    sender.try_push(G0, (1..=10).collect()).unwrap();
    assert_eq!(fill(&mut source, 4), [1, 2, 3, 4]);
    control.pause();
    assert_eq!(fill(&mut source, 4), Vec::<i16>::new());
    control.resume();
    assert_eq!(fill(&mut source, 2), [5, 6]);
    control.flush(G0);
    sender.try_push(G0, vec![99]).unwrap();
    sender.try_push(G1, vec![50, 51]).unwrap();
    assert_eq!(fill(&mut source, 4), [50, 51]);
    let all = events(&mut reports);
    assert!(all.contains(&PlayoutEvent::Paused { generation: G0, played: 4 }), "{all:?}");
    assert!(all.contains(&PlayoutEvent::Flushed { generation: G0, played: 6 }), "{all:?}");
    assert!(all.contains(&PlayoutEvent::Starved { generation: G1, played: 2 }), "{all:?}");
    assert_eq!(control.queued_samples(), 0);
}

#[test]
fn a_full_queue_gives_the_audio_back() {
    let (mut sender, _, mut source, _) = playout(config());
    sender.try_push(G0, vec![1; 100]).unwrap();
    assert_eq!(sender.try_push(G0, vec![2; 10]), Err(vec![2; 10]));
    fill(&mut source, 20);
    sender.try_push(G0, vec![2; 10]).unwrap();
}

#[test]
fn a_flush_of_nothing_is_answered() {
    let (_sender, control, mut source, mut reports) = playout(config());
    control.flush(Generation(3));
    fill(&mut source, 4);
    assert_eq!(
        events(&mut reports),
        [PlayoutEvent::Flushed { generation: Generation(3), played: 0 }]
    );
}

proptest! {
    /// Whatever the order of pushes, pauses, flushes and fills: samples come out in order, none
    /// twice, none of a flushed generation.
    #[test]
    fn samples_come_in_order_once(steps in prop::collection::vec(0u8..10, 1..200)) {
        let (mut sender, control, mut source, mut reports) = playout(config());
        let (mut generation, mut next) = (0u32, 0i16);
        let (mut heard, mut pending) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                0..4 => {
                    let chunk: Vec<i16> = (next..next + 7).collect();
                    if sender.try_push(Generation(generation), chunk.clone()).is_ok() {
                        pending.extend(chunk);
                        next += 7;
                    }
                }
                4 => control.pause(),
                5 => control.resume(),
                6 => {
                    control.flush(Generation(generation));
                    generation += 1;
                    pending.clear();
                }
                _ => {
                    let got = fill(&mut source, 5);
                    prop_assert_eq!(&got[..], &pending[..got.len()]);
                    pending.drain(..got.len());
                    heard.extend(got);
                }
            }
            events(&mut reports);
        }
        prop_assert!(heard.is_sorted());
    }
}
