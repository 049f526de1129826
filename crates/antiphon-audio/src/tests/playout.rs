//! Tests of the playout queue: its promises one by one, and any order of calls against a model.

mod model;
mod threads;

use antiphon_core::Generation;

use crate::{
    PlayoutConfig, PlayoutControl, PlayoutEvent, PlayoutEvents, PlayoutSender, PlayoutSource,
    playout,
};

const G0: Generation = Generation(0);
const G1: Generation = Generation(1);
const G2: Generation = Generation(2);

const CONFIG: PlayoutConfig =
    PlayoutConfig { rate_hz: 1000, max_queued_ms: 100, max_chunks: 8, fade: 0 };

/// All four ends in one place.
struct Queue {
    sender: PlayoutSender,
    control: PlayoutControl,
    source: PlayoutSource,
    events: PlayoutEvents,
}

impl Queue {
    fn new(config: PlayoutConfig) -> Self {
        let (sender, control, source, events) = playout(config);
        Self { sender, control, source, events }
    }

    /// Speech of the next frame of `n` samples.
    fn fill(&mut self, n: usize) -> Vec<i16> {
        let mut frame = vec![-1; n];
        let speech = self.source.fill(&mut frame);
        assert!(frame[speech..].iter().all(|s| *s == 0));
        frame.truncate(speech);
        frame
    }

    fn events(&mut self) -> Vec<PlayoutEvent> {
        std::iter::from_fn(|| self.events.pop()).collect()
    }
}

fn started(generation: Generation) -> PlayoutEvent {
    PlayoutEvent::Started { generation }
}

fn drained(generation: Generation, played: u64) -> PlayoutEvent {
    PlayoutEvent::Drained { generation, played }
}

fn flushed(generation: Generation, played: u64) -> PlayoutEvent {
    PlayoutEvent::Flushed { generation, played }
}

fn starved(generation: Generation, played: u64) -> PlayoutEvent {
    PlayoutEvent::Starved { generation, played }
}

#[test]
fn a_speech_is_started_played_and_drained() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1, 2, 3]).unwrap();
    q.sender.finish(G0).unwrap();
    assert_eq!(q.fill(2), [1, 2]);
    assert_eq!((q.control.queued_samples(), q.control.position().played), (1, 2));
    assert_eq!(q.fill(2), [3]);
    assert_eq!(q.events(), [started(G0), drained(G0, 3)]);
}

#[test]
fn the_end_is_told_with_the_frame_that_holds_the_last_sample() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 10]).unwrap();
    q.sender.finish(G0).unwrap();
    assert_eq!(q.fill(10).len(), 10);
    assert_eq!(q.events(), [started(G0), drained(G0, 10)]);
    assert_eq!(q.fill(10).len(), 0);
    assert_eq!(q.events(), [], "nothing is missing after the end");
}

#[test]
fn a_pause_loses_nothing_and_a_flush_leaves_nothing() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, (1..=10).collect()).unwrap();
    assert_eq!(q.fill(4), [1, 2, 3, 4]);
    q.control.pause();
    assert!(q.fill(4).is_empty());
    q.control.resume();
    assert_eq!(q.fill(2), [5, 6]);
    q.control.flush(G0);
    q.sender.try_push(G0, vec![99]).unwrap();
    q.sender.try_push(G1, vec![50, 51]).unwrap();
    assert_eq!(q.fill(4), [50, 51]);
    let paused = PlayoutEvent::Paused { generation: G0, played: 4 };
    let resumed = PlayoutEvent::Resumed { generation: G0 };
    let rest = [flushed(G0, 6), started(G1), starved(G1, 2)];
    assert_eq!(q.events(), [[started(G0), paused, resumed], rest].concat());
    assert_eq!(q.control.queued_samples(), 0);
}

#[test]
fn a_flush_makes_room_while_playout_holds() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 100]).unwrap();
    q.fill(1);
    q.control.pause();
    q.control.flush(G0);
    assert_eq!(q.sender.try_push(G1, vec![2; 2]), Err(vec![2; 2]));
    assert!(q.fill(1).is_empty());
    q.sender.try_push(G1, vec![2; 2]).unwrap();
    assert_eq!(q.control.queued_samples(), 2);
}

#[test]
fn a_full_queue_gives_the_audio_back() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 100]).unwrap();
    assert_eq!(q.sender.try_push(G0, vec![2; 10]), Err(vec![2; 10]));
    q.fill(10);
    q.sender.try_push(G0, vec![2; 10]).unwrap();
}

#[test]
fn slots_run_out_before_time_if_chunks_are_short() {
    let mut q = Queue::new(CONFIG);
    for n in 0..8 {
        assert_eq!(q.sender.try_push(G0, vec![n]), Ok(()));
    }
    assert_eq!(q.sender.try_push(G0, vec![8]), Err(vec![8]));
    q.sender.finish(G0).unwrap();
    assert_eq!(q.sender.finish(G1), Err(crate::Full), "only one finish has a reserved slot");
    assert_eq!(q.fill(100).len(), 8);
}

