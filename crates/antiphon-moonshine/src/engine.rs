//! The model as an [`Stt`] engine: one worker thread, sessions with nothing but their audio.

use std::path::Path;

use antiphon_core::{BoxStream, Code, Error, Result, SPEECH_RATE_HZ};
use antiphon_stt::{Stt, SttCapabilities, SttEvent, SttInput, SttRequest};
use async_trait::async_trait;
use futures_util::stream;

use crate::{listening::Listening, model::Moonshine, streaming::MoonshineConfig, worker::Worker};

/// Moonshine behind the speech-to-text port. Clones share the model and its thread, which decodes
/// for all of them one after the other and ends with the last of them.
#[derive(Clone, Debug)]
pub struct MoonshineStt {
    worker: Worker,
    config: MoonshineConfig,
}

impl MoonshineStt {
    /// Loads a [converted](crate::convert) model and starts its thread.
    ///
    /// # Errors
    /// As [`Moonshine::load`] and [`start`](Self::start).
    pub fn load(path: &Path) -> Result<Self> {
        Self::start(Moonshine::load(path)?, MoonshineConfig::default())
    }

    /// Starts the thread of a loaded model.
    ///
    /// # Errors
    /// `unavailable` if no thread can be started.
    pub fn start(model: Moonshine, config: MoonshineConfig) -> Result<Self> {
        Ok(Self { worker: Worker::start(model)?, config })
    }

    /// Whether no decode waits or runs, for whomever.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.worker.is_idle()
    }

    /// Encoder layers and decoder tokens begun since the start: between two of them the engine
    /// looks whether a decode is still wanted.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.worker.steps()
    }
}

#[async_trait]
impl Stt for MoonshineStt {
    fn capabilities(&self) -> SttCapabilities {
        let languages = vec!["en".to_owned()];
        SttCapabilities { rate_hz: SPEECH_RATE_HZ, interim: true, end_of_turn: false, languages }
    }

    async fn transcribe(
        &self,
        request: SttRequest,
        audio: BoxStream<SttInput>,
    ) -> Result<BoxStream<Result<SttEvent>>> {
        if let Some(language) = request.language.filter(|l| !is_english(l)) {
            let what = format!("Moonshine knows English, not {language:?}");
            return Err(Error::new("stt.transcribe", Code::InvalidInput, what)
                .with_help("set the language to \"en\" or choose another engine"));
        }
        let listening = Listening::new(self.worker.clone(), self.config, audio);
        Ok(Box::pin(stream::unfold(listening, |mut l| async move { Some((l.next().await?, l)) })))
    }
}

/// Whether a BCP 47 tag names English of any region.
fn is_english(tag: &str) -> bool {
    tag.split(['-', '_']).next().is_some_and(|language| language.eq_ignore_ascii_case("en"))
}
