//! Tests of the conformance kit: a model made of rules passes it, and each broken rule is found.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};

use antiphon_core::{BoxStream, Code, Error, Result};
use async_trait::async_trait;
use futures_util::stream;

use crate::{FinishReason, Llm, LlmCapabilities, LlmEvent, LlmRequest, Usage, conformance};

/// A rule that [`Rules`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Nothing,
    Name,
    EmptyDelta,
    NoDone,
    TwiceDone,
    NothingSaid,
    Length,
    Finish,
    Characters,
    Fails,
    NoMessages,
    Warm,
    Temperature,
    Greedy,
    Context,
    Figures,
    Usage,
}

/// A model that says eight words, whatever it is asked.
struct Rules(Broken);

const CONTEXT: usize = 100;

impl Rules {
    fn validate(&self, request: &LlmRequest) -> Result<()> {
        let refuse = |what: &str| Err(Error::new("rules", Code::InvalidInput, what.to_owned()));
        let words: usize = request.messages.iter().map(|m| m.content.split(' ').count()).sum();
        let temperature = request.temperature.unwrap_or(0.0);
        let allowed = if self.0 == Broken::Greedy { 0.1..=2.0 } else { 0.0..=2.0 };
        if request.messages.is_empty() && self.0 != Broken::NoMessages {
            refuse("no messages")
        } else if !allowed.contains(&temperature) && self.0 != Broken::Temperature {
            refuse("an impossible temperature")
        } else if words > CONTEXT && self.0 == Broken::Figures {
            refuse("too long")
        } else if words > CONTEXT && self.0 != Broken::Context {
            refuse(&format!("{words} words where {CONTEXT} fit"))
        } else {
            Ok(())
        }
    }

    fn events(&self, request: &LlmRequest) -> Vec<Result<LlmEvent>> {
        let broken = |rule, then, otherwise| if self.0 == rule { then } else { otherwise };
        let text = "one two three four five six seven eight";
        let text = broken(Broken::EmptyDelta, "one  two three", text);
        let text = broken(Broken::Characters, "one caf\u{fffd} two", text);
        let text = broken(Broken::NothingSaid, "", text);
        let limit = request.max_tokens.unwrap_or(120) as usize;
        let limit = if self.0 == Broken::Length { 8 } else { limit };
        let words: Vec<_> = text.split(' ').take(limit).map(str::to_owned).collect();
        let cut = words.len() == limit && self.0 != Broken::Finish;
        let finish = if cut { FinishReason::Length } else { FinishReason::Stop };
        let output_tokens = if self.0 == Broken::Usage { 0 } else { words.len() as u32 };
        let usage = Usage { input_tokens: 5, cached_tokens: 0, output_tokens };
        let silent = text.is_empty();
        let deltas = words.into_iter().filter(|_| !silent);
        let mut events: Vec<_> = deltas.map(|text| Ok(LlmEvent::Delta { text })).collect();
        let dones = if self.0 == Broken::TwiceDone { 2 } else { 1 };
        let dones = if self.0 == Broken::NoDone { 0 } else { dones };
        events.extend((0..dones).map(|_| Ok(LlmEvent::Done { finish, usage })));
        if self.0 == Broken::Fails {
            events.insert(2, Err(Error::new("rules", Code::Internal, "broken")));
        }
        events
    }
}

#[async_trait]
impl Llm for Rules {
    fn capabilities(&self) -> LlmCapabilities {
        let model = if self.0 == Broken::Name { "" } else { "rules" }.to_owned();
        LlmCapabilities { model, context_tokens: CONTEXT, tools: false }
    }

    async fn generate(&self, request: LlmRequest) -> Result<BoxStream<Result<LlmEvent>>> {
        self.validate(&request)?;
        Ok(Box::pin(stream::iter(self.events(&request))))
    }

    async fn warm(&self, request: LlmRequest) -> Result<()> {
        if self.0 == Broken::Warm { Ok(()) } else { self.validate(&request) }
    }
}

fn passes(broken: Broken) -> bool {
    let llm = Rules(broken);
    let checks = || {
        let mut check = pin!(conformance::check(&llm));
        while check.as_mut().poll(&mut Context::from_waker(Waker::noop())) != Poll::Ready(()) {}
    };
    catch_unwind(AssertUnwindSafe(checks)).is_ok()
}

#[test]
fn a_model_that_keeps_the_rules_conforms() {
    assert!(passes(Broken::Nothing));
}

#[test]
fn each_broken_rule_is_found() {
    let rules = [
        Broken::Name,
        Broken::EmptyDelta,
        Broken::NoDone,
        Broken::TwiceDone,
        Broken::NothingSaid,
        Broken::Length,
        Broken::Finish,
        Broken::Characters,
        Broken::Fails,
        Broken::NoMessages,
        Broken::Warm,
        Broken::Temperature,
        Broken::Greedy,
        Broken::Context,
        Broken::Figures,
        Broken::Usage,
    ];
    for broken in rules {
        assert!(!passes(broken), "{broken:?} went unnoticed");
    }
}
