//! The conformance kit passes an engine that keeps the rules, and notices every broken one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use antiphon_core::{BoxStream, Code, Error, Result};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

use crate::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest, conformance};

/// Loud samples that make a word of this engine.
const WORD: usize = 50;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    KnowsEveryLanguage,
    ForgetsFlushes,
    AnswersTwice,
    AnswersFirst,
    ForgetsTheEnd,
    ForgetsWhatWasSaid,
    HearsSilence,
    AddsSpaces,
    Shrinks,
    SkipsSegments,
    CountsFrames,
    Fails,
    NeverEndsATurn,
    EndsATurnTooSoon,
    TellsUnasked,
}

/// Says a word for every so many loud samples. A step is a frame.
struct Counter {
    fault: Fault,
    /// Ends a turn after a second of silence.
    turns: bool,
    works_on: bool,
    steps: Arc<AtomicU64>,
    /// Work nobody wants any more, but that comes before any other.
    queue: Arc<AtomicU64>,
}

/// Work on one transcription. What is left when it is dropped stays in the queue.
struct Work {
    steps: Arc<AtomicU64>,
    queue: Arc<AtomicU64>,
    left: u64,
}

impl Work {
    fn step(&mut self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.left = self.left.saturating_sub(1);
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.queue.fetch_add(self.left, Ordering::Relaxed);
    }
}

impl Counter {
    fn new(fault: Fault) -> Self {
        Self { fault, turns: true, works_on: false, steps: Arc::default(), queue: Arc::default() }
    }
}

#[derive(Default)]
struct Heard {
    loud: usize,
    shown: usize,
    turns: bool,
    /// Silent samples since a loud one.
    silent: usize,
}

impl Heard {
    fn text(&self, fault: Fault) -> String {
        let text = vec!["word"; self.loud / WORD].join(" ");
        if fault == Fault::AddsSpaces && !text.is_empty() { format!("{text} ") } else { text }
    }

    /// How long it was silent before this.
    fn listen(&mut self, audio: &[i16]) -> usize {
        let before = self.silent;
        let loud = audio.iter().any(|s| *s != 0);
        self.silent = if loud { 0 } else { before + audio.len() };
        before
    }

    fn ends_turn(&self, fault: Fault, before: usize) -> bool {
        let tells = self.turns && fault != Fault::NeverEndsATurn && self.loud >= WORD;
        let after = if fault == Fault::EndsATurnTooSoon { 1 } else { 1_000 };
        tells && before < after && self.silent >= after
    }

    fn hear(&mut self, fault: Fault, input: Option<SttInput>) -> Vec<Result<SttEvent>> {
        let segment = if fault == Fault::SkipsSegments { 2 } else { 0 };
        let fin = |text| SttEvent::Final { segment, text };
        let events = match input {
            Some(SttInput::Audio(audio)) => {
                let counts = |s: &&i16| **s != 0 || fault == Fault::HearsSilence;
                let extra = usize::from(fault == Fault::CountsFrames) * WORD;
                self.loud += audio.iter().filter(counts).count() + extra;
                let before = self.listen(&audio);
                let words = self.loud / WORD;
                if self.ends_turn(fault, before) {
                    let events = [fin(self.text(fault)), SttEvent::EndOfTurn];
                    let from = usize::from(fault == Fault::EndsATurnTooSoon);
                    return events.into_iter().skip(from).map(Ok).collect();
                }
                let shrinks = fault == Fault::Shrinks && words == 3;
                if words > self.shown || shrinks {
                    self.shown = words;
                    let text = if shrinks { "word".to_owned() } else { self.text(fault) };
                    vec![SttEvent::Interim { segment, text }]
                } else {
                    vec![]
                }
            }
            Some(SttInput::Flush { marker }) => {
                let text = fin(self.text(fault));
                if fault == Fault::ForgetsWhatWasSaid {
                    *self = Self { turns: self.turns, ..Self::default() };
                }
                let flushed = SttEvent::Flushed { marker };
                if fault == Fault::ForgetsFlushes {
                    vec![text]
                } else if fault == Fault::AnswersTwice {
                    vec![text, flushed.clone(), flushed]
                } else if fault == Fault::AnswersFirst {
                    vec![flushed, text]
                } else {
                    vec![text, flushed]
                }
            }
            None if fault == Fault::ForgetsTheEnd => vec![],
            None => vec![fin(self.text(fault))],
        };
        let fails = fault == Fault::Fails && self.loud > 0;
        let failure = fails.then(|| Err(Error::new("stt.transcribe", Code::Internal, "broken")));
        events.into_iter().map(Ok).chain(failure).collect()
    }
}

#[async_trait]
impl Stt for Counter {
    fn capabilities(&self) -> SttCapabilities {
        SttCapabilities {
            rate_hz: 1_000,
            interim: true,
            end_of_turn: self.turns && self.fault != Fault::TellsUnasked,
            languages: vec!["en".into()],
        }
    }

    async fn transcribe(
        &self,
        request: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        let known = request.language.is_none_or(|l| l == "en");
        if !known && self.fault != Fault::KnowsEveryLanguage {
            return Err(Error::new("stt.transcribe", Code::InvalidInput, "not English"));
        }
        let audio: Vec<SttInput> = audio.collect().await;
        let (steps, queue) = (self.steps.clone(), self.queue.clone());
        steps.fetch_add(queue.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        let left = if self.works_on { audio.len() } else { 0 };
        let mut work = Work { steps, queue, left: left as u64 };
        let audio = stream::iter(audio).inspect(move |_| work.step());
        let (fault, mut heard) = (self.fault, Heard { turns: self.turns, ..Heard::default() });
        let inputs = audio.map(Some).chain(stream::iter([None]));
        Ok(Box::pin(inputs.flat_map(move |input| stream::iter(heard.hear(fault, input)))))
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

#[test]
fn an_engine_that_keeps_the_rules_passes() {
    let engine = Counter::new(Fault::None);
    block_on(conformance::check(&engine, &[1; 800]));
    let steps = || engine.steps.load(Ordering::Relaxed);
    block_on(conformance::a_dropped_transcription_stops(&engine, &[1; 800], &steps));
    let silent = Counter { turns: false, ..Counter::new(Fault::None) };
    block_on(conformance::check(&silent, &[1; 800]));
}

#[test]
fn every_fault_is_noticed() {
    for fault in [
        Fault::KnowsEveryLanguage,
        Fault::ForgetsFlushes,
        Fault::AnswersTwice,
        Fault::AnswersFirst,
        Fault::ForgetsTheEnd,
        Fault::ForgetsWhatWasSaid,
        Fault::HearsSilence,
        Fault::AddsSpaces,
        Fault::Shrinks,
        Fault::SkipsSegments,
        Fault::CountsFrames,
        Fault::Fails,
        Fault::NeverEndsATurn,
        Fault::EndsATurnTooSoon,
        Fault::TellsUnasked,
    ] {
        let check = || block_on(conformance::check(&Counter::new(fault), &[1; 800]));
        assert!(std::panic::catch_unwind(check).is_err(), "{fault:?} passes");
    }
}

#[test]
fn work_that_goes_on_for_nobody_is_noticed() {
    let engine = Counter { works_on: true, ..Counter::new(Fault::None) };
    let steps = || engine.steps.load(Ordering::Relaxed);
    let check = || {
        block_on(conformance::a_dropped_transcription_stops(&engine, &[1; 800], &steps));
    };
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    assert!(caught.is_err(), "an engine that works on passes");
}
