//! The chat template: ChatML, as both supported families were trained on it.
//!
//! It deliberately adds nothing but the tools on offer: some templates put in a system message of their own when there
//! is none, which no application asked for.

use antiphon_core::Result;
use antiphon_llm::LlmRequest;

use crate::{
    gguf::GgufFile,
    tokenizer::Vocabulary,
    turns::{Turn, turns},
};

/// Writes conversations in ChatML.
#[derive(Debug)]
pub(crate) struct Chat {
    start: u32,
    end: u32,
}

impl Chat {
    /// Recognises the template of `file`.
    pub(crate) fn read(file: &GgufFile, vocabulary: &Vocabulary) -> Result<Self> {
        let template = file.text("tokenizer.chat_template").unwrap_or_default();
        let mark = |name: &str| vocabulary.control(name).filter(|_| template.contains(name));
        match (mark("<|im_start|>"), mark("<|im_end|>")) {
            (Some(start), Some(end)) => Ok(Self { start, end }),
            (Some(_) | None, _) => Err(file.unsupported("its chat template is not ChatML")),
        }
    }

    /// The tokens of a conversation, and of the tools it may use.
    pub(crate) fn context(&self, request: &LlmRequest, of: &Vocabulary) -> Result<Vec<u32>> {
        let newline = of.encode("\n")?;
        let mut tokens = Vec::new();
        for Turn { text, tagged } in turns(request) {
            tokens.push(self.start);
            tokens.extend(if tagged { of.encode_tagged(&text) } else { of.encode(&text) }?);
            tokens.push(self.end);
            tokens.extend(&newline);
        }
        Ok(tokens)
    }

    /// The tokens after which the assistant speaks.
    pub(crate) fn reply(&self, of: &Vocabulary) -> Result<Vec<u32>> {
        let header = of.encode("assistant\n")?;
        Ok([vec![self.start], header].concat())
    }
}
