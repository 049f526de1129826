//! A language model that says whether a conversation meets a rubric. The models of this machine
//! are weak judges, and their verdicts are marked so.

use std::{path::Path, sync::Arc};

use antiphon::{
    Result,
    gguf::GgufOptions,
    llm::{Llm, LlmRequest, Message, Role},
    sim::scenario::Verdict,
};
use tokio::runtime::Handle;

use super::{agent::collect, run::Run};
use crate::{chat::agent::Mind, config::Agent};

/// Most tokens of a verdict: a word, and a sentence or two of reasons.
const TOKENS: u32 = 60;

const INSTRUCTIONS: &str = "You judge conversations between a user and an agent. You are given a \
     conversation and a statement about it. Answer with the word YES if the statement is true or \
     NO if it is not, then say why in one short sentence.";

/// Somebody who judges.
#[derive(Clone)]
pub(super) struct Judge {
    llm: Arc<dyn Llm>,
    runtime: Handle,
    name: Arc<str>,
    /// It is a model of this machine.
    weak: bool,
}

impl Judge {
    /// The language model of this agent file, or the best that is here.
    pub(super) fn of(agent: Option<&Path>, run: &mut Run) -> Result<Self> {
        let mind = match agent {
            Some(file) => Mind::of(&Agent { file: file.to_owned(), set: Vec::new() }.load()?)?,
            None => Mind::Local(None, GgufOptions::default()),
        };
        let (llm, local) = run.engines.mind(&mind)?;
        Ok(Self::new(llm, run.runtime.handle().clone(), local.is_some()))
    }

    fn new(llm: Arc<dyn Llm>, runtime: Handle, weak: bool) -> Self {
        let name = llm.capabilities().model.into();
        Self { llm, runtime, name, weak }
    }

    /// Its name, and what to think of it.
    pub(super) fn introduced(&self) -> String {
        let weak = if self.weak { ": a small model, and a weak judge" } else { "" };
        format!("{}{weak}", self.name)
    }

    /// Blocks for seconds. A model that fails has not been convinced.
    pub(super) fn judge(&self, rubric: &str, history: &[String]) -> Verdict {
        let text = format!("Conversation:\n{}\n\nStatement: {rubric}", history.join("\n"));
        let messages =
            vec![Message::new(Role::System, INSTRUCTIONS), Message::new(Role::User, text)];
        let request = LlmRequest {
            messages,
            max_tokens: Some(TOKENS),
            temperature: Some(0.0),
            ..LlmRequest::default()
        };
        let answer = self.runtime.block_on(collect(&*self.llm, request));
        let answer = answer.unwrap_or_else(|e| format!("nothing: {}", e.detail()));
        let verdict = verdict(&answer);
        let weak = if self.weak { ", a weak judge," } else { "" };
        let said = if verdict.is_some() { "said" } else { "gave no verdict, but said" };
        Verdict {
            met: verdict.unwrap_or(false),
            answer: format!("{}{weak} {said} {:?}", self.name, answer.trim()),
        }
    }
}

/// The verdict at the beginning of an answer; `None` if there is none.
fn verdict(answer: &str) -> Option<bool> {
    let word = answer.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty())?;
    match word.to_ascii_uppercase().as_str() {
        "YES" | "TRUE" => Some(true),
        "NO" | "FALSE" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
