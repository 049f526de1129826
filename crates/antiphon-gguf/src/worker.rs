//! The thread that computes: generations take turns, a token or a stretch of a context at a time.
//!
//! It deliberately checks no request; whoever submits a job has. A generation whose listener is
//! gone ends before its next step, and contexts are prepared only while nobody waits for a reply.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, mpsc::Receiver},
};

use antiphon_llm::{FinishReason, LlmEvent, Usage};
use tokio::sync::mpsc::Sender;

use crate::{
    cache::Cache,
    forward::{Decoder, Scratch},
    options::GgufOptions,
    prefixes::Prefixes,
    sample::Sampler,
    tokenizer::{Detokenizer, Vocabulary},
};

/// Tokens of a context that are read in one step, about 40 ms for SmolLM2-135M: the delay of a
/// cancellation, and of other generations.
const STRETCH: usize = 32;

/// What to compute.
#[derive(Debug)]
pub(crate) struct Job {
    /// The tokens to read, at least one.
    pub(crate) context: Vec<u32>,
    /// `None` if reading is all.
    pub(crate) reply: Option<Reply>,
    /// Where events go: room for all of them. Closed by the listener to cancel.
    pub(crate) events: Sender<LlmEvent>,
}

/// What to say after the context.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) max_tokens: usize,
    pub(crate) sampler: Sampler,
    /// Tokens that it may not begin with.
    pub(crate) barred: Arc<[u32]>,
}

/// Everything the thread owns.
#[derive(Debug)]
pub(crate) struct Worker {
    decoder: Decoder,
    vocabulary: Arc<Vocabulary>,
    prefixes: Prefixes,
    scratch: Scratch,
    most_active: usize,
    most_prepared: usize,
}

/// A generation under way.
struct Generation {
    job: Job,
    cache: Cache,
    /// Tokens of the context that another generation had read.
    cached: usize,
    said: Vec<u32>,
    text: Detokenizer,
}

impl Generation {
    /// Whether somebody waits for a reply.
    const fn is_awaited(&self) -> bool {
        self.job.reply.is_some()
    }
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Continues,
    /// All is read, and there is nothing to say.
    Read,
    Finished(FinishReason),
}

impl Worker {
    /// A worker with nothing to do yet.
    pub(crate) fn new(
        decoder: Decoder,
        vocabulary: Arc<Vocabulary>,
        options: &GgufOptions,
    ) -> Self {
        let prefixes = Prefixes::new(options.cached_contexts);
        let scratch = Scratch::default();
        let (most_active, most_prepared) = (options.active, options.cached_contexts);
        Self { decoder, vocabulary, prefixes, scratch, most_active, most_prepared }
    }

    /// Works until `inbox` is closed and empty.
    pub(crate) fn run(mut self, inbox: &Receiver<Job>) {
        let mut active: VecDeque<Generation> = VecDeque::new();
        loop {
            if active.is_empty() {
                let Ok(job) = inbox.recv() else { return };
                active.push_back(self.begin(job));
            }
            self.take_in(&mut active, inbox);
            let reply = active.iter().position(Generation::is_awaited);
            if let Some(generation) = active.remove(reply.unwrap_or(0)) {
                active.extend(self.turn(generation));
            }
        }
    }

    /// Lets go of what was cancelled, so that what begins finds its cache, then begins what there
    /// is room for. Contexts beyond those that are kept are not prepared: they would push out one
    /// another.
    fn take_in(&mut self, active: &mut VecDeque<Generation>, inbox: &Receiver<Job>) {
        for generation in mem::take(active) {
            if generation.job.events.is_closed() {
                self.prefixes.keep(generation.cache);
            } else {
                active.push_back(generation);
            }
        }
        let mut replies = active.iter().filter(|g| g.is_awaited()).count();
        while replies < self.most_active
            && let Ok(job) = inbox.try_recv()
        {
            let awaited = job.reply.is_some();
            if awaited || active.len() - replies < self.most_prepared {
                active.push_back(self.begin(job));
                replies += usize::from(awaited);
            }
        }
    }

    fn begin(&mut self, job: Job) -> Generation {
        let cache = self.prefixes.longest(&job.context);
        let cache = cache.unwrap_or_else(|| Cache::new(&self.decoder.config));
        let cached = cache.len();
        Generation { job, cache, cached, said: Vec::new(), text: Detokenizer::default() }
    }

    /// One step of a generation; gives it back unless it is over.
    fn turn(&mut self, mut generation: Generation) -> Option<Generation> {
        let cancelled = generation.job.events.is_closed();
        let step = if cancelled { Step::Read } else { self.step(&mut generation) };
        if step == Step::Continues {
            return Some(generation);
        }
        // Kept before anybody hears of the end: the next request finds it.
        self.prefixes.keep(generation.cache);
        if let Step::Finished(finish) = step {
            let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
            let usage = Usage {
                input_tokens: count(generation.job.context.len()),
                cached_tokens: count(generation.cached),
                output_tokens: count(generation.said.len()),
            };
            // There is room; a listener who has just gone needs no end.
            let _ = generation.job.events.try_send(LlmEvent::Done { finish, usage });
        }
        None
    }

    fn step(&mut self, g: &mut Generation) -> Step {
        let unread = g.job.context.get(g.cache.len()..).unwrap_or_default();
        if let Some(stretch) = unread.chunks(STRETCH).next() {
            self.decoder.forward(stretch, &mut g.cache, &mut self.scratch);
            if unread.len() > stretch.len() {
                return Step::Continues;
            }
        } else if let Some(last) = g.said.last() {
            self.decoder.forward(&[*last], &mut g.cache, &mut self.scratch);
        }
        match &mut g.job.reply {
            None => Step::Read,
            Some(reply) if g.said.len() >= reply.max_tokens => Step::Finished(FinishReason::Length),
            Some(reply) => {
                let logits = self.decoder.logits(&mut self.scratch);
                for barred in reply.barred.iter().filter(|_| g.said.is_empty()) {
                    if let Some(logit) = logits.get_mut(*barred as usize) {
                        *logit = f32::NEG_INFINITY;
                    }
                }
                let token = reply.sampler.choose(logits, &g.said);
                let most = reply.max_tokens;
                self.say(g, token, most)
            }
        }
    }

    fn say(&self, g: &mut Generation, token: u32, most: usize) -> Step {
        if self.vocabulary.is_control(token) {
            return Step::Finished(FinishReason::Stop);
        }
        g.said.push(token);
        let text = g.text.push(&self.vocabulary, token);
        if !text.is_empty() {
            // There is room; if the listener has gone, the next turn ends the generation.
            let _ = g.job.events.try_send(LlmEvent::Delta { text });
        }
        if g.said.len() < most { Step::Continues } else { Step::Finished(FinishReason::Length) }
    }
}

#[cfg(test)]
mod tests;
