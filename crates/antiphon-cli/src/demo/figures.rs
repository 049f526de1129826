//! The demo's figures, measured on the recording and on the waterfalls.

use antiphon::{Timestamp, Waterfall};
use serde::Serialize;

/// A sample louder than this is sound: about −46 dBFS, above what a codec's noise leaves.
const AUDIBLE: u16 = 160;

/// Silence this long is a stop, not a gap between words: 60 ms of exact zeros.
const STOP_MS: usize = 60;

/// Milliseconds between the steps of one turn.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Steps {
    pub(crate) turn: u32,
    /// End of speech until voice activity says so.
    pub(crate) silence: f64,
    /// From there until the final transcript.
    pub(crate) transcript: f64,
    /// From there until the first token, whatever of it lay behind the turn decision.
    pub(crate) first_token: f64,
    /// From there until the first clause is complete.
    pub(crate) first_clause: f64,
    /// What the turn decision held back beyond that.
    pub(crate) turn_decision: f64,
    /// From there until the first audio is queued.
    pub(crate) first_audio: f64,
    /// From there until the first sample leaves.
    pub(crate) playout: f64,
    /// End of speech until the first sample leaves.
    pub(crate) total: f64,
    /// What is the runtime's own: no model was working and no policy was waiting.
    pub(crate) framework: f64,
}

impl Steps {
    /// The steps of a complete waterfall.
    pub(crate) fn of(w: &Waterfall) -> Option<Self> {
        let end = w.speech_end;
        let at = |t: Option<Timestamp>| t.map(|t| t.since(end).as_secs_f64() * 1e3);
        let silence = at(w.silence_detected)?;
        let stt = at(w.stt_final)?.max(silence);
        let token = at(w.llm_first_token)?.max(stt);
        let clause = at(w.first_segment)?.max(token);
        let decided = at(w.committed)?.max(clause);
        let audio = at(w.tts_first_audio)?.max(decided);
        let total = at(w.playout_started)?.max(audio);
        let started = at(w.llm_started)?;
        // Between a final transcript and the generation, and between queue and playout, only the
        // runtime works; a generation that waited for the commit waited for the policy.
        let hand_over =
            (started - stt.max(at(w.committed).map_or(stt, |c| c.min(started)))).max(0.0);
        Some(Self {
            turn: w.turn.0,
            silence,
            transcript: stt - silence,
            first_token: token - stt,
            first_clause: clause - token,
            turn_decision: decided - clause,
            first_audio: audio - decided,
            playout: total - audio,
            total,
            framework: hand_over + (total - audio),
        })
    }

    /// Name and milliseconds of each step, in order.
    pub(crate) const fn rows(&self) -> [(&'static str, f64); 7] {
        [
            ("silence", self.silence),
            ("transcript", self.transcript),
            ("first token", self.first_token),
            ("first clause", self.first_clause),
            ("turn decision", self.turn_decision),
            ("first audio", self.first_audio),
            ("playout", self.playout),
        ]
    }
}

/// The `q`-quantile of `values`, 0.0 to 1.0, by the nearest rank; `None` of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

/// Milliseconds from sample `from` until the agent's channel sounds.
pub(crate) fn sounds_after(agent: &[i16], rate_hz: u32, from: usize) -> Option<f64> {
    let tail = agent.get(from..)?;
    let n = tail.iter().position(|s| s.unsigned_abs() > AUDIBLE)?;
    Some(n as f64 * 1e3 / f64::from(rate_hz))
}

/// Milliseconds from sample `from` until the agent's channel falls silent; `None` if it is silent
/// already or never is.
pub(crate) fn silent_after(agent: &[i16], rate_hz: u32, from: usize) -> Option<f64> {
    let tail = agent.get(from..)?;
    let stop = rate_hz as usize * STOP_MS / 1000;
    let mut quiet = 0;
    for (i, sample) in tail.iter().enumerate() {
        quiet = if *sample == 0 { quiet + 1 } else { 0 };
        if quiet == stop {
            let n = i + 1 - stop;
            return (n > 0).then(|| n as f64 * 1e3 / f64::from(rate_hz));
        }
    }
    None
}
