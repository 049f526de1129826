//! The virtual world: events wait in a heap for their virtual time, providers are delays.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
    time::Duration,
};

use antiphon_conversation::{
    Action, Command, Config, Conversation, Effect, Event, Notice, OpEvent, OpInput, PlayoutEvent,
    SynthesisEvent, UserEvent, digest_actions,
};
use antiphon_core::{Generation, OpId, Timestamp};
use antiphon_llm::{FinishReason, LlmEvent, Usage};
use antiphon_state::Digest;
use antiphon_stt::SttEvent;
use antiphon_tts::{TtsRequest, WordTiming};

use crate::{Caller, Invariants, Line, Rng, When, playout::Playout};

/// Samples of the user's stream per millisecond.
const SPEECH_SAMPLES_PER_MS: u64 = 16;

/// How the fake providers behave.
#[derive(Clone, Debug)]
pub struct Providers {
    /// Voice activity: delay of an edge.
    pub vad: Duration,
    /// From a flush to the final transcript.
    pub stt: Duration,
    /// The turn detector's answer.
    pub turn: Duration,
    /// The language model's first token.
    pub ttft: Duration,
    /// Each further token.
    pub token: Duration,
    /// The voice's first audio.
    pub ttfb: Duration,
    /// Synthesis is so many times faster than real time.
    pub speed: u32,
    /// What the agent answers, in turn.
    pub replies: Vec<String>,
    /// One event in so many is delivered twice, and one in so many late; 0 for never.
    pub rude: u64,
}

impl Default for Providers {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self {
            vad: ms(200),
            stt: ms(50),
            turn: ms(90),
            ttft: ms(130),
            token: ms(30),
            ttfb: ms(100),
            speed: 6,
            replies: vec![
                "Certainly, I can do that. Shall we say seven o'clock?".to_owned(),
                "We open at nine in the morning, and we close at six. On Sundays we rest."
                    .to_owned(),
                "Of course.".to_owned(),
            ],
            rude: 0,
        }
    }
}

/// One step of the machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// What it was told.
    pub event: Event,
    /// What it wanted.
    pub actions: Vec<Action>,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Report {
    /// The machine at the end.
    pub machine: Conversation,
    /// Virtual time at the end.
    pub ended_at: Timestamp,
    /// Number of events handled.
    pub events: u64,
    /// Digest of all actions.
    pub digest: Digest,
    /// The steps, if they were recorded.
    pub steps: Vec<Step>,
}

/// The virtual world around one conversation machine.
#[derive(Debug)]
pub struct World {
    machine: Conversation,
    invariants: Option<Invariants>,
    record: bool,
    providers: Providers,
    rng: Rng,
    now: Timestamp,
    serial: u64,
    heap: BinaryHeap<Reverse<(Timestamp, u64)>>,
    due: BTreeMap<u64, Due>,
    playout: Playout,
    lines: VecDeque<Line>,
    /// What the user has said in each live transcription: from when on, and the words.
    hearing: Vec<(OpId, usize)>,
    said: Vec<Spoken>,
    /// Live syntheses, and when the voice is free again.
    synths: (BTreeMap<OpId, Generation>, Timestamp),
    drain: Option<Timestamp>,
    replies: usize,
    report: (u64, Digest, Vec<Step>),
}

#[derive(Clone, Debug)]
enum Due {
    Event(Event),
    Say(Line),
    Drain,
}

#[derive(Clone, Debug)]
struct Spoken {
    text: String,
    from: Timestamp,
    takes: Duration,
    finished: bool,
}

impl World {
    /// A world with this machine, these providers and this caller; `seed` decides all chance.
    ///
    /// # Errors
    /// `invalid_input` if the configuration is invalid.
    pub fn new(
        config: Config,
        providers: Providers,
        caller: Caller,
        seed: u64,
    ) -> antiphon_core::Result<Self> {
        let playout = Playout::new(config.playout_rate_hz);
        let mut this = Self {
            machine: Conversation::new(config)?,
            invariants: Some(Invariants::default()),
            record: true,
            providers,
            rng: Rng::new(seed),
            now: Timestamp::ZERO,
            serial: 0,
            heap: BinaryHeap::new(),
            due: BTreeMap::new(),
            playout,
            lines: caller.lines.into(),
            hearing: Vec::new(),
            said: Vec::new(),
            synths: (BTreeMap::new(), Timestamp::ZERO),
            drain: None,
            replies: 0,
            report: (0, Digest::default(), Vec::new()),
        };
        this.at(Timestamp::ZERO, Due::Event(Event::App(Command::Start)));
        this.next_line(None);
        Ok(this)
    }

