//! The fake providers: each operation is a stream of reports with delays, and with a fate.

use std::{ops::Range, time::Duration};

use antiphon_conversation::{Effect, Event, OpEvent, SynthesisEvent};
use antiphon_core::{Code, Generation, OpId, SPEECH_RATE_HZ, Timestamp, ToolCall};
use antiphon_llm::{FinishReason, LlmEvent, LlmRequest, ToolChoice, Usage};
use antiphon_stt::SttEvent;
use antiphon_tools::{CallReader, Piece};
use antiphon_tts::WordTiming;

use super::{Due, World};
use crate::{Faults, Wish};

/// Rate of the fake voice, and how fast it speaks.
const VOICE_RATE_HZ: u64 = 24_000;
const CHARS_PER_SECOND: u64 = 15;

/// The reports of one operation.
#[derive(Debug)]
pub(super) struct Stream {
    /// When the last planned report comes: reports keep their order.
    last: Timestamp,
    /// After so many more reports something goes wrong: the stream ends so, or hangs.
    fate: Option<(u64, Option<OpEvent>)>,
}

impl World {
    pub(super) fn start(&mut self, op: OpId, effect: &Effect) {
        let fate = self.draw_fate();
        let doomed = fate.is_some();
        self.streams.insert(op, Stream { last: self.now, fate });
        match effect {
            Effect::Transcribe { from_sample, again, .. } => {
                self.transcribe(op, (*from_sample, *again), doomed);
            }
            Effect::PredictTurnEnd { .. } => {
                let p = if self.user.finished { 0.9 } else { 0.1 };
                let delay = self.providers.turn;
                self.tell(op, delay, OpEvent::TurnEnd(p));
                self.tell(op, delay, OpEvent::Ended);
            }
            Effect::PredictBackchannel { .. } => self.predict_backchannel(op),
            Effect::Generate(request) => self.generate(op, request),
            Effect::CallTool { call, turn, said } => {
                let wish = Wish { call, turn: *turn, said: said.as_ref() };
                let outcome = self.providers.tools.run(self.now, wish);
                self.tell(op, self.providers.turn, OpEvent::Tool(outcome));
                self.tell(op, self.providers.turn, OpEvent::Ended);
            }
            Effect::Speak { generation, request, .. } => {
                self.speak(op, *generation, &request.text);
            }
            // What the application has recorded is for the world a second of silence.
            Effect::Play { generation, .. } => self.speak(op, *generation, "               "),
        }
    }

    fn draw_fate(&mut self) -> Option<(u64, Option<OpEvent>)> {
        let (rng, faults) = (&mut self.rng, &self.providers.faults);
        let failed = || {
            let detail = "the world is harsh".to_owned();
            Some(OpEvent::Failed { code: Code::StreamError, detail })
        };
        let fates = [
            (faults.fails, 0, failed()),
            (faults.breaks_off, 1 + rng.below(8), failed()),
            (faults.hangs, rng.below(8), None),
            (faults.empty, 0, Some(OpEvent::Ended)),
        ];
        let struck = fates.into_iter().find(|(chance, ..)| Faults::strikes(rng, *chance))?;
        Some((struck.1, struck.2))
    }

    /// The operation has ended or was cancelled. What it still reports is not heard any more.
    pub(super) fn close(&mut self, op: OpId, cancelled: bool) {
        self.user.ears.close(op, self.now);
        self.voices.0.remove(&op);
        if cancelled {
            self.streams.remove(&op);
        }
    }

    pub(super) fn jittered(&mut self, delay: Duration) -> Duration {
        let most = self.providers.faults.jitter.as_micros() as u64;
        delay + Duration::from_micros(self.rng.below(most))
    }

