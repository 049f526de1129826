//! `call.html`: one self-contained page with both waveforms, words, states and waterfalls.

use antiphon::{Code, Error, Result};
use serde::Serialize;

use super::figures::Steps;

const TEMPLATE: &str = include_str!("page.html");

/// Waveform bins per second.
const BINS_PER_SECOND: usize = 50;

/// Everything the page shows. Times are seconds of the recording.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) models: Vec<(String, String)>,
    pub(crate) duration: f64,
    pub(crate) caller: Vec<u8>,
    pub(crate) agent: Vec<u8>,
    pub(crate) bins_per_second: usize,
    pub(crate) lines: Vec<PageLine>,
    pub(crate) words: Vec<PageWord>,
    pub(crate) states: Vec<PageState>,
    pub(crate) marks: Vec<PageMark>,
    pub(crate) steps: Vec<Steps>,
    pub(crate) figures: Vec<(String, String)>,
}

/// One contribution.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageLine {
    pub(crate) who: &'static str,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) text: String,
    /// What was composed and not heard.
    pub(crate) unheard: String,
}

/// One word of the agent.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageWord {
    pub(crate) at: f64,
    pub(crate) to: f64,
    pub(crate) text: String,
}

/// A span in which a side was in a state.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageState {
    pub(crate) who: &'static str,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) state: String,
}

/// A moment worth a mark: a pause, an interruption, a resumption.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PageMark {
    pub(crate) at: f64,
    pub(crate) what: &'static str,
}

/// Peaks of a channel, one byte a bin.
pub(crate) fn peaks(samples: &[i16], rate_hz: u32) -> (Vec<u8>, usize) {
    let len = (rate_hz as usize / BINS_PER_SECOND).max(1);
    let peak = |bin: &[i16]| {
        let max = bin.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
        u8::try_from(max / 128).unwrap_or(u8::MAX)
    };
    (samples.chunks(len).map(peak).collect(), BINS_PER_SECOND)
}

/// The page as HTML.
pub(crate) fn render(page: &Page) -> Result<String> {
    let json = serde_json::to_string(page).map_err(|e| {
        Error::new("demo.page", Code::Internal, "the page's data cannot be written").with_source(e)
    })?;
    // Within a script element only "</" could end the data early.
    Ok(TEMPLATE.replace("/*DATA*/null", &json.replace("</", "<\\/")))
}
