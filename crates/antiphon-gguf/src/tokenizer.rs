//! Text to tokens and back, by the tokenizer the file brings along.

use antiphon_core::{Code, Error, Result};
use candle_core::quantized::tokenizer::TokenizerFromGguf as _;
use tokenizers::{
    Tokenizer,
    pre_tokenizers::{byte_level::ByteLevel, digits::Digits, sequence::Sequence},
};

use crate::file::Source;

/// A tokenizer and the tokens that end a reply.
#[derive(Debug)]
pub(crate) struct Tokens {
    tokenizer: Tokenizer,
    ends: Vec<u32>,
}

impl Tokens {
    pub(crate) fn read(source: &Source) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_gguf(&source.content)
            .map_err(|e| source.error(format!("its tokenizer cannot be used ({e})")))?;
        if source.string("tokenizer.ggml.pre").ok() == Some("smollm") {
            // The reader does not know this kind and falls back to one that adds a space in front
            // and keeps numbers whole; the model was trained with single digits and no space.
            let digits = Digits::new(true).into();
            let bytes = ByteLevel::new(false, true, true).into();
            tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![digits, bytes])));
            tokenizer.with_post_processor(None::<ByteLevel>);
        }
        let ends = ["<|im_end|>", "<|endoftext|>", "<|im_start|>"];
        let ends = ends.iter().filter_map(|t| tokenizer.token_to_id(t)).collect();
        Ok(Self { tokenizer, ends })
    }

    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.tokenizer.encode(text, false).map_err(|e| {
            Error::new("llm.generate", Code::InvalidInput, format!("the text has no tokens ({e})"))
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    pub(crate) fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    fn decode(&self, tokens: &[u32]) -> String {
        self.tokenizer.decode(tokens, true).unwrap_or_default()
    }
}

/// Turns tokens into text as they come, never giving a part of a character.
#[derive(Debug, Default)]
pub(crate) struct Detokeniser {
    tokens: Vec<u32>,
    /// Tokens whose text has been given, and that text's length.
    given: (usize, usize),
}

impl Detokeniser {
    /// The text that `token` completes; empty while a character is incomplete.
    pub(crate) fn push(&mut self, tokens: &Tokens, token: u32) -> String {
        self.tokens.push(token);
        let (from, before) = self.given;
        let text = tokens.decode(self.tokens.get(from..).unwrap_or_default());
        if text.ends_with('\u{fffd}') {
            return String::new();
        }
        let new = text.get(before..).unwrap_or_default().to_owned();
        // The last token stays as context: a token's text can depend on the one before it.
        let from = self.tokens.len() - 1;
        let context = tokens.decode(self.tokens.get(from..).unwrap_or_default());
        self.given = (from, context.len());
        new
    }
}
