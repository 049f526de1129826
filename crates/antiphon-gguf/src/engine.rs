//! The model as an [`Llm`]: one inference thread, generations in turn by token.

use std::{
    collections::VecDeque,
    fmt,
    path::Path,
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread,
};

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_llm::{FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Usage};
use async_trait::async_trait;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::{
    cache::Cache,
    chat,
    file::{Source, Weights},
    forward::{Scratch, forward},
    prefixes::Prefixes,
    sample::Sampler,
    tokenizer::{Detokeniser, Tokens},
};

/// Generations that may wait or run at once.
const WAITING: usize = 16;

/// Tokens of the prompt read before looking whether the generation is still wanted.
const PREFILL_CHUNK: usize = 64;

/// How a model is run.
#[derive(Clone, Debug)]
pub struct GgufOptions {
    /// Tokens of context used at most; the model's own limit if that is smaller.
    pub context_tokens: usize,
    /// Tokens of a reply if the request does not say.
    pub max_tokens: u32,
    /// Temperature if the request does not say; 0.0 always chooses the likeliest token.
    pub temperature: f32,
    /// Likelihood of repeated tokens is divided by this. 1.1 keeps small models from circling.
    pub repetition_penalty: f32,
    /// Seed of the draw; the same seed, request and model give the same reply.
    pub seed: u64,
}

impl Default for GgufOptions {
    fn default() -> Self {
        Self {
            context_tokens: 4096,
            max_tokens: 160,
            temperature: 0.0,
            repetition_penalty: 1.1,
            seed: 42,
        }
    }
}

/// A loaded model. Clones share it.
#[derive(Clone)]
pub struct Gguf {
    jobs: SyncSender<Job>,
    tokens: Arc<Tokens>,
    name: String,
    context: usize,
    options: GgufOptions,
}

impl fmt::Debug for Gguf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gguf").field("name", &self.name).finish_non_exhaustive()
    }
}

struct Job {
    prompt: Vec<u32>,
    max_tokens: usize,
    sampler: Sampler,
    out: mpsc::Sender<Result<LlmEvent>>,
}

impl Gguf {
    /// Loads a model and starts its thread.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it is damaged, `invalid_input` if it is
    /// a model of another kind, `unavailable` if no thread can be started.
    pub fn load(path: &Path, options: GgufOptions) -> Result<Self> {
        let mut source = Source::open(path)?;
        let tokens = Arc::new(Tokens::read(&source)?);
        if !chat::is_chatml(source.string("tokenizer.chat_template")?) {
            return Err(source.error("its chat template is not ChatML"));
        }
        let weights = source.weights()?;
        let name = path.file_stem().map(|s| s.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| weights.shape.name.clone());
        let context = options.context_tokens.min(weights.shape.context);
        let (jobs, inbox) = sync_channel(WAITING);
        let worker = Worker {
            weights,
            tokens: tokens.clone(),
            prefixes: Prefixes::default(),
            scratch: Scratch::default(),
        };
        thread::Builder::new()
            .name("antiphon-llm".to_owned())
            .spawn(move || worker.run(&inbox))
            .map_err(|e| Error::new("llm.load", Code::Unavailable, format!("no thread: {e}")))?;
        Ok(Self { jobs, tokens, name, context, options })
    }

    /// Tokens of a text, for budgeting.
    ///
    /// # Errors
    /// `invalid_input` if the tokenizer cannot take it.
    pub fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(self.tokens.encode(text)?.len())
    }

    fn start(&self, request: &LlmRequest, reply: bool) -> Result<mpsc::Receiver<Result<LlmEvent>>> {
        let bad = |what: String| Error::new("llm.generate", Code::InvalidInput, what);
        if request.messages.is_empty() {
            return Err(bad("the request has no message".to_owned()));
        }
        let prompt = self.tokens.encode(&chat::prompt(&request.messages, reply))?;
        let wanted = request.max_tokens.unwrap_or(self.options.max_tokens) as usize;
        let room = self.context.saturating_sub(prompt.len());
        if room == 0 {
            let what = format!("{} tokens do not fit a context of {}", prompt.len(), self.context);
            return Err(bad(what).with_help("shorten the history or the instructions"));
        }
        let max_tokens = if reply { wanted.min(room) } else { 0 };
        let temperature = request.temperature.unwrap_or(self.options.temperature);
        let penalty = self.options.repetition_penalty;
        let sampler = Sampler::new(temperature, penalty, self.options.seed)?;
        // Room for every event of the generation: the thread never waits for a listener.
        let (out, events) = mpsc::channel(max_tokens + 2);
        self.jobs.try_send(Job { prompt, max_tokens, sampler, out }).map_err(|e| {
            let what = match e {
                TrySendError::Full(_) => "too many generations wait for the model",
                TrySendError::Disconnected(_) => "the model's thread is gone",
            };
            Error::new("llm.generate", Code::Unavailable, what)
        })?;
        Ok(events)
    }
}

