//! What came in: each event is handed to the sub-machine it concerns.
//!
//! It deliberately decides nothing that depends on several of them: that is settled afterwards.

use antiphon_core::{Code, OpId, RequestId, Timestamp};
use antiphon_llm::LlmEvent;
use antiphon_turn::{EndpointingMode, Why};

use super::{Conversation, Phase, report};
use crate::{
    Action, Actions, AgentUpdate, Command, Discard, Notice, OpEvent, PlayoutEvent, UserEvent,
    ops::Role,
    plans::{Plan, What},
    speech::Speech,
    waterfall::mark,
};

impl Conversation {
    pub(super) fn command(&mut self, command: Command, out: &mut Actions) {
        match command {
            Command::Start if self.phase == Phase::New => {
                self.phase = Phase::Running;
                if !self.config.greeting.is_empty() {
                    self.line_up(Plan::say(self.config.greeting.clone()), out);
                }
            }
            Command::Start => {}
            Command::Say(say) => {
                let what = What::Say { text: say.text, clip: say.clip, protected: say.protected };
                let (request, priority) = (Some(say.request), say.priority);
                self.line_up(Plan { request, priority, what }, out);
            }
            Command::Prompt { request, instructions, priority } => {
                let what = What::Prompt { instructions };
                self.line_up(Plan { request: Some(request), priority, what }, out);
            }
            Command::UserText { text } => self.user_text(text, out),
            Command::Interrupt => self.interrupt(out),
            Command::Withdraw(request) => self.withdraw(request, out),
            Command::CommitTurn => {
                self.commit_turn(out);
                if let Some(overlap) = self.overlap.take() {
                    self.confirm(overlap.turn, Why::Words, out);
                }
            }
            Command::ClearTurn => {
                self.turn.discard(Discard::Cleared, &mut self.ops, out);
                self.drop_speculation(out);
            }
            Command::Update(update) => self.update(update),
            Command::Close => self.close(out),
        }
    }

    /// The application ends the user's turn. Whoever decides by hand also says when the next one
    /// begins; otherwise a user who goes on speaking goes on in another turn.
    fn commit_turn(&mut self, out: &mut Actions) {
        let (config, ops) = (&self.config, &mut self.ops);
        match config.endpointing.mode {
            EndpointingMode::Manual => self.turn.ask_commit(self.now, config, ops, out),
            EndpointingMode::Detector
            | EndpointingMode::Fixed
            | EndpointingMode::Dynamic
            | EndpointingMode::SttFinal
            | EndpointingMode::Provider => self.turn.cut(self.now, config, ops, out),
        }
    }

    fn line_up(&mut self, plan: Plan, out: &mut Actions) {
        if let Some(refused) = self.waiting.push(plan) {
            let detail = "too many speeches are waiting already";
            report(out, "session.say", Code::RateLimited, detail);
            dropped(&refused, out);
        }
    }

    /// The application takes back one speech, whatever became of it.
    fn withdraw(&mut self, request: RequestId, out: &mut Actions) {
        if let Some(plan) = self.waiting.withdraw(request) {
            dropped(&plan, out);
        } else if self.speech.as_ref().is_some_and(|s| s.request == Some(request)) {
            self.interrupt(out);
        }
    }

    /// What a new agent brings; a reply that has begun keeps what it was begun with.
    fn update(&mut self, update: AgentUpdate) {
        let config = &mut self.config;
        if let Some(instructions) = update.instructions {
            config.instructions = instructions;
        }
        if let Some(voice) = update.voice {
            config.voice = Some(voice);
        }
        if let Some(tools) = update.tools {
            let before = std::mem::replace(&mut config.tools, tools);
            if let Some(speech) = &mut self.speech {
                speech.tools.get_or_insert(before);
            }
        }
    }

    pub(super) fn user(&mut self, event: UserEvent, out: &mut Actions) {
        if self.phase != Phase::Running {
            return;
        }
        match event {
            UserEvent::SpeechStarted { at, sample } => {
                if self.muted().is_some() {
                    self.turn.muted(at, sample);
                } else {
                    self.listen((at, sample), out);
                }
            }
            UserEvent::SpeechStopped { at } => {
                self.turn.speech_stopped(self.now, at, &self.config, &mut self.ops, out);
            }
            UserEvent::Left => {
                self.phase = Phase::Leaving;
                self.turn.speech_stopped(self.now, self.now, &self.config, &mut self.ops, out);
                if self.config.endpointing.mode == EndpointingMode::Provider {
                    // No audio will come by which the engine could tell.
                    self.turn.ask_commit(self.now, &self.config, &mut self.ops, out);
                }
            }
        }
    }

    /// The user speaks from this time and sample on.
    pub(super) fn listen(&mut self, start: (Timestamp, u64), out: &mut Actions) {
        self.attention.returned();
        self.drop_speculation(out);
        self.turn.speech_started(self.now, start, &self.config, &mut self.ops, out);
        self.begin_overlap(start.1, out);
    }

