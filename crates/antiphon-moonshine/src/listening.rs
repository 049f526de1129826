//! One transcription: audio and flushes in, texts out, decodes in between.

use std::collections::VecDeque;

use antiphon_core::{BoxStream, Code, Error, Result};
use antiphon_stt::{SttEvent, SttInput};
use futures_util::StreamExt as _;

use crate::{
    streaming::{MoonshineConfig, Part, Segment},
    worker::{Decode, Worker},
};

/// Finals that may wait for a decode; with so many, input has to wait as well.
const WAITING: usize = 4;

/// The state of one transcription. Dropping it cancels what runs for it.
pub(crate) struct Listening {
    worker: Worker,
    /// `None` once it has ended.
    input: Option<BoxStream<SttInput>>,
    segment: Segment,
    running: Option<Running>,
    wanted: VecDeque<Wanted>,
    out: VecDeque<SttEvent>,
    is_over: bool,
}

/// A final text that is wanted, and the flush to answer after it.
struct Wanted {
    part: Part,
    marker: Option<u32>,
}

struct Running {
    decode: Decode,
    goal: Goal,
}

enum Goal {
    Interim(Part),
    Final(Wanted),
}

enum Woken {
    Input(Option<SttInput>),
    Text(Result<String>),
}

impl Listening {
    pub(crate) fn new(worker: Worker, config: MoonshineConfig, input: BoxStream<SttInput>) -> Self {
        Self {
            worker,
            input: Some(input),
            segment: Segment::new(config),
            running: None,
            wanted: VecDeque::new(),
            out: VecDeque::new(),
            is_over: false,
        }
    }

    /// The next event. After an error, and after `None`, only `None`.
    pub(crate) async fn next(&mut self) -> Option<Result<SttEvent>> {
        while !self.is_over {
            if let Some(event) = self.out.pop_front() {
                return Some(Ok(event));
            }
            if let Err(e) = self.proceed().await {
                self.is_over = true;
                self.running = None;
                return Some(Err(e));
            }
        }
        None
    }

    /// Starts what is due, then takes in whatever comes next.
    async fn proceed(&mut self) -> Result<()> {
        self.start_finals()?;
        self.start_interim();
        if !self.out.is_empty() {
            return Ok(());
        }
        match self.wait().await {
            Some(Woken::Input(input)) => self.hear(input),
            Some(Woken::Text(text)) => self.decoded(text)?,
            None => self.is_over = true,
        }
        Ok(())
    }

    /// The next input or the text of the running decode; `None` if there will be neither.
    async fn wait(&mut self) -> Option<Woken> {
        let has_room = self.wanted.len() < WAITING;
        let input = self.input.as_mut().filter(|_| has_room);
        match (input, &mut self.running) {
            (Some(input), Some(running)) => tokio::select! {
                biased;
                text = running.text() => Some(Woken::Text(text)),
                item = input.next() => Some(Woken::Input(item)),
            },
            (Some(input), None) => Some(Woken::Input(input.next().await)),
            (None, Some(running)) => Some(Woken::Text(running.text().await)),
            (None, None) => None,
        }
    }

    fn hear(&mut self, input: Option<SttInput>) {
        match input {
            Some(SttInput::Audio(audio)) => {
                let mut part = self.segment.push(&audio);
                while let Some(head) = part {
                    self.wanted.push_back(Wanted { part: head, marker: None });
                    part = self.segment.push(&[]);
                }
            }
            Some(SttInput::Flush { marker }) => self.want(Some(marker)),
            None => {
                self.input = None;
                if !self.segment.is_settled() {
                    self.want(None);
                }
            }
        }
    }

    fn want(&mut self, marker: Option<u32>) {
        self.wanted.push_back(Wanted { part: self.segment.whole(), marker });
    }

    /// Answers finals whose text is known and starts decoding the first whose text is not. An
    /// interim decode gives way, or becomes the final one if its audio is the same.
    fn start_finals(&mut self) -> Result<()> {
        while !matches!(&self.running, Some(Running { goal: Goal::Final(_), .. }))
            && let Some(wanted) = self.wanted.pop_front()
        {
            let known = wanted.part.text.as_deref().or_else(|| self.segment.text_of(&wanted.part));
            if let Some(text) = known.map(str::to_owned) {
                self.answer(&wanted, text);
                continue;
            }
            let decode = match self.running.take() {
                Some(Running { decode, goal: Goal::Interim(part) }) if part.same(&wanted.part) => {
                    decode.make_final();
                    decode
                }
                given_up => {
                    drop(given_up);
                    self.worker.decode(wanted.part.audio.clone(), true)?
                }
            };
            self.running = Some(Running { decode, goal: Goal::Final(wanted) });
        }
        Ok(())
    }

    /// Starts an interim decode if one is due and the worker has nothing better to do.
    fn start_interim(&mut self) {
        if self.running.is_none()
            && self.input.is_some()
            && self.worker.is_idle()
            && let Some(part) = self.segment.interim_due()
            && let Ok(decode) = self.worker.decode(part.audio.clone(), false)
        {
            self.running = Some(Running { decode, goal: Goal::Interim(part) });
        }
    }

    fn decoded(&mut self, text: Result<String>) -> Result<()> {
        match (self.running.take().map(|r| r.goal), text) {
            (Some(Goal::Interim(part)), Ok(text)) => {
                let shown = self.segment.interim(&part, text);
                let segment = part.segment;
                self.out.extend(shown.map(|text| SttEvent::Interim { segment, text }));
            }
            (Some(Goal::Final(wanted)), Ok(text)) => self.answer(&wanted, text),
            // It made way before it became final: it starts over.
            (Some(Goal::Final(wanted)), Err(e)) if e.code() == Code::Cancelled => {
                self.wanted.push_front(wanted);
            }
            (Some(Goal::Interim(_)), Err(e)) if e.code() == Code::Cancelled => {}
            (_, Err(e)) => return Err(e),
            (None, Ok(_)) => {}
        }
        Ok(())
    }

    fn answer(&mut self, wanted: &Wanted, text: String) {
        self.segment.settle(&wanted.part, &text);
        self.out.push_back(SttEvent::Final { segment: wanted.part.segment, text });
        self.out.extend(wanted.marker.map(|marker| SttEvent::Flushed { marker }));
    }
}

impl Running {
    async fn text(&mut self) -> Result<String> {
        (&mut self.decode.text).await.unwrap_or_else(|_| {
            Err(Error::new("stt.transcribe", Code::Internal, "the thread of the model is gone"))
        })
    }
}
