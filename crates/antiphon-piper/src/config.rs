//! The voice's configuration file, as Piper publishes it.

use std::{collections::BTreeMap, path::Path};

use antiphon_core::{Code, Error, Result};
use serde::Deserialize;

/// What of `*.onnx.json` is needed to speak.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct VoiceConfig {
    audio: Audio,
    inference: Inference,
    phoneme_id_map: BTreeMap<String, Vec<i32>>,
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

const fn one() -> u32 {
    1
}

impl VoiceConfig {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bad = |what: String| {
            Error::new("piper.load", Code::InvalidInput, format!("{}: {what}", path.display()))
                .with_help("a Piper voice is a pair of files, NAME.onnx and NAME.onnx.json")
        };
        let text = std::fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
        let this: Self = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
        for needed in ["_", "^", "$"] {
            if this.id(needed).is_none() {
                return Err(bad(format!("the phoneme {needed:?} has no id")));
            }
        }
        Ok(this)
    }

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
    pub(crate) fn id(&self, symbol: &str) -> Option<i32> {
        self.phoneme_id_map.get(symbol)?.first().copied()
    }
}