    pub(super) fn op(&mut self, op: OpId, event: OpEvent, out: &mut Actions) {
        let Some(live) = self.ops.get(op).cloned() else { return };
        self.ops.touch(self.now, op);
        if live.role == Role::Speak {
            self.playout.touch(self.now);
        }
        match (live.role, event) {
            (Role::Tool, OpEvent::Ended) => {
                self.tool_lost(op, out);
                self.op_ended(op, live.role, true, out);
            }
            (_, OpEvent::Ended) => self.op_ended(op, live.role, true, out),
            (_, OpEvent::Failed { code, detail }) => {
                self.op_failed(op, live.role, code, detail, out);
            }
            (Role::Transcribe, OpEvent::Stt(event)) => {
                if let Some((turn, text)) =
                    self.turn.transcribed(self.now, op, &event, &self.config, &mut self.ops, out)
                {
                    self.history.amend_user(turn, &text);
                    out.push(Action::Emit(Notice::UserTurn { turn, text, late: true }));
                }
            }
            (role @ Role::Predict, OpEvent::TurnEnd(p))
            | (role @ Role::Backchannel, OpEvent::Backchannel(p)) => {
                self.detected(op, role, p, out)
            }
            (Role::Generate, OpEvent::Llm(event)) => self.generated(op, event, out),
            (Role::Tool, OpEvent::Tool(event)) => self.tool(op, event, out),
            (Role::Speak, OpEvent::Speech(event)) => {
                if let Some(speech) = &mut self.speech {
                    speech.synthesised(self.now, op, event, out);
                }
            }
            (
                role,
                OpEvent::Stt(_)
                | OpEvent::TurnEnd(_)
                | OpEvent::Backchannel(_)
                | OpEvent::Llm(_)
                | OpEvent::Speech(_)
                | OpEvent::Tool(_),
            ) => {
                let detail = format!("{op} reported what a {} cannot", role.name());
                report(out, role.name(), Code::Protocol, detail);
            }
        }
    }

    fn generated(&mut self, op: OpId, event: LlmEvent, out: &mut Actions) {
        let Some(speech) = self.speech.as_mut().filter(|s| s.is_generated_by(op)) else { return };
        match event {
            LlmEvent::Delta { text } => {
                if !self.config.speak {
                    let (speech, text) = (speech.id, text.clone());
                    out.push(Action::Emit(Notice::ReplyText { speech, text }));
                }
                if speech.generated(self.now, &text) {
                    let detail = "the reply is too long; the rest is left out";
                    report(out, "llm.generate", Code::StreamError, detail);
                    speech.generation_ended(self.now, op);
                    self.ops.cancel(op, out);
                }
            }
            LlmEvent::ToolCall(call) => self.wanted(call, out),
            LlmEvent::Done { .. } => {}
        }
    }

    /// An effect broke off. The session goes on, and the user is not left without a word.
    pub(super) fn op_failed(
        &mut self,
        op: OpId,
        role: Role,
        code: Code,
        detail: String,
        out: &mut Actions,
    ) {
        report(out, role.name(), code, detail);
        self.ops.end(op);
        let mute = self.speech.as_mut().filter(|s| role == Role::Generate && s.is_wordless());
        if let Some(speech) = mute {
            if speech.speculates_on().is_some() {
                self.drop_speculation(out);
            } else if !self.config.apology.is_empty() {
                speech.generated(self.now, &self.config.apology);
            }
        }
        if role == Role::Tool {
            self.tool_lost(op, out);
        }
        self.op_ended(op, role, false, out);
    }

    /// The operation came to its end, or (not `whole`) broke off.
    pub(super) fn op_ended(&mut self, op: OpId, role: Role, whole: bool, out: &mut Actions) {
        self.ops.end(op);
        match role {
            Role::Tool => {}
            Role::Predict | Role::Backchannel => self.detection_ended(op),
            Role::Transcribe => {
                self.turn.transcription_ended(self.now, op, &self.config, &mut self.ops, out);
            }
            Role::Generate => self.generation_ended(op, out),
            Role::Speak => {
                self.playout.touch(self.now);
                if let Some(speech) = &mut self.speech {
                    speech.synthesis_ended(op, whole);
                }
            }
        }
    }

    /// The model has nothing more to say, or waits for the results of its calls.
    fn generation_ended(&mut self, op: OpId, out: &mut Actions) {
        let Some(speech) = self.speech.as_mut().filter(|s| s.is_generated_by(op)) else { return };
        let space = if speech.step.is_empty() { None } else { speech.set_off() };
        if let Some(space) = space.filter(|_| !self.config.speak) {
            let (speech, text) = (speech.id, space.to_owned());
            out.push(Action::Emit(Notice::ReplyText { speech, text }));
        }
        speech.generation_ended(self.now, op);
    }

    pub(super) fn played(&mut self, event: &PlayoutEvent, out: &mut Actions) {
        self.playout.reported(event);
        // What is held until its commit cannot have sounded, whatever is reported.
        let reported = |s: &&mut Speech| {
            s.generation == event.generation()
                && s.ledger.queued_samples() > 0
                && s.speculates_on().is_none()
        };
        let Some(speech) = self.speech.as_mut().filter(reported) else { return };
        self.playout.touch(self.now);
        if let Some(n) = event.played() {
            speech.ledger.played(n);
        }
        if !speech.audible && !matches!(event, PlayoutEvent::Flushed(..)) {
            speech.audible = true;
            self.turn.answered();
            let notice = Notice::SpeechStarted { speech: speech.id, turn: speech.turn };
            out.push(Action::Emit(notice));
            if let Some(mut waterfall) = speech.waterfall.take() {
                mark(&mut waterfall.playout_started, self.now);
                out.push(Action::Emit(Notice::Latency(waterfall)));
            }
        }
        if matches!(event, PlayoutEvent::Drained(..) | PlayoutEvent::Flushed(..))
            && let Some(mut speech) = self.speech.take()
        {
            speech.cancel(&mut self.ops, out);
            self.abandon_tools(&mut speech, true, out);
            self.end_speech(&speech, false, false, out);
        }
    }
}

/// Tells whoever asked that a speech will never be heard.
pub(super) fn dropped(plan: &Plan, out: &mut Actions) {
    if let Some(request) = plan.request {
        out.push(Action::Emit(Notice::RequestDropped(request)));
    }
}