#[test]
fn a_chunk_longer_than_the_queue_is_taken_alone() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 500]).unwrap();
    assert!(q.sender.try_push(G0, vec![1]).is_err());
    assert_eq!(q.fill(600).len(), 500);
}

#[test]
fn every_flush_is_answered_once_whatever_became_of_the_generation() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 5]).unwrap();
    q.sender.finish(G0).unwrap();
    q.fill(10);
    assert_eq!(q.events(), [started(G0), drained(G0, 5)]);
    q.control.flush(G0);
    q.control.flush(G2);
    q.control.flush(G0);
    q.fill(10);
    assert_eq!(q.events(), [flushed(G0, 5), flushed(G2, 0), flushed(G0, 5)]);
    q.fill(10);
    assert_eq!(q.events(), []);
}

#[test]
fn a_flood_of_flushes_is_counted_and_later_ones_are_answered() {
    let mut q = Queue::new(CONFIG);
    for _ in 0..40 {
        q.control.flush(G0);
    }
    q.fill(1);
    assert_eq!((q.events().len(), q.events.lost()), (16, 24));
    q.control.flush(G1);
    q.fill(1);
    assert_eq!(q.events(), [flushed(G1, 0)]);
}

#[test]
fn a_newer_generation_finishes_the_older() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![1; 3]).unwrap();
    q.sender.try_push(G1, vec![2; 3]).unwrap();
    q.sender.try_push(G0, vec![3; 3]).unwrap();
    q.sender.finish(G0).unwrap();
    assert_eq!(q.fill(6), [1, 1, 1, 2, 2, 2]);
    assert_eq!(q.events(), [started(G0), drained(G0, 3), started(G1)]);
}

#[test]
fn an_empty_speech_is_drained() {
    let mut q = Queue::new(CONFIG);
    q.sender.try_push(G0, vec![]).unwrap();
    q.sender.finish(G0).unwrap();
    q.fill(1);
    assert_eq!(q.events(), [drained(G0, 0)]);
}

#[test]
fn the_last_generation_of_all_can_be_flushed() {
    let mut q = Queue::new(CONFIG);
    let last = Generation(u32::MAX);
    q.sender.try_push(last, vec![1; 3]).unwrap();
    q.fill(1);
    q.control.flush(last);
    assert!(q.fill(3).is_empty());
    assert_eq!(q.events(), [started(last), flushed(last, 1)]);
}

#[test]
fn reports_nobody_takes_are_counted() {
    let mut q = Queue::new(CONFIG);
    for n in 0..20 {
        q.sender.try_push(Generation(n), vec![1]).unwrap();
        q.sender.finish(Generation(n)).unwrap();
        q.fill(1);
    }
    assert_eq!((q.events.lost(), q.events().len()), (8, 32));
}

#[test]
fn a_pause_fades_and_comes_back_without_losing_a_sample() {
    let mut q = Queue::new(PlayoutConfig { fade: 4, ..CONFIG });
    q.sender.try_push(G0, vec![100; 20]).unwrap();
    q.sender.finish(G0).unwrap();
    assert_eq!(q.fill(3), [100; 3]);
    q.control.pause();
    // Over two frames, and silent after them.
    assert_eq!(q.fill(3), [75, 50, 25]);
    assert_eq!(q.events(), [started(G0)]);
    assert_eq!(q.fill(3), [0]);
    assert_eq!(q.fill(3), [0; 0]);
    let at = PlayoutEvent::Paused { generation: G0, played: 7 };
    assert_eq!(q.events(), [at]);
    q.control.resume();
    assert_eq!(q.fill(6), [0, 25, 50, 75, 100, 100]);
    assert_eq!(q.fill(20), [100; 7]);
    assert_eq!(q.events(), [PlayoutEvent::Resumed { generation: G0 }, drained(G0, 20)]);
}

#[test]
fn a_flush_is_not_faded_and_what_follows_begins_loud() {
    let mut q = Queue::new(PlayoutConfig { fade: 4, ..CONFIG });
    q.sender.try_push(G0, vec![100; 20]).unwrap();
    assert_eq!(q.fill(3), [100; 3]);
    q.control.pause();
    assert_eq!(q.fill(2), [75, 50]);
    q.control.flush(G0);
    assert_eq!(q.fill(2), [0; 0]);
    q.control.resume();
    q.sender.try_push(G1, vec![80; 2]).unwrap();
    assert_eq!(q.fill(2), [80, 80]);
}

#[test]
fn a_resume_in_the_middle_of_a_fade_comes_back_from_there() {
    let mut q = Queue::new(PlayoutConfig { fade: 4, ..CONFIG });
    q.sender.try_push(G0, vec![100; 20]).unwrap();
    assert_eq!(q.fill(1), [100]);
    q.control.pause();
    assert_eq!(q.fill(2), [75, 50]);
    q.control.resume();
    assert_eq!(q.fill(4), [50, 75, 100, 100]);
    assert_eq!(q.events(), [started(G0)]);
}
