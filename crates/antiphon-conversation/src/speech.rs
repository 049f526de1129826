//! One piece of agent output: text arrives, is cut into segments, synthesised within the credit
//! playout gives, and played.
//!
//! It deliberately knows nothing of the user. Interrupting it is the caller's decision.

use std::collections::VecDeque;

use antiphon_core::{
    Generation, OpId, RequestId, SegmentId, SpeechId, Timestamp, ToolDefinitions, TurnId,
};
use antiphon_tts::{Splitter, SplitterConfig, TtsRequest};

use crate::{
    Action, Actions, Config, Effect, Notice, PlayoutCommand, SynthesisEvent, Waterfall,
    ledger::{Cut, Ledger},
    ops::Ops,
    tools::Step,
    waterfall::mark,
};

/// A reply that grows beyond this is stopped: no one listens for an hour and a half.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// With so much audio left the agent's floor is as good as free: about a last word.
const NEARLY_OVER_MS: u64 = 600;

#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) id: SpeechId,
    pub(crate) turn: TurnId,
    /// Who asked for it.
    pub(crate) request: Option<RequestId>,
    pub(crate) generation: Generation,
    pub(crate) protected: bool,
    pub(crate) waterfall: Option<Waterfall>,
    pub(crate) ledger: Ledger,
    /// Whether its first sample has left.
    pub(crate) audible: bool,
    /// The user's text it answers before that is committed; `None` once committed.
    speculative: Option<String>,
    /// What is to be told of it once it is committed.
    untold: Vec<Notice>,
    /// It plays a recording, kept under `request`.
    clip: bool,
    generate: Option<OpId>,
    next_segment: u32,
    splitter: Splitter,
    pending: VecDeque<String>,
    synths: Vec<OpId>,
    composed_bytes: usize,
    composed_chars: usize,
    finish_sent: bool,
    /// The tools the model wants before it goes on.
    pub(crate) step: Step,
    /// The tools it was offered, if the session has others by now.
    pub(crate) tools: Option<ToolDefinitions>,
    /// Steps of tools so far.
    pub(crate) steps: u32,
    /// Instructions for this reply alone.
    pub(crate) prompt: Option<String>,
    /// Text since the last step.
    step_text: String,
    /// Text that counts as heard without being spoken.
    told: String,
}

impl Speech {
    pub(crate) fn new(
        id: u32,
        turn: TurnId,
        request: Option<RequestId>,
        waterfall: Option<Waterfall>,
    ) -> Self {
        Self {
            id: SpeechId(id),
            turn,
            request,
            generation: Generation(id),
            protected: false,
            waterfall,
            ledger: Ledger::default(),
            audible: false,
            speculative: None,
            untold: Vec::new(),
            clip: false,
            generate: None,
            next_segment: 0,
            splitter: Splitter::new(SplitterConfig::default()),
            pending: VecDeque::new(),
            synths: Vec::new(),
            composed_bytes: 0,
            composed_chars: 0,
            finish_sent: false,
            step: Step::default(),
            tools: None,
            steps: 0,
            prompt: None,
            step_text: String::new(),
            told: String::new(),
        }
    }

    /// The speech says a given text; with `clip`, as it was recorded, in one piece.
    pub(crate) fn with_text(mut self, text: &str, clip: bool, protected: bool) -> Self {
        (self.clip, self.protected) = (clip, protected);
        if clip {
            self.pending.push_back(text.to_owned());
        } else {
            self.compose(text);
            self.pending.extend(self.splitter.finish());
        }
        self
    }

    /// What tells of its beginning.
    pub(crate) const fn created(&self) -> Notice {
        Notice::SpeechCreated { speech: self.id, turn: self.turn, request: self.request }
    }

    /// The speech says what `op` generates; with `speculative`, only after that text is committed.
    pub(crate) fn with_generation(mut self, op: OpId, speculative: Option<String>) -> Self {
        self.generate = Some(op);
        self.speculative = speculative;
        self
    }

    /// The user's text a speculative reply answers.
    pub(crate) fn speculates_on(&self) -> Option<&str> {
        self.speculative.as_deref()
    }

    /// From now on it may be heard.
    pub(crate) fn commit(&mut self, waterfall: &Waterfall, out: &mut Actions) {
        self.speculative = None;
        out.push(Action::Emit(self.created()));
        out.extend(self.untold.drain(..).map(Action::Emit));
        if let Some(own) = &mut self.waterfall {
            own.committed = waterfall.committed;
            own.stt_final = waterfall.stt_final;
            own.turn_predicted = waterfall.turn_predicted;
        }
    }

