//! The voice's configuration file, as Piper publishes it beside the graph.

use std::{collections::BTreeMap, path::Path};

use antiphon_core::{Code, Error, Result};
use serde::Deserialize;

/// What of `*.onnx.json` is needed to speak.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct VoiceConfig {
    audio: Audio,
    inference: Inference,
    phoneme_id_map: BTreeMap<String, Vec<i32>>,
    language: Option<Language>,
    #[serde(default = "one")]
    num_speakers: u32,
    #[serde(default)]
    pub(crate) speaker_id_map: BTreeMap<String, i32>,
}

#[derive(Clone, Debug, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Clone, Debug, Deserialize)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

#[derive(Clone, Debug, Deserialize)]
struct Language {
    code: String,
}

/// Symbols every Piper voice has: padding, start and end of an utterance.
pub(crate) const PAD: char = '_';
pub(crate) const START: char = '^';
pub(crate) const END: char = '$';

const fn one() -> u32 {
    1
}

impl VoiceConfig {
    /// Reads and checks the file.
    ///
    /// # Errors
    /// `storage` if it cannot be read, `corrupt` if it is not a voice's configuration,
    /// `invalid_input` if its language cannot be spoken.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let failed = |code, what: &str| {
            let what = format!("{}: {what}", path.display());
            Error::new("piper.load", code, what)
                .with_help("a Piper voice is a pair of files, NAME.onnx and NAME.onnx.json")
        };
        let text = std::fs::read_to_string(path)
            .map_err(|e| failed(Code::Storage, &e.to_string()).with_source(e))?;
        let this: Self = serde_json::from_str(&text)
            .map_err(|e| failed(Code::Corrupt, &e.to_string()).with_source(e))?;
        if let Some(symbol) = [PAD, START, END].into_iter().find(|s| this.id(*s).is_none()) {
            return Err(failed(Code::Corrupt, &format!("the phoneme {symbol:?} has no id")));
        }
        if !(8_000..=192_000).contains(&this.rate_hz()) {
            let what = format!("a sample rate of {} Hz", this.rate_hz());
            return Err(failed(Code::Corrupt, &what));
        }
        match &this.language {
            Some(language) if !language.code.starts_with("en") => {
                let what = format!("the voice speaks {:?}, only English is known", language.code);
                Err(failed(Code::InvalidInput, &what))
            }
            _ => Ok(this),
        }
    }

    /// Samples per second.
    pub(crate) const fn rate_hz(&self) -> u32 {
        self.audio.sample_rate
    }

    pub(crate) const fn is_multi_speaker(&self) -> bool {
        self.num_speakers > 1
    }

    /// Noise, length and duration-noise scales for a speaking rate; `steady` leaves chance out.
    pub(crate) fn scales(&self, rate: f32, steady: bool) -> [f32; 3] {
        let length = self.inference.length_scale / rate;
        match steady {
            true => [0.0, length, 0.0],
            false => [self.inference.noise_scale, length, self.inference.noise_w],
        }
    }

    /// The id of a phoneme symbol.
    pub(crate) fn id(&self, symbol: char) -> Option<i32> {
        self.phoneme_id_map.get(symbol.encode_utf8(&mut [0; 4]) as &str)?.first().copied()
    }
}
