//! The model as an [`Stt`] engine: one worker thread, sessions with nothing but their audio.

use std::{
    collections::VecDeque,
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use antiphon_core::{BoxStream, Code, Error, Result, SPEECH_RATE_HZ};
use antiphon_stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest};
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use tokio::sync::oneshot;

use crate::{model::Moonshine, segment::Segment};

/// Decodes that may wait for the worker.
const WAITING: usize = 32;

/// Moonshine behind the speech-to-text port. Clones share the model.
#[derive(Clone)]
pub struct MoonshineStt {
    jobs: SyncSender<Job>,
    /// Decodes that wait or run; interim ones are skipped while there are any.
    load: Arc<AtomicUsize>,
}

impl fmt::Debug for MoonshineStt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MoonshineStt").field("load", &self.load).finish_non_exhaustive()
    }
}

struct Job {
    audio: Vec<i16>,
    cancel: Arc<AtomicBool>,
    answer: oneshot::Sender<Result<String>>,
}

impl MoonshineStt {
    /// Loads a [converted](crate::convert) model and starts its worker.
    ///
    /// # Errors
    /// As [`Moonshine::load`], and `unavailable` if no thread can be started.
    pub fn load(path: &Path) -> Result<Self> {
        let model = Moonshine::load(path)?;
        let (jobs, inbox) = sync_channel(WAITING);
        let load = Arc::new(AtomicUsize::new(0));
        let worker = {
            let load = load.clone();
            move || work(&model, &inbox, &load)
        };
        thread::Builder::new().name("antiphon-moonshine".to_owned()).spawn(worker).map_err(
            |e| Error::new("moonshine.load", Code::Unavailable, format!("no thread: {e}")),
        )?;
        Ok(Self { jobs, load })
    }

    fn submit(&self, audio: Vec<i16>, goal: Goal) -> Result<Running> {
        let cancel = Arc::new(AtomicBool::new(false));
        let (answer, text) = oneshot::channel();
        self.load.fetch_add(1, Ordering::AcqRel);
        self.jobs.try_send(Job { audio, cancel: cancel.clone(), answer }).map_err(|e| {
            self.load.fetch_sub(1, Ordering::AcqRel);
            let what = match e {
                TrySendError::Full(_) => "too many transcriptions wait",
                TrySendError::Disconnected(_) => "the worker is gone",
            };
            Error::new("stt.transcribe", Code::Unavailable, what)
        })?;
        Ok(Running { text, cancel, goal })
    }
}

fn work(model: &Moonshine, inbox: &Receiver<Job>, load: &AtomicUsize) {
    while let Ok(Job { audio, cancel, answer }) = inbox.recv() {
        if !cancel.load(Ordering::Acquire) {
            let text = model.transcribe(&audio, &|| cancel.load(Ordering::Acquire));
            // Nobody may be listening any more; then nobody wants the text.
            let _ = answer.send(text);
        }
        load.fetch_sub(1, Ordering::AcqRel);
    }
}

#[async_trait]
impl Stt for MoonshineStt {
    fn capabilities(&self) -> SttCapabilities {
        let languages = vec!["en".to_owned(), "en-US".to_owned(), "en-GB".to_owned()];
        SttCapabilities { rate_hz: SPEECH_RATE_HZ, interim: true, languages }
    }

    async fn transcribe(
        &self,
        request: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        if let Some(language) = request.language.filter(|l| !l.to_lowercase().starts_with("en")) {
            let what = format!("Moonshine knows English, not {language:?}");
            return Err(Error::new("stt.transcribe", Code::InvalidInput, what)
                .with_help("set the language to \"en\" or choose another engine"));
        }
        let listening = Listening {
            engine: self.clone(),
            input: Some(audio),
            segment: Segment::default(),
            running: None,
            goals: VecDeque::new(),
            out: VecDeque::new(),
            over: false,
        };
        Ok(Box::pin(stream::unfold(listening, |mut l| async move { Some((l.next().await?, l)) })))
    }
}

/// What a decode is for.
#[derive(Clone, Debug)]
enum Goal {
    Interim,
    /// The text of `len` samples of a segment is wanted as final; then the flush is answered.
    Final {
        segment: u32,
        len: usize,
        marker: Option<u32>,
    },
}

/// A decode that waits or runs. Dropping it cancels.
struct Running {
    text: oneshot::Receiver<Result<String>>,
    cancel: Arc<AtomicBool>,
    goal: Goal,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::Release);
    }
}

