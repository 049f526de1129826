//! Tools in a reply: called once it is committed (what changes nothing may begin before), awaited,
//! their results put into history with the calls, and the reply goes on.

use antiphon_core::{
    Code, EffectClass, OpId, SpeechId, Timestamp, ToolCall, ToolDefinition, ToolEvent, ToolResult,
    TurnId,
};
use antiphon_llm::ToolChoice;
use antiphon_state::{Item, Said};

use super::{Conversation, report};
use crate::{
    Action, Actions, Effect, Notice, Priority, UserWords, messages,
    plans::{Plan, What},
    speech::Speech,
    tools::{MAX_CALLS, Running},
};

impl Conversation {
    /// The model wants a tool called.
    pub(super) fn wanted(&mut self, call: ToolCall, out: &mut Actions) {
        let Some(speech) = &mut self.speech else { return };
        if speech.steps >= self.config.max_tool_steps.max(1) {
            let detail = format!("the model calls {:?} though it has to speak", call.name);
            report(out, "tool.call", Code::InvalidInput, detail);
        } else if !speech.step.want(call) {
            let detail = format!("more than {MAX_CALLS} calls at once; the rest is left out");
            report(out, "tool.call", Code::InvalidInput, detail);
        }
    }

    /// Starts the calls that may begin, and goes on with a reply that has its results.
    pub(super) fn settle_tools(&mut self, out: &mut Actions) {
        let Some(speech) = &mut self.speech else { return };
        let committed = speech.speculates_on().is_none();
        let tools = speech.tools.as_deref().unwrap_or(&self.config.tools);
        let begun = speech.step.begin(|c| committed || effect(tools, c) == EffectClass::Read);
        let (turn, id) = (speech.turn, speech.id);
        let fill = !self.config.filler.is_empty() && speech.is_wordless();
        if !begun.is_empty() && fill {
            speech.step.filler_at = Some(self.now + self.config.filler_after);
        }
        let begun: Vec<_> = begun.into_iter().map(|call| (effect(tools, &call), call)).collect();
        for (effect, call) in begun {
            self.call_tool(call, turn, id, effect, out);
        }
        self.fill(out);
        self.go_on(out);
    }

    fn call_tool(
        &mut self,
        call: ToolCall,
        turn: TurnId,
        speech: SpeechId,
        effect: EffectClass,
        out: &mut Actions,
    ) {
        out.push(Action::Emit(Notice::ToolCalled { turn, call: call.clone() }));
        let said = self.config.ground_tool_calls.then(|| self.user_words());
        let start = Effect::CallTool { call: call.clone(), turn, said };
        let op = self.ops.start(self.now, start, out);
        let speech = Some(speech);
        self.tools.start(op, Running { call, turn, speech, effect, deferred: false });
    }

    /// What the user has said, also what is not in history yet.
    fn user_words(&self) -> UserWords {
        let texts = self.history.items().filter_map(|i| match &i.said {
            Said::User { text } => Some(text.as_str()),
            Said::Agent { .. } | Said::Tool { .. } => None,
        });
        let open = self.speech.as_ref().and_then(Speech::speculates_on);
        let all: Vec<&str> = texts.chain(open).collect();
        UserWords {
            last: all.last().map_or_else(String::new, |s| (*s).to_owned()),
            all: all.join("\n"),
        }
    }

    /// Something happened to a call.
    pub(super) fn tool(&mut self, op: OpId, event: ToolEvent, out: &mut Actions) {
        let Some(running) = self.tools.get_mut(op) else { return };
        let (call, name) = (running.call.id.clone(), running.call.name.clone());
        out.push(Action::Emit(Notice::Tool { call, name, event: event.clone() }));
        match event {
            ToolEvent::Started { .. } | ToolEvent::Progress { .. } => {}
            ToolEvent::Deferred { result, .. } => {
                let (speech, call) = (running.speech.take(), running.call.clone());
                let turn = running.turn;
                running.deferred = true;
                // Nobody waits for it any more; whoever runs it says how long it may take.
                self.ops.unlimit(op);
                self.result(speech, turn, call, result, out);
            }
            ToolEvent::Completed { result, .. } | ToolEvent::Failed { result, .. } => {
                self.tool_ended(op, result, out);
            }
        }
    }

