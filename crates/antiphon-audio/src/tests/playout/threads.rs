//! Sender, steering and tick on threads of their own.

use std::{
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    thread,
};

use antiphon_core::Generation;

use crate::{PlayoutConfig, PlayoutEvent, PlayoutSender, playout};

const GENERATIONS: u32 = 300;
const LENGTH: usize = 300;

/// A sample tells its generation and its place in it.
fn sample(generation: u32, at: usize) -> i16 {
    ((generation % 60) as usize * 500 + at + 1) as i16
}

/// What the tick has heard so far.
#[derive(Debug)]
struct Heard {
    generation: u32,
    samples: usize,
}

impl Heard {
    /// The next sample must follow, or begin a newer generation. Returns whether the one before
    /// was heard to its end.
    fn next(&mut self, heard: i16) -> bool {
        let mut complete = true;
        if heard != sample(self.generation, self.samples) {
            let newer = self.generation + 1..self.generation + 60;
            let next = newer.clone().find(|g| sample(*g, 0) == heard);
            complete = self.samples == LENGTH;
            assert!(next.is_some(), "{heard} after {self:?}");
            *self = Self { generation: next.unwrap(), samples: 0 };
        }
        self.samples += 1;
        complete
    }
}

fn send(sender: &mut PlayoutSender, g: u32) {
    for start in (0..LENGTH).step_by(50) {
        let mut chunk: Vec<i16> = (start..start + 50).map(|n| sample(g, n)).collect();
        while let Err(back) = sender.try_push(Generation(g), chunk) {
            chunk = back;
            thread::yield_now();
        }
    }
    while sender.finish(Generation(g)).is_err() {
        thread::yield_now();
    }
}

#[test]
fn no_sample_of_a_flushed_generation_and_none_lost_between_threads() {
    let config = PlayoutConfig { rate_hz: 1000, max_queued_ms: 200, max_chunks: 16, fade: 0 };
    let (mut sender, control, mut source, mut events) = playout(config);
    // Generations below this one were flushed, and the call has returned.
    let flushed = AtomicU32::new(0);
    let sending = AtomicU32::new(0);
    let done = AtomicBool::new(false);
    // A thread that has failed lets the others end.
    let steering = AtomicBool::new(true);
    let (mut answers, mut calls, mut cut) = (0, 0, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for g in 0..GENERATIONS {
                sending.store(g, Ordering::Release);
                send(&mut sender, g);
            }
            done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            let (mut heard, mut frame) = (Heard { generation: 0, samples: 0 }, [0i16; 20]);
            let mut idle = 0;
            while idle < 100 {
                let is_last = !steering.load(Ordering::Acquire);
                let floor = flushed.load(Ordering::Acquire);
                let n = source.fill(&mut frame);
                for sample in &frame[..n] {
                    cut += u32::from(!heard.next(*sample));
                    assert!(heard.generation >= floor, "{heard:?} after the flush of {floor}");
                }
                while let Some(event) = events.pop() {
                    answers += u32::from(matches!(event, PlayoutEvent::Flushed { .. }));
                }
                idle = if is_last && n == 0 { idle + 1 } else { 0 };
                thread::yield_now();
            }
        });
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                control.pause();
                thread::yield_now();
                control.resume();
                let g = sending.load(Ordering::Acquire);
                if g.is_multiple_of(3) && g >= flushed.load(Ordering::Acquire) {
                    control.flush(Generation(g));
                    flushed.store(g + 1, Ordering::Release);
                    calls += 1;
                }
                thread::yield_now();
            }
            steering.store(false, Ordering::Release);
        });
    });
    assert_eq!(answers, calls, "every flush is answered once");
    // A generation is cut by its own flush, or by that of the next.
    assert!(cut <= 2 * calls, "{cut} generations were cut by {calls} flushes");
    assert_eq!(control.queued_samples(), 0);
}
