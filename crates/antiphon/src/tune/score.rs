//! What one setting would have done to recorded callers.

use std::time::Duration;

use antiphon_core::Timestamp;
use antiphon_turn::{EndpointingConfig, Pause, PauseModel, Prediction};

use super::{Trace, TracedPause};

/// What became of the pauses and the ends of turns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Score {
    /// Pauses inside turns that the gate saw.
    pub pauses: usize,
    /// Those in which the turn was committed before the caller was heard to go on.
    pub cut_off: usize,
    /// From each true end of a turn to the commit, ascending.
    pub waits: Vec<Duration>,
    /// Ends at which nothing was committed before the caller spoke again.
    pub missed: usize,
}

impl Score {
    /// Share of the pauses inside turns that were taken for an end, 0.0 to 1.0.
    #[must_use]
    pub fn cut_off_rate(&self) -> f64 {
        self.cut_off as f64 / self.pauses.max(1) as f64
    }

    /// The wait that a share `q` of the ends stays within, by the nearest rank; zero of nothing.
    #[must_use]
    pub fn wait(&self, q: f64) -> Duration {
        let rank = (q * self.waits.len() as f64).ceil() as usize;
        self.waits.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    }

    /// The mean wait; zero of nothing.
    #[must_use]
    pub fn mean_wait(&self) -> Duration {
        let count = u32::try_from(self.waits.len()).unwrap_or(u32::MAX).max(1);
        self.waits.iter().sum::<Duration>() / count
    }
}

/// Tries `config` on recorded callers; each trace is one caller of whom nothing is known.
#[must_use]
pub fn score(traces: &[Trace], config: &EndpointingConfig) -> Score {
    let mut score = Score::default();
    for trace in traces {
        score.missed += trace.unheard_ends;
        let mut model = PauseModel::default();
        for pause in &trace.pauses {
            let commit = commit(pause, trace.answer, config, &model);
            let resumed = pause.resumed.is_some_and(|(_, known)| commit >= known);
            match pause.turn_end {
                Some(_) if resumed => score.missed += 1,
                Some(end) => score.waits.push(commit.since(end)),
                None => {
                    score.pauses += 1;
                    score.cut_off += usize::from(!resumed);
                }
            }
            match (pause.turn_end, pause.resumed) {
                (None, Some((onset, _))) => model.resumed(onset.since(pause.speech_end)),
                (Some(_) | None, _) => model.ended(),
            }
        }
    }
    score.waits.sort_unstable();
    score
}

/// When the turn is committed if the caller stays silent. Modes that never commit count as
/// committing at the end of time.
fn commit(
    pause: &TracedPause,
    answer: Duration,
    config: &EndpointingConfig,
    model: &PauseModel,
) -> Timestamp {
    let due = |prediction| {
        let facts = Pause {
            speech_end: pause.speech_end,
            prediction,
            trails_off: pause.trails_off,
            usual: Some(model.usual()),
            ..Pause::default()
        };
        config.due(&facts).unwrap_or(Timestamp::from_micros(u64::MAX))
    };
    let unanswered = due(Prediction::Pending).max(pause.detected);
    let answered = due(Prediction::Finished(pause.probability)).max(pause.detected + answer);
    // A policy that asks no detector does not wait for its answer either.
    if due(Prediction::Finished(0.0)) == due(Prediction::Finished(1.0)) {
        return unanswered;
    }
    answered.min(unanswered)
}