    /// The operation will report this, so long from now, after all it reports before.
    pub(super) fn tell(&mut self, op: OpId, delay: Duration, event: OpEvent) {
        let mut at = self.now + self.jittered(delay);
        let Some(stream) = self.streams.get_mut(&op) else { return };
        let event = match &mut stream.fate {
            Some((0, end)) => match end.take() {
                Some(end) => end,
                None => return,
            },
            Some((left, _)) => {
                *left -= 1;
                event
            }
            None => event,
        };
        let faults = &self.providers.faults;
        let ends = matches!(event, OpEvent::Ended | OpEvent::Failed { .. });
        if Faults::strikes(&mut self.rng, faults.late) {
            at = at + Duration::from_millis(self.rng.below(3000));
        }
        at = at.max(stream.last);
        stream.last = at;
        let mut plan = |event| self.agenda.plan(at, Due::Event(Event::Op(op, event)));
        if Faults::strikes(&mut self.rng, faults.garbage) && !ends {
            plan(garbage(&event));
        }
        // What is queued for playout is counted by the driver itself, once.
        let counted = matches!(event, OpEvent::Speech(SynthesisEvent::Queued(_)));
        if Faults::strikes(&mut self.rng, faults.doubled) && !counted {
            plan(event.clone());
        }
        plan(event);
        if ends && Faults::strikes(&mut self.rng, faults.after_end) {
            plan(OpEvent::Llm(LlmEvent::Delta { text: "ghost ".to_owned() }));
            plan(OpEvent::Speech(SynthesisEvent::Queued(4_800)));
            plan(OpEvent::Stt(SttEvent::Final { segment: 0, text: "ghost".to_owned() }));
            plan(OpEvent::Ended);
        }
    }

    // ---- detectors -----------------------------------------------------------------------

    fn predict_backchannel(&mut self, op: OpId) {
        let right: f32 = if self.user.hums { 0.95 } else { 0.05 };
        let p = if Faults::strikes(&mut self.rng, self.providers.faults.misjudged) {
            self.rng.pick(&[1.0 - right, 0.5, f32::NAN, 7.0]).copied().unwrap_or(right)
        } else {
            right
        };
        let delay = self.providers.backchannel;
        self.tell(op, delay, OpEvent::Backchannel(p));
        self.tell(op, delay, OpEvent::Ended);
    }

    // ---- speech to text -----------------------------------------------------------------

    fn transcribe(&mut self, op: OpId, (from_sample, again): (u64, bool), doomed: bool) {
        let micros = from_sample * 1_000_000 / u64::from(SPEECH_RATE_HZ);
        let split = Faults::strikes(&mut self.rng, self.providers.faults.split);
        self.user.ears.open(op, Timestamp::from_micros(micros), split, again);
        if let Some(ear) = self.user.ears.get(op) {
            ear.harmed = doomed;
        }
        self.plan_guess(op);
    }

    pub(super) fn plan_guess(&mut self, op: OpId) {
        if let (Some(_), Some(at)) = (self.providers.interim, self.guess_again_at()) {
            self.agenda.plan(at, Due::Interim(op));
        }
    }

    pub(super) fn interim(&mut self, op: OpId) {
        let Some(delay) = self.providers.interim else { return };
        let Some((segment, text)) = self.user.ears.transcript(op, self.now, false) else { return };
        if !text.is_empty() {
            self.tell(op, delay, OpEvent::Stt(SttEvent::Interim { segment, text }));
        }
        self.plan_guess(op);
    }

    pub(super) fn flush(&mut self, op: OpId, marker: u32) {
        let Some((segment, text)) = self.user.ears.transcript(op, self.now, true) else { return };
        let delay = self.providers.stt;
        self.tell(op, delay, OpEvent::Stt(SttEvent::Final { segment, text }));
        self.tell(op, delay, OpEvent::Stt(SttEvent::Flushed { marker }));
    }

    /// The user has said a line up to `at`, and the engine believes that this was all.
    pub(super) fn end_turn(&mut self, at: Timestamp) {
        if self.user.quiet_at != at {
            return;
        }
        for op in self.user.ears.listening() {
            if self.finish(op) {
                self.tell(op, Duration::ZERO, OpEvent::Stt(SttEvent::EndOfTurn));
            }
        }
    }

    /// Makes final what a transcription has heard. Says whether there was anything new.
    pub(super) fn finish(&mut self, op: OpId) -> bool {
        let heard = self.user.ears.transcript(op, self.now, true);
        let Some((segment, text)) = heard.filter(|(_, text)| !text.is_empty()) else {
            return false;
        };
        self.tell(op, Duration::ZERO, OpEvent::Stt(SttEvent::Final { segment, text }));
        true
    }

    // ---- language model -----------------------------------------------------------------