    fn compose(&mut self, text: &str) {
        self.composed_bytes = self.composed_bytes.saturating_add(text.len());
        self.composed_chars = self.composed_chars.saturating_add(text.chars().count());
        self.step_text.push_str(text);
        let mut segments = Vec::new();
        self.splitter.push(text, &mut segments);
        self.pending.extend(segments);
    }

    /// More text of the generation. Returns whether it is too long to go on.
    pub(crate) fn generated(&mut self, now: Timestamp, text: &str) -> bool {
        if let Some(w) = &mut self.waterfall {
            mark(&mut w.llm_first_token, now);
        }
        self.compose(text);
        if let Some(w) = &mut self.waterfall
            && !self.pending.is_empty()
        {
            mark(&mut w.first_segment, now);
        }
        self.composed_bytes > MAX_TEXT_BYTES
    }

    /// Whether `op` composes it.
    pub(crate) fn is_generated_by(&self, op: OpId) -> bool {
        self.generate == Some(op)
    }

    /// What was composed since the last step of tools.
    pub(crate) fn step_text(&self) -> String {
        self.step_text.clone()
    }

    /// The model waits for results, and all are there.
    pub(crate) const fn has_results(&self) -> bool {
        self.generate.is_none() && self.step.is_complete()
    }

    /// The reply goes on with `op`.
    pub(crate) fn next_step(&mut self, op: OpId) {
        self.generate = Some(op);
        self.steps += 1;
        self.step_text.clear();
    }

