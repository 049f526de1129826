//! The model behind the [`Llm`] port: requests are checked here and run by the worker's thread.
//!
//! It deliberately computes nothing; tokenising a request and reading calls out of the reply is all
//! that happens on the caller's thread.

use std::{
    collections::VecDeque,
    fmt,
    path::Path,
    pin::Pin,
    sync::{
        Arc,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    task::{Context, Poll},
    thread,
};

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_llm::{Llm, LlmCapabilities, LlmEvent, LlmRequest, ToolChoice};
use async_trait::async_trait;
use futures_core::Stream;
use tokio::sync::mpsc::{Receiver, channel};

use crate::{
    calls::{Calls, Ids},
    chat::Chat,
    forward::Decoder,
    gguf::{GgufFile, LOAD},
    options::{GgufOptions, temperature_is_possible},
    sample::Sampler,
    tokenizer::Vocabulary,
    turns::turns,
    worker::{Job, Reply, Worker},
};

const GENERATE: &str = "gguf.generate";

/// No vocabulary has so many bytes a token on average: longer texts are refused without counting.
const MOST_BYTES_PER_TOKEN: usize = 32;

/// A loaded model. Clones share weights, cached contexts and the one thread that computes; the
/// thread ends with the last clone.
#[derive(Clone)]
pub struct Gguf(Arc<Shared>);

struct Shared {
    jobs: SyncSender<Job>,
    vocabulary: Arc<Vocabulary>,
    chat: Chat,
    capabilities: LlmCapabilities,
    options: GgufOptions,
    ids: Ids,
    /// What begins a call, for replies that may not begin so.
    openings: Arc<[u32]>,
}

impl Gguf {
    /// Loads a model file and starts its thread. Takes a second or so; blocks.
    ///
    /// # Errors
    /// `storage` if the file cannot be read, `corrupt` if it is damaged or no GGUF file,
    /// `invalid_input` if the model is of a kind that cannot be run or an option is outside its
    /// range, `unavailable` if no thread can be started.
    pub fn load(path: impl AsRef<Path>, options: GgufOptions) -> Result<Self> {
        options.check()?;
        let path = path.as_ref();
        let mut file = GgufFile::open(path)?;
        let decoder = Decoder::read(&mut file)?;
        let vocabulary = Arc::new(Vocabulary::read(&file)?);
        let chat = Chat::read(&file, &vocabulary)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let capabilities = LlmCapabilities {
            model: stem.unwrap_or_else(|| "GGUF".to_owned()),
            context_tokens: options.context_tokens.min(decoder.config.context),
            // Both families have seen calls in training. SmolLM2-135M makes hardly a usable one.
            tools: true,
        };
        let (jobs, inbox) = sync_channel(options.waiting);
        let worker = Worker::new(decoder, vocabulary.clone(), &options);
        let thread = thread::Builder::new().name("antiphon-gguf".to_owned());
        thread.spawn(move || worker.run(&inbox)).map_err(|e| {
            Error::new(LOAD, Code::Unavailable, "no thread to run the model").with_source(e)
        })?;
        let (ids, openings) = (Ids::default(), vocabulary.openings().into());
        let shared = Shared { jobs, vocabulary, chat, capabilities, options, ids, openings };
        Ok(Self(Arc::new(shared)))
    }

    /// The number of tokens of a text, for budgeting a context. Each message takes about five
    /// more.
    ///
    /// # Errors
    /// `internal` if the tokenizer fails.
    pub fn count_tokens(&self, text: &str) -> Result<usize> {
        Ok(self.0.vocabulary.encode(text)?.len())
    }
}

impl Shared {
    /// The tokens of a request that is possible, with `opening` after its messages.
    fn context(&self, request: &LlmRequest, opening: &[u32]) -> Result<Vec<u32>> {
        let refuse = |what: String| Error::new(GENERATE, Code::InvalidInput, what);
        if request.messages.is_empty() {
            return Err(refuse("the request has no message".to_owned()));
        }
        if let Some(temperature) = request.temperature.filter(|t| !temperature_is_possible(*t)) {
            return Err(refuse(format!("the temperature is {temperature} instead of 0 to 2")));
        }
        let limit = self.capabilities.context_tokens;
        let too_long = |found: usize, what: &str| {
            refuse(format!("{found} {what} do not fit the context of {limit} tokens"))
                .with_help("drop or summarise the oldest messages")
        };
        let bytes: usize = turns(request).iter().map(|turn| turn.text.len()).sum();
        if bytes > limit * MOST_BYTES_PER_TOKEN {
            return Err(too_long(bytes, "bytes"));
        }
        let mut tokens = self.chat.context(request, &self.vocabulary)?;
        tokens.extend(opening);
        // At least one token of the reply must fit as well.
        if tokens.len() < limit { Ok(tokens) } else { Err(too_long(tokens.len(), "tokens")) }
    }

    fn submit(&self, context: Vec<u32>, reply: Option<Reply>) -> Result<Events> {
        // Room for every event: the worker never waits for a listener.
        let most = reply.as_ref().map_or(0, |reply| reply.max_tokens);
        let (events, receiver) = channel(most + 1);
        self.jobs.try_send(Job { context, reply, events }).map_err(|e| {
            let what = match e {
                TrySendError::Full(_) => "too many generations wait for the model",
                TrySendError::Disconnected(_) => "the model's thread has ended",
            };
            Error::new(GENERATE, Code::Unavailable, what)
        })?;
        Ok(Events { receiver, calls: None, ready: VecDeque::new(), done: false })
    }
}

#[async_trait]
impl Llm for Gguf {
    fn capabilities(&self) -> LlmCapabilities {
        self.0.capabilities.clone()
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        let Shared { chat, vocabulary, options, capabilities, .. } = &*self.0;
        let context = self.0.context(&request, &chat.reply(vocabulary)?)?;
        let wanted = request.max_tokens.unwrap_or(options.max_tokens) as usize;
        let max_tokens = wanted.min(capabilities.context_tokens - context.len());
        let mut sampling = options.sampling.clone();
        sampling.temperature = request.temperature.unwrap_or(sampling.temperature);
        // After its last call a model has to speak, and would rather call again.
        let called = request.messages.iter().any(|message| !message.tool_calls.is_empty());
        let knows_tools = called || !request.tools.is_empty();
        let may_call = !request.tools.is_empty() && request.tool_choice == ToolChoice::Auto;
        let barred = if knows_tools && !may_call { self.0.openings.clone() } else { [].into() };
        let reply = Reply { max_tokens, sampler: Sampler::new(sampling), barred };
        let calls = Calls::new(&request, &self.0.ids).filter(|_| options.read_calls);
        Ok(Box::pin(Events { calls, ..self.0.submit(context, Some(reply))? }))
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        let mut events = self.0.submit(self.0.context(&request, &[])?, None)?;
        // The worker says nothing; it lets go of the channel when the context is cached.
        while events.receiver.recv().await.is_some() {}
        Ok(())
    }
}

/// The events of a generation. Dropping it cancels.
struct Events {
    receiver: Receiver<LlmEvent>,
    /// `None` if there are no tools to call.
    calls: Option<Calls>,
    /// What the last event of the worker came to.
    ready: VecDeque<LlmEvent>,
    done: bool,
}

impl Stream for Events {
    type Item = Result<LlmEvent>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            let Poll::Ready(event) = this.receiver.poll_recv(cx) else { return Poll::Pending };
            let broken = event.is_none() && !this.done;
            this.done |= broken || matches!(event, Some(LlmEvent::Done { .. }));
            match (event, &mut this.calls) {
                (Some(event), Some(calls)) => this.ready.extend(calls.read(event)),
                (Some(event), None) => this.ready.push_back(event),
                (None, _) if broken => return Poll::Ready(Some(Err(broke_off()))),
                (None, _) => return Poll::Ready(None),
            }
        }
    }
}

fn broke_off() -> Error {
    Error::new(GENERATE, Code::Internal, "the model's thread broke off")
}

impl fmt::Debug for Gguf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gguf").field("model", &self.0.capabilities.model).finish_non_exhaustive()
    }
}