    fn generate(&mut self, op: OpId, request: &LlmRequest) {
        let reply = self.providers.replies.answer(self.replies, request);
        self.replies += 1;
        let mut delay = self.providers.ttft;
        for event in written(&reply, request, self.replies) {
            self.tell(op, delay, OpEvent::Llm(event));
            delay += self.providers.token;
        }
        let (finish, usage) = (FinishReason::Stop, Usage::default());
        self.tell(op, delay, OpEvent::Llm(LlmEvent::Done { finish, usage }));
        self.tell(op, delay, OpEvent::Ended);
    }

    // ---- text to speech -----------------------------------------------------------------

    /// Fifteen characters a second, one synthesis after the other.
    fn speak(&mut self, op: OpId, generation: Generation, text: &str) {
        let samples = text.chars().count() as u64 * VOICE_RATE_HZ / CHARS_PER_SECOND;
        let speed = u64::from(self.providers.speed.max(1));
        let took = Duration::from_micros(samples * 1_000_000 / VOICE_RATE_HZ / speed);
        let first = self.voices.1.max(self.now) + self.providers.ttfb;
        let first = first.since(self.now);
        self.voices.0.insert(op, generation);
        let words = spread(text, samples);
        if let Some(watch) = &mut self.watch {
            let word = |w: &Range<usize>| text.get(w.clone()).unwrap_or_default().to_owned();
            let words = words.iter().map(|w| (w.samples.clone(), word(&w.text))).collect();
            watch.truth.speaks(generation, op, words);
        }
        if !Faults::strikes(&mut self.rng, self.providers.faults.untimed) {
            self.tell(op, first, OpEvent::Speech(SynthesisEvent::Words(words)));
        }
        let pieces = samples.div_ceil(VOICE_RATE_HZ / 5).max(1);
        for i in 0..pieces {
            let piece = samples / pieces + u64::from(i < samples % pieces);
            let queued = SynthesisEvent::Queued(u32::try_from(piece).unwrap_or(u32::MAX));
            self.tell(op, first + took * i as u32 / pieces as u32, OpEvent::Speech(queued));
        }
        self.tell(op, first + took, OpEvent::Ended);
        self.voices.1 = self.free_after(op);
    }

    /// When the voice can turn to the next segment: a synthesis that hangs holds those after it
    /// until it is given up.
    fn free_after(&self, op: OpId) -> Timestamp {
        let Some(stream) = self.streams.get(&op) else { return self.now };
        match stream.fate {
            Some((0, None)) => stream.last + self.effect_timeout,
            _ => stream.last,
        }
    }
}

/// A reply token by token; with tools on offer, calls are read out of it, and left out where the
/// agent has to speak. `n` tells the ids of its calls from those of other replies.
fn written(reply: &str, request: &LlmRequest, n: usize) -> Vec<LlmEvent> {
    let token = |t: &str| LlmEvent::Delta { text: t.to_owned() };
    if request.tools.is_empty() {
        return reply.split_inclusive(' ').map(token).collect();
    }
    let mut reader = CallReader::new(request.tools.iter().map(|t| t.name.clone()));
    let mut pieces = reader.push(reply);
    pieces.extend(reader.finish());
    let events = pieces.into_iter().enumerate().flat_map(|(i, piece)| match piece {
        Piece::Speech(text) => text.split_inclusive(' ').map(token).collect(),
        _ if request.tool_choice == ToolChoice::None => Vec::new(),
        Piece::Call { name, arguments } | Piece::Broken { text: name, why: arguments } => {
            let id = format!("call-{n}-{i}");
            vec![LlmEvent::ToolCall(ToolCall { id, name, arguments })]
        }
    });
    events.collect()
}

/// What another kind of operation would report.
fn garbage(event: &OpEvent) -> OpEvent {
    match event {
        OpEvent::Llm(_) => OpEvent::TurnEnd(f32::NAN),
        OpEvent::Stt(_)
        | OpEvent::TurnEnd(_)
        | OpEvent::Backchannel(_)
        | OpEvent::Speech(_)
        | OpEvent::Tool(_) => OpEvent::Llm(LlmEvent::Delta { text: "garbage".to_owned() }),
        OpEvent::Ended | OpEvent::Failed { .. } => OpEvent::Ended,
    }
}

/// Words spread evenly over the samples, by bytes.
pub(crate) fn spread(text: &str, samples: u64) -> Vec<WordTiming> {
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
