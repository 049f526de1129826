//! Text to tokens and back, by the vocabulary the file brings along.
//!
//! It deliberately knows no roles: what a conversation looks like in tokens is `chat`'s.

use std::str::from_utf8;

use antiphon_core::{Code, Error, Result};
use candle_core::quantized::tokenizer::TokenizerFromGguf as _;
use tokenizers::{
    Tokenizer,
    pre_tokenizers::{
        PreTokenizerWrapper, byte_level::ByteLevel, digits::Digits, sequence::Sequence,
    },
};

use crate::{gguf::GgufFile, turns::TAGS};

/// What `tokenizer.ggml.token_type` says of tokens that steer and are never said.
const CONTROL: i64 = 3;

/// A byte-level vocabulary.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    tokenizer: Tokenizer,
    /// In ascending order.
    control: Vec<u32>,
}

impl Vocabulary {
    /// The vocabulary of `file`.
    pub(crate) fn read(file: &GgufFile) -> Result<Self> {
        let mut tokenizer = Tokenizer::from_gguf(file.content())
            .map_err(|e| file.unsupported(format!("the tokenizer: {e}")))?;
        match file.text("tokenizer.ggml.pre").unwrap_or_default() {
            "qwen2" => {}
            // candle takes this for GPT-2's with a space in front of every text. It is GPT-2's
            // without one, and with each digit by itself (SmolLM2's tokenizer.json).
            "smollm" => {
                let steps: Vec<PreTokenizerWrapper> =
                    vec![Digits::new(true).into(), ByteLevel::new(false, true, true).into()];
                tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
                tokenizer.with_post_processor(None::<ByteLevel>);
            }
            other => return Err(file.unsupported(format!("the pre-tokenizer is {other:?}"))),
        }
        // Text that looks like a control token is text: nobody speaks for somebody else.
        tokenizer.set_encode_special_tokens(true);
        let kinds = file.numbers("tokenizer.ggml.token_type");
        let control = (0..).zip(kinds).filter(|(_, kind)| *kind == CONTROL).map(|(id, _)| id);
        Ok(Self { tokenizer, control: control.collect() })
    }

    /// The tokens of a text; control tokens are never among them.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let encoded = self.tokenizer.encode_fast(text, false);
        let encoded = encoded.map_err(|e| {
            Error::new("gguf.tokenize", Code::Internal, format!("{} bytes: {e}", text.len()))
        })?;
        Ok(encoded.get_ids().to_vec())
    }

    /// The tokens of a text whose tags around calls are tokens, where the vocabulary has them.
    pub(crate) fn encode_tagged(&self, text: &str) -> Result<Vec<u32>> {
        let first = TAGS.iter().filter_map(|tag| Some((text.find(tag)?, *tag))).min();
        let Some((at, tag)) = first else { return self.encode(text) };
        let Some(token) = self.tokenizer.token_to_id(tag) else { return self.encode(text) };
        let (before, after) = text.split_at(at);
        let mut tokens = self.encode(before)?;
        tokens.push(token);
        tokens.extend(self.encode_tagged(after.strip_prefix(tag).unwrap_or_default())?);
        Ok(tokens)
    }

    /// The control token of this name.
    pub(crate) fn control(&self, name: &str) -> Option<u32> {
        self.tokenizer.token_to_id(name).filter(|id| self.is_control(*id))
    }

    /// Whether a token steers: such a token ends a reply.
    pub(crate) fn is_control(&self, token: u32) -> bool {
        self.control.binary_search(&token).is_ok()
    }

    /// The tokens that begin a call, in any dialect, or nothing at all: no spoken reply begins so.
    pub(crate) fn openings(&self) -> Vec<u32> {
        let tokens = u32::try_from(self.tokenizer.get_vocab_size(true)).unwrap_or(u32::MAX);
        let opens = |token: &u32| {
            let bytes = self.bytes(*token);
            bytes.trim_ascii_start().first().is_none_or(|first| b"{[`<".contains(first))
        };
        (0..tokens).filter(|token| !self.is_control(*token)).filter(opens).collect()
    }

    fn bytes(&self, token: u32) -> Vec<u8> {
        let name = self.tokenizer.id_to_token(token).unwrap_or_default();
        name.chars().filter_map(byte).collect()
    }
}

/// The byte that a character stands for in byte-level vocabularies. GPT-2's table: printable
/// bytes of Latin-1 are themselves, the other 68 follow from U+0100 on, in order.
fn byte(c: char) -> Option<u8> {
    match u32::from(c) {
        code @ (0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff) => u8::try_from(code).ok(),
        code @ 0x100..=0x120 => u8::try_from(code - 0x100).ok(),
        code @ 0x121..=0x142 => u8::try_from(code - 0x121 + 0x7f).ok(),
        0x143 => Some(0xad),
        _ => None,
    }
}

/// Turns tokens into text as they come. A character waits until its last byte is there; bytes
/// that can be no character are left out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detokenizer {
    pending: Vec<u8>,
}

impl Detokenizer {
    /// The text that `token` completes; empty while it completes none.
    pub(crate) fn push(&mut self, vocabulary: &Vocabulary, token: u32) -> String {
        self.push_bytes(&vocabulary.bytes(token))
    }

    pub(crate) fn push_bytes(&mut self, bytes: &[u8]) -> String {
        self.pending.extend_from_slice(bytes);
        let mut text = String::new();
        let mut rest = self.pending.as_slice();
        loop {
            match from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    rest = &[];
                    break;
                }
                Err(e) => {
                    let (valid, broken) = rest.split_at(e.valid_up_to());
                    text.push_str(from_utf8(valid).unwrap_or_default());
                    rest = broken;
                    let Some(skip) = e.error_len() else { break };
                    rest = rest.get(skip..).unwrap_or_default();
                }
            }
        }
        self.pending = rest.to_vec();
        text
    }
}