    /// Neither checks invariants nor records steps: for measuring the machine alone.
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.invariants = None;
        self.record = false;
        self
    }

    /// Runs until nothing is left to happen or `until` is reached.
    ///
    /// # Errors
    /// A broken invariant, with the step that broke it.
    pub fn run(mut self, until: Timestamp) -> Result<Report, String> {
        while let Some((at, due)) = self.next(until) {
            self.now = self.now.max(at);
            match due {
                Due::Event(event) => self.step(event)?,
                Due::Say(line) => self.say(line),
                Due::Drain => {
                    self.drain = None;
                    if let Some(event) = self.playout.drain(self.now) {
                        self.step(event.into())?;
                    }
                }
            }
        }
        let (events, digest, steps) = self.report;
        Ok(Report { machine: self.machine, ended_at: self.now, events, digest, steps })
    }

    /// The next thing to happen: something waiting, or the machine's deadline.
    fn next(&mut self, until: Timestamp) -> Option<(Timestamp, Due)> {
        let waiting = self.heap.peek().map(|Reverse((at, _))| *at);
        let deadline = self.machine.deadline().map(|d| d.at);
        let at = [waiting, deadline].into_iter().flatten().min()?;
        if at > until {
            return None;
        }
        if waiting != Some(at) {
            return Some((at, Due::Event(Event::Tick)));
        }
        let Reverse((at, serial)) = self.heap.pop()?;
        Some((at, self.due.remove(&serial)?))
    }

    fn at(&mut self, at: Timestamp, due: Due) {
        let rude = self.providers.rude;
        let op = matches!(due, Due::Event(Event::Op(..)));
        let mut times = vec![at];
        if op && rude > 0 && self.rng.one_in(rude) {
            times.push(at + Duration::from_millis(self.rng.below(500)));
        }
        if op && rude > 0 && self.rng.one_in(rude) {
            times = vec![at + Duration::from_millis(self.rng.below(2000))];
        }
        for at in times {
            self.heap.push(Reverse((at, self.serial)));
            self.due.insert(self.serial, due.clone());
            self.serial += 1;
        }
    }

    fn after(&mut self, delay: Duration, op: OpId, event: OpEvent) {
        self.at(self.now + delay, Due::Event(Event::Op(op, event)));
    }

    fn step(&mut self, event: Event) -> Result<(), String> {
        let mut reports = Vec::new();
        if let Event::Op(op, OpEvent::Speech(SynthesisEvent::Queued(n))) = &event
            && let Some(generation) = self.synths.0.get(op)
        {
            self.playout.queue(self.now, *generation, *n, &mut reports);
        }
        let mut actions = Vec::new();
        self.machine.handle(self.now, event.clone(), &mut actions);
        self.report.0 += 1;
        if let Some(invariants) = &mut self.invariants {
            digest_actions(&mut self.report.1, self.now, &actions);
            invariants
                .check(self.now, &event, &actions, &self.machine)
                .map_err(|e| format!("{} {event:?}: {e}", self.now))?;
        }
        for action in &actions {
            self.act(action, &mut reports);
        }
        if self.record {
            self.report.2.push(Step { at: self.now, event, actions });
        }
        for report in reports {
            self.at(self.now, Due::Event(report.into()));
        }
        let drain = self.playout.drains_at();
        if let Some(at) = drain
            && drain != self.drain
        {
            self.at(at.max(self.now), Due::Drain);
        }
        self.drain = drain;
        Ok(())
    }

    fn act(&mut self, action: &Action, reports: &mut Vec<PlayoutEvent>) {
        match action {
            Action::Start { op, effect } => self.start(*op, effect),
            Action::Feed { op, input: OpInput::Flush(marker) } => self.flush(*op, *marker),
            Action::Feed { op, input: OpInput::End } => {
                self.hearing.retain(|(o, _)| o != op);
                self.after(Duration::from_millis(5), *op, OpEvent::Ended);
            }
            Action::Cancel { op } => {
                self.hearing.retain(|(o, _)| o != op);
                self.synths.0.remove(op);
            }
            Action::Playout(command) => self.playout.command(self.now, *command, reports),
            Action::Emit(Notice::SpeechStarted { .. }) => self.next_line(Some(true)),
            Action::Emit(Notice::SpeechEnded { .. }) => self.next_line(Some(false)),
            Action::Emit(_) => {}
        }
    }

    // ---- the caller ---------------------------------------------------------------------

    /// Schedules the next line if its condition is met: at the beginning (`None`), or when the
    /// agent begins (`true`) or has ended (`false`) a speech.
    fn next_line(&mut self, speech: Option<bool>) {
        let Some(line) = self.lines.front() else { return };
        let at = match (line.when, speech) {
            (When::At(at), _) => at.max(self.now),
            (When::AfterAgent(d), Some(false)) | (When::IntoSpeech(d), Some(true)) => self.now + d,
            (When::AfterAgent(_) | When::IntoSpeech(_), _) => return,
        };
        if let Some(line) = self.lines.pop_front() {
            self.at(at, Due::Say(line));
        }
    }

    fn say(&mut self, line: Line) {
        let Line { text, takes, finished, .. } = line;
        let from = self.now;
        self.said.push(Spoken { text, from, takes, finished });
        let vad = self.providers.vad;
        let end = from + takes;
        self.at(end + vad, Due::Event(Event::User(UserEvent::SpeechStopped { at: end })));
        let sample = from.as_micros() * SPEECH_SAMPLES_PER_MS / 1000;
        let started = UserEvent::SpeechStarted { at: from, sample };
        self.at(from + vad / 3, Due::Event(Event::User(started)));
        if matches!(self.lines.front(), Some(Line { when: When::At(_), .. })) {
            self.next_line(None);
        }
    }

    // ---- providers ----------------------------------------------------------------------

    fn start(&mut self, op: OpId, effect: &Effect) {
        match effect {
            Effect::Transcribe { .. } => {
                self.hearing.push((op, self.said.len().saturating_sub(1)));
            }
            Effect::PredictTurnEnd { .. } => {
                let finished = self.said.last().is_none_or(|s| s.finished);
                let p = if finished { 0.9 } else { 0.1 };
                self.after(self.providers.turn, op, OpEvent::TurnEnd(p));
                self.after(self.providers.turn, op, OpEvent::Ended);
            }
            Effect::Generate(_) => self.generate(op),
            Effect::Speak { generation, request, .. } => self.speak(op, *generation, request),
            Effect::Play { generation, .. } => {
                let text = "A recording of some length.".to_owned();
                self.speak(op, *generation, &TtsRequest { text, voice: None, rate: 1.0 });
            }
        }
    }

    /// Everything said since the transcription began, as far as it has been said by now.
    fn flush(&mut self, op: OpId, marker: u32) {
        let Some((_, first)) = self.hearing.iter().find(|(o, _)| *o == op) else { return };
        let mut words = Vec::new();
        for spoken in self.said.iter().skip(*first) {
            let all: Vec<&str> = spoken.text.split_whitespace().collect();
            let elapsed = self.now.since(spoken.from).as_micros();
            let n = (all.len() as u128 * elapsed / spoken.takes.as_micros().max(1)) as usize;
            words.extend(all.into_iter().take(n).map(str::to_owned));
        }
        let text = words.join(" ");
        let delay = self.providers.stt;
        self.after(delay, op, OpEvent::Stt(SttEvent::Final { segment: 0, text }));
        self.after(delay, op, OpEvent::Stt(SttEvent::Flushed { marker }));
    }

    fn generate(&mut self, op: OpId) {
        let n = self.replies;
        self.replies += 1;
        let replies = &self.providers.replies;
        let reply = replies.get(n % replies.len().max(1)).cloned().unwrap_or_default();
        let mut delay = self.providers.ttft;
        for token in reply.split_inclusive(' ') {
            let text = token.to_owned();
            self.after(delay, op, OpEvent::Llm(LlmEvent::Delta { text }));
            delay += self.providers.token;
        }
        let (finish, usage) = (FinishReason::Stop, Usage::default());
        self.after(delay, op, OpEvent::Llm(LlmEvent::Done { finish, usage }));
        self.after(delay, op, OpEvent::Ended);
    }

    /// Fifteen characters a second, one synthesis after the other.
    fn speak(&mut self, op: OpId, generation: Generation, request: &TtsRequest) {
        let rate = 24_000u64;
        let samples = request.text.chars().count() as u64 * rate / 15;
        let first = self.synths.1.max(self.now) + self.providers.ttfb;
        let speed = u64::from(self.providers.speed.max(1));
        let took = Duration::from_micros(samples * 1_000_000 / rate / speed);
        let done = first + took;
        self.synths.0.insert(op, generation);
        self.synths.1 = done;
        let words = word_timings(&request.text, samples);
        let mut tell = |at, event| {
            self.at(at, Due::Event(Event::Op(op, OpEvent::Speech(event))));
        };
        tell(first, SynthesisEvent::Words(words));
        let pieces = samples.div_ceil(rate / 5).max(1);
        for i in 0..pieces {
            let piece = samples / pieces + u64::from(i < samples % pieces);
            let at = first + took * i as u32 / pieces as u32;
            tell(at, SynthesisEvent::Queued(u32::try_from(piece).unwrap_or(u32::MAX)));
        }
        self.at(done, Due::Event(Event::Op(op, OpEvent::Ended)));
    }
}

/// Words spread evenly over the samples, by characters.
fn word_timings(text: &str, samples: u64) -> Vec<WordTiming> {
    let len = text.len().max(1) as u64;
    let at = |byte: usize| byte as u64 * samples / len;
    let mut words = Vec::new();
    let mut from = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let end = from + word.trim_end().len();
        if end > from {
            words.push(WordTiming { text: from..end, samples: at(from)..at(end) });
        }
        from += word.len();
    }
    words
}