#[async_trait]
impl Llm for Gguf {
    fn capabilities(&self) -> LlmCapabilities {
        LlmCapabilities { model: self.name.clone(), context_tokens: self.context, tools: false }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let events = self.start(&request, true)?;
        Ok(Box::pin(stream::unfold(events, |mut e| async move { Some((e.recv().await?, e)) })))
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        let mut events = self.start(&request, false)?;
        while let Some(event) = events.recv().await {
            event?;
        }
        Ok(())
    }
}

struct Worker {
    weights: Weights,
    tokens: Arc<Tokens>,
    prefixes: Prefixes,
    scratch: Scratch,
}

/// A generation in progress.
struct Active {
    job: Job,
    cache: Cache,
    cached: usize,
    logits: Vec<f32>,
    generated: Vec<u32>,
    text: Detokeniser,
}

impl Worker {
    fn run(mut self, inbox: &Receiver<Job>) {
        let mut active: VecDeque<Active> = VecDeque::new();
        loop {
            let next = match active.is_empty() {
                true => inbox.recv().map_err(|_| TryRecvError::Disconnected),
                false => inbox.try_recv(),
            };
            match next {
                Ok(job) => active.push_back(self.begin(job)),
                Err(TryRecvError::Disconnected) if active.is_empty() => return,
                Err(TryRecvError::Disconnected | TryRecvError::Empty) => {}
            }
            let Some(mut generation) = active.pop_front() else { continue };
            if !generation.job.out.is_closed() && self.step(&mut generation) {
                active.push_back(generation);
            } else {
                self.prefixes.keep(generation.cache);
            }
        }
    }

    fn begin(&self, job: Job) -> Active {
        let shape = &self.weights.shape;
        let empty = || Cache::new(shape.layers, shape.kv_heads * shape.head);
        let cache = self.prefixes.take(&job.prompt, empty);
        let (cached, text) = (cache.len(), Detokeniser::default());
        Active { job, cache, cached, logits: Vec::new(), generated: Vec::new(), text }
    }

    /// A chunk of the prompt, or one token. Returns whether the generation goes on.
    fn step(&mut self, g: &mut Active) -> bool {
        let unread = g.job.prompt.get(g.cache.len()..).unwrap_or_default();
        if let Some(chunk) = unread.chunks(PREFILL_CHUNK).next().filter(|_| g.generated.is_empty())
        {
            g.logits = forward(&self.weights, &mut g.cache, chunk, &mut self.scratch);
            return true;
        }
        if g.job.max_tokens == 0 {
            return false;
        }
        let token = g.job.sampler.choose(std::mem::take(&mut g.logits), &g.generated);
        if self.tokens.is_end(token) {
            return done(g, FinishReason::Stop);
        }
        g.generated.push(token);
        let text = g.text.push(&self.tokens, token);
        // The channel has room for every event; if it is closed, the next step ends it.
        if !text.is_empty() {
            let _ = g.job.out.try_send(Ok(LlmEvent::Delta { text }));
        }
        if g.generated.len() >= g.job.max_tokens {
            return done(g, FinishReason::Length);
        }
        g.logits = forward(&self.weights, &mut g.cache, &[token], &mut self.scratch);
        true
    }
}

fn done(g: &Active, finish: FinishReason) -> bool {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let usage = Usage {
        input_tokens: number(g.job.prompt.len()),
        cached_tokens: number(g.cached),
        output_tokens: number(g.generated.len()),
    };
    let _ = g.job.out.try_send(Ok(LlmEvent::Done { finish, usage }));
    false
}
