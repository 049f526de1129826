//! A whole model: audio in, text out. Blocking, shared, without state between calls.

use std::path::Path;

use antiphon_core::{Code, Error, Result, SPEECH_RATE_HZ};

use crate::{
    decoder::Decoder,
    encoder::{Encoder, HEADS, MIN_SAMPLES},
    math::Rope,
    sound::Sound,
    weights::Weights,
};

/// Most tokens a second of speech gives (Moonshine's reference code caps its output so).
const TOKENS_PER_SECOND: f64 = 6.5;

/// Longest audio one call takes: longer input makes the model invent sentences.
const MAX_SECONDS: usize = 30;

/// Encoder vectors, and decoder tokens, at most: 41.7 a second for the longest audio.
const POSITIONS: usize = 42 * MAX_SECONDS;

const MAX_SAMPLES: usize = MAX_SECONDS * SPEECH_RATE_HZ as usize;

/// A loaded model. English only.
#[derive(Debug)]
pub struct Moonshine {
    encoder: Encoder,
    decoder: Decoder,
    rope: Rope,
    tokens: Vec<Vec<u8>>,
}

impl Moonshine {
    /// Loads a file written by [`convert`](crate::convert).
    ///
    /// # Errors
    /// `storage` if it cannot be read, `corrupt` if it is damaged or something else.
    pub fn load(path: &Path) -> Result<Self> {
        let mut weights = Weights::read(path)?;
        let tokens = vocabulary(&weights.bytes("tokenizer")?).ok_or_else(|| {
            let what = format!("{}: the tokenizer is damaged", path.display());
            Error::new("moonshine.load", Code::Corrupt, what)
        })?;
        let encoder = Encoder::load(&mut weights)?;
        let decoder = Decoder::load(&mut weights, encoder.width())?;
        let rope = Rope::new(encoder.width() / HEADS, POSITIONS);
        Ok(Self { encoder, decoder, rope, tokens })
    }

    /// What is said in `pcm`, one channel at 16 kHz: of the sound in it at most 30 seconds. Empty
    /// if there is less than 100 ms of sound. Blocks; `cancel` is asked before every encoder layer
    /// and every decoder token.
    ///
    /// # Errors
    /// `cancelled` if `cancel` said so.
    pub fn transcribe(&self, pcm: &[i16], cancel: &dyn Fn() -> bool) -> Result<String> {
        let mut sound = Sound::default();
        sound.scan(pcm);
        let pcm = pcm.get(sound.range(pcm.len())).unwrap_or_default();
        let pcm = pcm.get(..MAX_SAMPLES).unwrap_or(pcm);
        if pcm.len() < MIN_SAMPLES {
            return Ok(String::new());
        }
        let seconds = pcm.len() as f64 / f64::from(SPEECH_RATE_HZ);
        let max_tokens = (seconds * TOKENS_PER_SECOND).ceil() as usize + 4;
        let cancelled = || Error::new("stt.transcribe", Code::Cancelled, "nobody wants the text");
        let audio = self.encoder.run(pcm, &self.rope, cancel).ok_or_else(cancelled)?;
        let tokens = self.decoder.run(&audio, max_tokens.min(POSITIONS), &self.rope, cancel);
        Ok(self.text(&tokens.ok_or_else(cancelled)?))
    }

    fn text(&self, tokens: &[usize]) -> String {
        let piece = |t: &usize| self.tokens.get(*t);
        let special = |p: &&Vec<u8>| p.len() > 2 && p.starts_with(b"<") && p.ends_with(b">");
        let bytes: Vec<u8> =
            tokens.iter().filter_map(piece).filter(|p| !special(p)).flatten().copied().collect();
        String::from_utf8_lossy(&bytes).replace('\u{2581}', " ").trim().to_owned()
    }
}

/// Pieces of text by token: each a length, of one byte or two, and so many bytes.
fn vocabulary(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut tokens = Vec::new();
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let (len, tail) = match usize::from(*first) {
            short @ 0..128 => (short, tail),
            long => {
                let (second, tail) = tail.split_first()?;
                (long - 128 + 128 * usize::from(*second), tail)
            }
        };
        let (piece, tail) = tail.split_at_checked(len)?;
        tokens.push(piece.to_vec());
        rest = tail;
    }
    Some(tokens)
}