    /// A call has its final result; it was the last word of its operation.
    fn tool_ended(&mut self, op: OpId, result: ToolResult, out: &mut Actions) {
        let Some(running) = self.tools.end(op) else { return };
        let Running { call, turn, speech, deferred, .. } = running;
        if !deferred {
            self.result(speech, turn, call, result, out);
            return;
        }
        let outcome = if result.is_error { "failed" } else { "is finished" };
        let instructions =
            format!("The tool {} {outcome}: {}\nTell the user.", call.name, result.text);
        let what = What::Prompt { instructions };
        let plan = Plan { request: None, priority: Priority::Normal, what };
        if self.waiting.push(plan).is_some() {
            report(out, "tool.call", Code::RateLimited, "too many speeches wait to tell the news");
        }
    }

    /// The operation of a call is over without a result.
    pub(super) fn tool_lost(&mut self, op: OpId, out: &mut Actions) {
        let text = "The tool broke off without a result.".to_owned();
        self.tool_ended(op, ToolResult { text, is_error: true, truncated: false }, out);
    }

    /// The reply that waits gets the result; if none does, history has the pair at once.
    fn result(
        &mut self,
        speech: Option<SpeechId>,
        turn: TurnId,
        call: ToolCall,
        result: ToolResult,
        out: &mut Actions,
    ) {
        match self.speech.as_mut().filter(|s| Some(s.id) == speech) {
            Some(speech) => speech.step.result(call, result),
            None => self.record(turn, call, result, out),
        }
    }

    fn record(&mut self, turn: TurnId, call: ToolCall, result: ToolResult, out: &mut Actions) {
        let notice = Notice::ToolResult { turn, call: call.clone(), result: result.clone() };
        out.push(Action::Emit(notice));
        self.history.push(Item { turn, said: Said::Tool { call, result } });
    }

    /// A reply whose step is complete goes on, with the results in history.
    fn go_on(&mut self, out: &mut Actions) {
        let ready = |s: &&mut Speech| s.speculates_on().is_none() && s.has_results();
        let Some(speech) = self.speech.as_mut().filter(ready) else { return };
        let (turn, said_before) = (speech.turn, speech.step_text());
        let (first_request, offered) = (speech.prompt.clone(), speech.tools.clone());
        for (call, result) in speech.step.take() {
            self.record(turn, call, result, out);
        }
        let mut request = messages::request(&self.config, &self.history, None);
        request.tools = offered.unwrap_or(request.tools);
        messages::say_before_calls(&mut request, &said_before);
        if let Some(instructions) = first_request {
            messages::instruct(&mut request, instructions);
        }
        if let Some(speech) = &mut self.speech {
            if speech.steps + 1 >= self.config.max_tool_steps {
                request.tool_choice = ToolChoice::None;
            }
            let op = self.ops.start(self.now, Effect::Generate(request), out);
            speech.next_step(op);
        }
    }

    /// Says something while tools take their time.
    fn fill(&mut self, out: &mut Actions) {
        if self.filler_due().is_none_or(|at| at > self.now) {
            return;
        }
        if let Some(speech) = &mut self.speech {
            speech.step.filler_at = None;
            speech.generated(self.now, &self.config.filler);
            speech.set_off();
            speech.end_segment();
            speech.pump(self.now, &self.config, &mut self.ops, out);
        }
    }

    pub(super) fn filler_due(&self) -> Option<Timestamp> {
        let speech = self.speech.as_ref().filter(|s| s.speculates_on().is_none())?;
        speech.step.filler_at
    }

    /// The reply is over before its step was: what changes nothing is dropped, the rest runs on,
    /// and finished results are kept, unless the reply was never committed.
    pub(super) fn abandon_tools(&mut self, speech: &mut Speech, keep: bool, out: &mut Actions) {
        for op in self.tools.abandon(speech.id) {
            self.ops.cancel(op, out);
        }
        let turn = speech.turn;
        let finished = speech.step.take();
        for (call, result) in finished.into_iter().filter(|_| keep) {
            self.record(turn, call, result, out);
        }
    }
}

/// What a call changes; of an unknown tool nothing, since it will not run.
fn effect(tools: &[ToolDefinition], call: &ToolCall) -> EffectClass {
    let known = tools.iter().find(|t| t.name == call.name);
    known.map_or(EffectClass::Read, |t| t.effect)
}
