//! Who goes first, and what is left of what was cancelled.

use std::sync::mpsc::sync_channel;

use tokio::sync::mpsc::{Receiver, channel};

use super::*;
use crate::{gguf::GgufFile, tests::tiny::Tiny};

fn worker() -> Worker {
    let (_folder, path) = Tiny::new("llama").write();
    let mut file = GgufFile::open(&path).unwrap();
    let decoder = Decoder::read(&mut file).unwrap();
    let vocabulary = Arc::new(Vocabulary::read(&file).unwrap());
    Worker::new(decoder, vocabulary, &GgufOptions { cached_contexts: 2, ..Default::default() })
}

/// A job of so many tokens, to say one more or nothing.
fn job(tokens: u32, reply: bool) -> (Job, Receiver<LlmEvent>) {
    let (events, receiver) = channel(4);
    let sampler = Sampler::new(GgufOptions::default().sampling);
    let reply = reply.then_some(Reply { max_tokens: 1, sampler, barred: [].into() });
    (Job { context: (3..3 + tokens).collect(), reply, events }, receiver)
}

#[test]
fn what_a_cancelled_generation_has_read_is_there_for_the_next() {
    let mut worker = worker();
    let (warm, listener) = job(100, false);
    let warm = worker.begin(warm);
    let mut active: VecDeque<_> = worker.turn(warm).into_iter().collect();
    assert_eq!(active[0].cache.len(), STRETCH);
    drop(listener);
    let (jobs, inbox) = sync_channel(1);
    let (reply, _listener) = job(120, true);
    jobs.send(reply).unwrap();
    worker.take_in(&mut active, &inbox);
    assert_eq!(active.iter().map(|g| g.cached).collect::<Vec<_>>(), [STRETCH]);
}

#[test]
fn replies_go_before_what_is_only_prepared() {
    let (jobs, inbox) = sync_channel(8);
    let (warm, mut warmed) = job(200, false);
    let (reply, mut replied) = job(90, true);
    jobs.send(warm).unwrap();
    jobs.send(reply).unwrap();
    let mut worker = worker();
    let mut active = VecDeque::new();
    worker.take_in(&mut active, &inbox);
    // Three stretches of the reply, and none of the other.
    for _ in 0..3 {
        let next = active.iter().position(Generation::is_awaited).unwrap();
        let generation = active.remove(next).unwrap();
        active.extend(worker.turn(generation));
    }
    assert!(matches!(replied.try_recv(), Ok(LlmEvent::Delta { .. } | LlmEvent::Done { .. })));
    assert_eq!((active.len(), active[0].cache.len()), (1, 0));
    assert!(warmed.try_recv().is_err());
}

#[test]
fn preparations_take_no_place_of_a_reply_and_are_bounded() {
    let mut worker = worker();
    let (jobs, inbox) = sync_channel(8);
    let mut listeners = Vec::new();
    for reply in [false, false, false, true, true, true, true, true] {
        let (job, listener) = job(40, reply);
        jobs.send(job).unwrap();
        listeners.push(listener);
    }
    let mut active = VecDeque::new();
    worker.take_in(&mut active, &inbox);
    let awaited = active.iter().filter(|g| g.is_awaited()).count();
    assert_eq!((active.len() - awaited, awaited), (2, 4));
    // The one too many is over at once, and nobody hangs.
    assert!(listeners.remove(2).blocking_recv().is_none());
    assert!(inbox.try_recv().is_ok_and(|job| job.reply.is_some()), "the fifth waits");
}
