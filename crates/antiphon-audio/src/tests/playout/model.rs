//! Any order of calls on one thread, against a model that is too simple to be wrong.

use std::collections::VecDeque;

use antiphon_core::Generation;
use proptest::{collection::vec, prelude::*};

use super::{Queue, drained, flushed, started, starved};
use crate::{PlayoutConfig, PlayoutEvent};

/// Room for so many samples; slots do not run out in these tests.
const ROOM: u64 = 100;

/// Generations are counted from the newest one on; a negative number is an old one.
#[derive(Clone, Debug)]
enum Call {
    Push(i32, usize),
    Finish(i32),
    Pause,
    Resume,
    Flush(i32),
    Fill(usize),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        4 => (-1..2, 0usize..40).prop_map(|(g, n)| Call::Push(g, n)),
        1 => (-1..2).prop_map(Call::Finish),
        1 => Just(Call::Pause),
        2 => Just(Call::Resume),
        1 => (-2..2).prop_map(Call::Flush),
        6 => (0usize..30).prop_map(Call::Fill),
    ]
}

/// What is queued: one sample, or the end of a generation.
#[derive(Clone, Copy)]
enum Item {
    Sample(u32, i16),
    End(u32),
}

struct Model {
    items: VecDeque<Item>,
    /// Generations from this one on may be queued.
    open: u32,
    flushed_below: u32,
    flushes: Vec<u32>,
    paused: bool,
    pause_told: bool,
    /// The generation being played, and whether it is known to starve.
    track: Option<(u32, bool)>,
    /// Samples handed out of each generation.
    played: Vec<u64>,
    events: Vec<PlayoutEvent>,
}

impl Model {
    fn new(generations: usize) -> Self {
        Self {
            items: VecDeque::new(),
            open: 0,
            flushed_below: 0,
            flushes: Vec::new(),
            paused: false,
            pause_told: false,
            track: None,
            played: vec![0; generations],
            events: Vec::new(),
        }
    }

    fn queued(&self) -> u64 {
        self.items.iter().filter(|i| matches!(i, Item::Sample(..))).count() as u64
    }

    fn accepts(&self, g: u32) -> bool {
        g >= self.open && g >= self.flushed_below
    }

    fn push(&mut self, g: u32, samples: &[i16]) -> bool {
        if samples.is_empty() || !self.accepts(g) {
            return true;
        }
        if self.queued() > 0 && self.queued() + samples.len() as u64 > ROOM {
            return false;
        }
        self.items.extend(samples.iter().map(|s| Item::Sample(g, *s)));
        self.open = g;
        true
    }

    fn finish(&mut self, g: u32) {
        if self.accepts(g) {
            self.items.push_back(Item::End(g));
            self.open = g + 1;
        }
    }

    fn flush(&mut self, g: u32) {
        self.flushes.push(g);
        self.flushed_below = self.flushed_below.max(g + 1);
    }

    fn fill(&mut self, n: usize) -> Vec<i16> {
        for g in std::mem::take(&mut self.flushes) {
            self.events.push(flushed(Generation(g), self.played[g as usize]));
        }
        let below = self.flushed_below;
        self.track = self.track.filter(|(g, _)| *g >= below);
        self.items.retain(|i| matches!(i, Item::Sample(g, _) | Item::End(g) if *g >= below));
        if self.paused != self.pause_told {
            self.pause_told = self.paused;
            if let Some((g, _)) = self.track {
                let (generation, played) = (Generation(g), self.played[g as usize]);
                self.events.push(match self.paused {
                    true => PlayoutEvent::Paused { generation, played },
                    false => PlayoutEvent::Resumed { generation },
                });
            }
        }
        if self.paused { Vec::new() } else { self.play(n) }
    }

    fn play(&mut self, n: usize) -> Vec<i16> {
        let mut out = Vec::new();
        while let Some(item) = self.items.front().copied() {
            match item {
                Item::Sample(..) if out.len() == n => break,
                Item::Sample(g, sample) => {
                    self.follow(g);
                    if self.played[g as usize] == 0 {
                        self.events.push(started(Generation(g)));
                    }
                    self.played[g as usize] += 1;
                    self.track = Some((g, false));
                    out.push(sample);
                }
                Item::End(g) => {
                    self.follow(g);
                    self.events.push(drained(Generation(g), self.played[g as usize]));
                    self.track = None;
                }
            }
            self.items.pop_front();
        }
        if out.len() < n
            && let Some((g, false)) = self.track
        {
            self.track = Some((g, true));
            self.events.push(starved(Generation(g), self.played[g as usize]));
        }
        out
    }

    fn follow(&mut self, g: u32) {
        if let Some((old, _)) = self.track.filter(|(old, _)| *old != g) {
            self.events.push(drained(Generation(old), self.played[old as usize]));
        }
        self.track = Some((g, false));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn any_order_of_calls_does_what_the_model_does(calls in vec(call(), 1..150)) {
        let config = PlayoutConfig { rate_hz: 1000, max_queued_ms: ROOM as u32, max_chunks: 200, fade: 0 };
        let (mut queue, mut model) = (Queue::new(config), Model::new(calls.len() + 4));
        let (mut newest, mut next) = (2u32, 0i16);
        let mut generation = |offset: i32| {
            let g = newest.saturating_add_signed(offset);
            newest = newest.max(g);
            (Generation(g), g)
        };
        for call in calls {
            match call {
                Call::Push(offset, n) => {
                    let (generation, g) = generation(offset);
                    let samples: Vec<i16> = (next..next + n as i16).collect();
                    next += n as i16;
                    let taken = queue.sender.try_push(generation, samples.clone()).is_ok();
                    prop_assert_eq!(taken, model.push(g, &samples));
                }
                Call::Finish(offset) => {
                    let (generation, g) = generation(offset);
                    queue.sender.finish(generation).unwrap();
                    model.finish(g);
                }
                Call::Pause => {
                    queue.control.pause();
                    model.paused = true;
                }
                Call::Resume => {
                    queue.control.resume();
                    model.paused = false;
                }
                Call::Flush(offset) => {
                    let (generation, g) = generation(offset);
                    queue.control.flush(generation);
                    model.flush(g);
                }
                Call::Fill(n) => {
                    prop_assert_eq!(queue.fill(n), model.fill(n));
                    prop_assert_eq!(queue.events(), std::mem::take(&mut model.events));
                    prop_assert_eq!(queue.control.queued_samples(), model.queued());
                    let position = queue.control.position();
                    prop_assert_eq!(position.paused, model.paused);
                    let played = model.played[position.generation.0 as usize];
                    prop_assert_eq!(position.played, played);
                }
            }
        }
        prop_assert_eq!(queue.events.lost(), 0);
    }
}
