//! A language model that says whether a conversation meets a rubric. The models of this machine
//! are weak judges, and their verdicts are marked so.

use std::sync::Arc;

use antiphon::{
    Result,
    gguf::GgufOptions,
    llm::{Llm, LlmRequest, Message, Role},
    local,
    sim::scenario::Verdict,
};
use tokio::runtime::{Handle, Runtime};

use super::agent::collect;
use crate::progress::Bar;

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
}

impl Judge {
    /// The best language model that is here.
    pub(super) fn load(runtime: &Runtime) -> Result<Self> {
        let mut bar = Bar::default();
        let options = GgufOptions::default();
        let (llm, _) = local::language_model(&local::store()?, None, options, &mut bar)?;
        let name = llm.capabilities().model.into();
        Ok(Self { llm: Arc::new(llm), runtime: runtime.handle().clone(), name })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
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
        Verdict {
            met: verdict(&answer).unwrap_or(false),
            answer: format!("{}, a weak judge, said {:?}", self.name, answer.trim()),
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
mod tests {
    use super::verdict;

    #[test]
    fn the_first_word_is_the_verdict() {
        for (answer, met) in [
            ("YES, the agent is polite.", Some(true)),
            ("\n**No**: it never asks.", Some(false)),
            ("True.", Some(true)),
            ("Not really, yes and no.", None),
            ("The statement is true.", None),
            ("", None),
        ] {
            assert_eq!(verdict(answer), met, "{answer}");
        }
    }
}