/// One transcription.
struct Listening {
    engine: MoonshineStt,
    input: Option<BoxStream<SttInput>>,
    segment: Segment,
    running: Option<Running>,
    /// Finals that wait for the running decode, with their audio.
    goals: VecDeque<(Goal, Vec<i16>)>,
    out: VecDeque<SttEvent>,
    over: bool,
}

enum Woken {
    Input(Option<SttInput>),
    Text(Result<String>),
}

impl Listening {
    async fn next(&mut self) -> Option<Result<SttEvent>> {
        loop {
            if let Some(event) = self.out.pop_front() {
                return Some(Ok(event));
            }
            if self.over {
                return None;
            }
            if let Err(e) = self.advance() {
                self.over = true;
                return Some(Err(e));
            }
            if self.out.is_empty() && self.input.is_none() && self.running.is_none() {
                self.over = true;
                continue;
            }
            if !self.out.is_empty() {
                continue;
            }
            match self.wait().await {
                Woken::Input(input) => self.heard(input),
                Woken::Text(Ok(text)) => self.decoded(text),
                Woken::Text(Err(e)) => {
                    self.over = true;
                    return Some(Err(e));
                }
            }
        }
    }

    /// The next input or the running decode's answer. Cancel safe.
    async fn wait(&mut self) -> Woken {
        let lost = || Error::new("stt.transcribe", Code::Unavailable, "the worker is gone");
        match (&mut self.input, &mut self.running) {
            (Some(input), Some(running)) => tokio::select! {
                biased;
                text = &mut running.text => Woken::Text(text.unwrap_or_else(|_| Err(lost()))),
                item = input.next() => Woken::Input(item),
            },
            (Some(input), None) => Woken::Input(input.next().await),
            (None, Some(running)) => {
                Woken::Text((&mut running.text).await.unwrap_or_else(|_| Err(lost())))
            }
            (None, None) => Woken::Input(None),
        }
    }

    fn heard(&mut self, input: Option<SttInput>) {
        match input {
            Some(SttInput::Audio(audio)) => {
                self.segment.push(&audio);
                if let Some((segment, audio)) = self.segment.overflow() {
                    let len = audio.len();
                    self.goals.push_back((Goal::Final { segment, len, marker: None }, audio));
                }
            }
            Some(SttInput::Flush { marker }) => self.want_final(Some(marker)),
            None => {
                self.input = None;
                if self.segment.known_final().is_none() && !self.segment.audio().is_empty() {
                    self.want_final(None);
                }
            }
        }
    }

    fn want_final(&mut self, marker: Option<u32>) {
        let (segment, audio) = (self.segment.number, self.segment.audio().to_vec());
        self.goals.push_back((Goal::Final { segment, len: audio.len(), marker }, audio));
    }

    /// Starts the decode that is due: finals first, and they do not wait for an interim one.
    fn advance(&mut self) -> Result<()> {
        if !self.goals.is_empty()
            && self.running.as_ref().is_some_and(|r| matches!(r.goal, Goal::Interim))
        {
            self.running = None;
        }
        while self.running.is_none()
            && let Some((goal, audio)) = self.goals.pop_front()
        {
            if let Goal::Final { segment, marker, .. } = goal
                && segment == self.segment.number
                && let Some(text) = self.segment.known_final().map(str::to_owned)
            {
                self.out.push_back(SttEvent::Final { segment, text });
                self.out.extend(marker.map(|marker| SttEvent::Flushed { marker }));
                continue;
            }
            self.running = Some(self.engine.submit(audio, goal)?);
        }
        let idle = self.running.is_none() && self.engine.load.load(Ordering::Acquire) == 0;
        if idle && self.input.is_some() && self.segment.wants_interim() {
            let audio = self.segment.audio().to_vec();
            self.running = self.engine.submit(audio, Goal::Interim).ok();
        }
        Ok(())
    }

    fn decoded(&mut self, text: String) {
        let Some(goal) = self.running.take().map(|r| r.goal.clone()) else { return };
        match goal {
            Goal::Interim => {
                let segment = self.segment.number;
                let shown = self.segment.interim(text);
                self.out.extend(shown.map(|text| SttEvent::Interim { segment, text }));
            }
            Goal::Final { segment, len, marker } => {
                if segment == self.segment.number {
                    self.segment.finalise(len, &text);
                }
                self.out.push_back(SttEvent::Final { segment, text });
                self.out.extend(marker.map(|marker| SttEvent::Flushed { marker }));
            }
        }
    }
}