    /// What was said before a call is told apart from what is said after it. Gives the space that
    /// this takes.
    pub(crate) fn set_off(&mut self) -> Option<&'static str> {
        let joins = self.step_text.chars().next_back().is_some_and(|c| !c.is_whitespace());
        joins.then(|| {
            self.compose(" ");
            " "
        })
    }

    /// What was composed so far is not waited with for more.
    pub(crate) fn end_segment(&mut self) {
        self.pending.extend(self.splitter.finish());
    }

    /// Whether no text has come yet.
    pub(crate) const fn is_wordless(&self) -> bool {
        self.composed_bytes == 0
    }

    /// Whether anything of it went to synthesis.
    pub(crate) const fn has_segments(&self) -> bool {
        self.next_segment > 0
    }

    /// Characters that went to synthesis.
    pub(crate) fn spoken_chars(&self) -> usize {
        self.ledger.text_chars()
    }

    /// Characters of text that have come.
    pub(crate) const fn composed_chars(&self) -> usize {
        self.composed_chars
    }

    /// The generation `op` is over. Returns whether it was this speech's.
    pub(crate) fn generation_ended(&mut self, now: Timestamp, op: OpId) -> bool {
        if self.generate != Some(op) {
            return false;
        }
        self.generate = None;
        self.end_segment();
        if let Some(w) = &mut self.waterfall
            && !self.pending.is_empty()
        {
            mark(&mut w.first_segment, now);
        }
        true
    }

    /// A synthesis of this speech reported.
    pub(crate) fn synthesised(
        &mut self,
        now: Timestamp,
        op: OpId,
        event: SynthesisEvent,
        out: &mut Actions,
    ) {
        match event {
            SynthesisEvent::Queued(samples) => {
                if let Some(w) = &mut self.waterfall {
                    mark(&mut w.tts_first_audio, now);
                }
                self.ledger.queued(op, samples);
            }
            SynthesisEvent::Words(mut words) => {
                let Some((segment, start)) = self.ledger.words(op, &words) else { return };
                for w in &mut words {
                    w.samples =
                        w.samples.start.saturating_add(start)..w.samples.end.saturating_add(start);
                }
                self.tell_of(Notice::Words { speech: self.id, segment, words }, out);
            }
        }
    }

    /// A synthesis of this speech is over, or (not `whole`) broke off.
    pub(crate) fn synthesis_ended(&mut self, op: OpId, whole: bool) {
        self.synths.retain(|o| *o != op);
        self.ledger.complete(op, whole);
    }

    /// Whether its first segment could be synthesised now, though nobody may hear it yet. One is
    /// enough to answer the moment the turn is committed, and all that is lost if it never is.
    pub(crate) fn wants_head_start(&self, config: &Config) -> bool {
        let first = self.next_segment == 0 && !self.pending.is_empty();
        config.speak && config.preemptive_speech && self.speculative.is_some() && first
    }

    /// Starts what the credit allows, and tells playout when everything was queued. Returns
    /// whether it did the latter: from then on playout owes an answer. Playout must hold what is
    /// not committed.
    pub(crate) fn pump(
        &mut self,
        now: Timestamp,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) -> bool {
        if self.speculative.is_some() {
            if self.wants_head_start(config)
                && let Some(text) = self.pending.pop_front()
            {
                self.speak(now, text, config, ops, out);
            }
            return false;
        }
        if !config.speak {
            self.tell(out);
            return false;
        }
        while self.synths.len() < config.segments_ahead
            && self.ledger.unplayed() <= config.segments_ahead
            && let Some(text) = self.pending.pop_front()
        {
            self.speak(now, text, config, ops, out);
        }
        let finishes = self.is_composed() && !self.finish_sent && self.ledger.queued_samples() > 0;
        if finishes {
            self.finish_sent = true;
            out.push(Action::Playout(PlayoutCommand::Finish(self.generation)));
        }
        finishes
    }

    /// What is not committed may come to nothing: of that, nobody is told.
    fn tell_of(&mut self, notice: Notice, out: &mut Actions) {
        match self.speculative {
            Some(_) => self.untold.push(notice),
            None => out.push(Action::Emit(notice)),
        }
    }

    /// Without a voice, text counts as heard when it is there.
    fn tell(&mut self, out: &mut Actions) {
        for text in self.pending.drain(..) {
            let segment = SegmentId(self.next_segment);
            self.next_segment += 1;
            self.told.push_str(&text);
            out.push(Action::Emit(Notice::Segment { speech: self.id, segment, text }));
        }
    }

    fn speak(
        &mut self,
        now: Timestamp,
        text: String,
        config: &Config,
        ops: &mut Ops,
        out: &mut Actions,
    ) {
        let segment = SegmentId(self.next_segment);
        self.next_segment += 1;
        let notice = Notice::Segment { speech: self.id, segment, text: text.clone() };
        self.tell_of(notice, out);
        let generation = self.generation;
        let effect = match self.request.filter(|_| self.clip) {
            Some(clip) => Effect::Play { generation, segment, clip },
            None => {
                let (text, voice) = (text.clone(), config.voice.clone());
                let request = TtsRequest { text, voice, rate: config.speaking_rate };
                Effect::Speak { generation, segment, request }
            }
        };
        let op = ops.start(now, effect, out);
        self.ledger.open(segment, op, text, config.playout_rate_hz);
        self.synths.push(op);
    }

    /// Everything composed has been synthesised and queued.
    fn is_composed(&self) -> bool {
        self.generate.is_none()
            && self.step.is_empty()
            && self.pending.is_empty()
            && self.synths.is_empty()
    }

    /// It ended without a sound: nothing to play, nothing more to come.
    pub(crate) fn is_mute(&self) -> bool {
        self.speculative.is_none() && self.is_composed() && self.ledger.queued_samples() == 0
    }

    /// Whether playout owes a report: audio waits to be played, or its end to be told.
    pub(crate) fn awaits_playout(&self) -> bool {
        self.finish_sent || self.ledger.queued_samples() > self.ledger.played_samples()
    }

    /// Cancels everything that still works on it.
    pub(crate) fn cancel(&mut self, ops: &mut Ops, out: &mut Actions) {
        for op in self.generate.take().into_iter().chain(self.synths.drain(..)) {
            ops.cancel(op, out);
        }
    }

    /// Everything is queued and less than [`NEARLY_OVER_MS`] of it is left.
    pub(crate) fn is_nearly_over(&self, rate_hz: u32) -> bool {
        let left = self.ledger.queued_samples().saturating_sub(self.ledger.played_samples());
        self.is_composed() && left * 1000 <= u64::from(rate_hz) * NEARLY_OVER_MS
    }

    /// What was heard of it within the echo guard's window, with the word that was cut off: the
    /// words that may come back through the user's microphone.
    pub(crate) fn recent(&self, config: &Config) -> String {
        let echo = &config.interruption.echo;
        if !echo.enabled {
            return String::new();
        }
        let window = echo.window.as_millis() as u64 * u64::from(config.playout_rate_hz) / 1000;
        self.ledger.heard_since(self.ledger.played_samples().saturating_sub(window))
    }

    /// Its text, cut at what was heard.
    pub(crate) fn cut(&self) -> Cut {
        let mut rest: String = self.pending.iter().map(String::as_str).collect();
        rest.push_str(&self.splitter.clone().finish().unwrap_or_default());
        if !self.told.is_empty() {
            return Cut { heard: self.told.clone(), unheard: rest, estimated: false };
        }
        self.ledger.cut(&rest)
    }
}
