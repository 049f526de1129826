//! False cut-offs against waiting: every call of the corpus heard once, every setting tried on
//! what was heard.

use std::time::Duration;

use antiphon::{
    Result,
    local::Local,
    stt::Stt,
    tune::{
        Budget, Curve, Listening, Policy, Score, Trace, TracedPause, curve, curve_on, listen, score,
    },
    turn::EndpointingConfig,
    vad::GateConfig,
};
use serde::Serialize;

use super::corpus::{Call, Delivery};

/// What the caller may be asked to wait, on average: the goal's budget.
const BUDGET: Duration = Duration::from_millis(300);

/// Everything found out about endpointing.
#[derive(Debug, Serialize)]
pub struct Endpoints {
    /// Calls heard for tuning and for scoring.
    pub calls: (usize, usize),
    /// Pauses inside turns, and ends of turns, that were scored.
    pub pauses: usize,
    /// Ends of turns.
    pub ends: usize,
    /// How long the turn detector took, milliseconds, median.
    pub answer_ms: f64,
    /// One line for each policy, by ascending wait, found on the tuning calls.
    pub curves: Vec<Line>,
    /// From the true end of a turn to where the gate has it, milliseconds, median.
    pub gate_lag_ms: f64,
    /// What the detector said at ends of turns, and at pauses by how they were spoken.
    pub said: Vec<Said>,
    /// The defaults, and what does best within the budgets.
    pub settings: Vec<Setting>,
}

/// The detector's answers of one kind.
#[derive(Debug, Serialize)]
pub struct Said {
    /// How the turn was spoken; `None` for ends of turns.
    pub delivery: Option<Delivery>,
    /// Deciles of the probabilities, least to greatest; empty if there was none.
    pub deciles: Vec<f32>,
    /// Answers.
    pub count: usize,
}

/// One policy's curve.
#[derive(Debug, Serialize)]
pub struct Line {
    /// The policy.
    pub policy: &'static str,
    /// Its points on the scoring calls.
    pub points: Vec<At>,
}

/// What a setting does.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct At {
    /// Mean wait from the true end of the turn to the commit, milliseconds.
    pub mean_ms: f64,
    /// Median of the same.
    pub p50_ms: f64,
    /// What nine in ten stay within.
    pub p90_ms: f64,
    /// Share of pauses cut off.
    pub cut_off: f64,
    /// Ends at which nothing was committed.
    pub missed: usize,
}

/// A setting by name, on the calls it was found on and on the others.
#[derive(Debug, Serialize)]
pub struct Setting {
    /// What it is.
    pub name: String,
    /// In full.
    pub config: EndpointingConfig,
    /// On the tuning calls.
    pub tuning: At,
    /// On the scoring calls.
    pub scoring: At,
}

impl At {
    fn of(score: &Score) -> Self {
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        Self {
            mean_ms: ms(score.mean_wait()),
            p50_ms: ms(score.wait(0.5)),
            p90_ms: ms(score.wait(0.9)),
            cut_off: score.cut_off_rate(),
            missed: score.missed,
        }
    }
}

/// What hears the calls.
pub(crate) struct Hearing<'a> {
    pub(crate) local: &'a Local,
    pub(crate) gate: GateConfig,
    /// In place of how long the detector took.
    pub(crate) answer: Option<Duration>,
}

/// Hears the calls and tries the settings.
pub(crate) async fn measure(
    hearing: &Hearing<'_>,
    tuning: &[&Call],
    scoring: &[&Call],
) -> Result<Endpoints> {
    let tune = hearing.traces(tuning).await?;
    let check = hearing.traces(scoring).await?;
    let found: Vec<Curve> = Policy::ALL.iter().map(|&policy| curve(policy, &tune)).collect();
    let line = |c: &Curve| Line {
        policy: c.policy.name(),
        points: curve_on(c, &check).points.iter().map(|p| At::of(&p.score)).collect(),
    };
    let setting = |name: String, config: &EndpointingConfig| Setting {
        name,
        config: config.clone(),
        tuning: At::of(&score(&tune, config)),
        scoring: At::of(&score(&check, config)),
    };
    let mut settings = vec![setting("default".to_owned(), &EndpointingConfig::default())];
    for c in &found {
        for (what, budget) in [
            ("300 ms", Budget::Wait(BUDGET)),
            ("600 ms", Budget::Wait(2 * BUDGET)),
            ("10 % cut off", Budget::CutOffs(0.1)),
            ("5 % cut off", Budget::CutOffs(0.05)),
        ] {
            let best = c.best(budget);
            settings
                .extend(best.map(|p| setting(format!("{}, {what}", c.policy.name()), &p.config)));
        }
    }
    let total = score(&check, &EndpointingConfig::default());
    Ok(Endpoints {
        calls: (tuning.len(), scoring.len()),
        pauses: total.pauses,
        ends: total.waits.len() + total.missed,
        answer_ms: answer(&check).as_secs_f64() * 1e3,
        curves: found.iter().map(line).collect(),
        gate_lag_ms: gate_lag(&check),
        said: said(&check, scoring),
        settings,
    })
}

impl Hearing<'_> {
    async fn traces(&self, calls: &[&Call]) -> Result<Vec<Trace>> {
        let (mut vad, gate) = (self.local.vad.session(), self.gate);
        let (detector, stt) = (&*self.local.turn, Some(&self.local.stt as &dyn Stt));
        let language = Some("en".to_owned());
        let mut engines = Listening { vad: &mut vad, gate, detector, stt, language };
        let mut traces = Vec::new();
        for (n, call) in calls.iter().enumerate() {
            let mut trace = listen(&call.recording(n.to_string())?, &mut engines).await?;
            trace.answer = self.answer.unwrap_or(trace.answer);
            traces.push(trace);
        }
        Ok(traces)
    }
}

fn answer(traces: &[Trace]) -> Duration {
    let mut answers: Vec<Duration> = traces.iter().map(|t| t.answer).collect();
    answers.sort_unstable();
    answers.get(answers.len() / 2).copied().unwrap_or_default()
}

fn gate_lag(traces: &[Trace]) -> f64 {
    let pauses = traces.iter().flat_map(|t| &t.pauses);
    let lag = |p: &TracedPause| {
        Some(p.speech_end.as_micros().cast_signed() - p.turn_end?.as_micros().cast_signed())
    };
    let mut lags: Vec<i64> = pauses.filter_map(lag).collect();
    lags.sort_unstable();
    lags.get(lags.len() / 2).map_or(0.0, |us| *us as f64 / 1e3)
}

/// The detector's answers behind ends of turns, and within turns by how they were spoken.
fn said(traces: &[Trace], calls: &[&Call]) -> Vec<Said> {
    let answers: Vec<(Option<Delivery>, f32)> = traces
        .iter()
        .zip(calls)
        .flat_map(|(trace, call)| trace.pauses.iter().map(|p| (delivery(p, call), p.probability)))
        .collect();
    let kinds = Delivery::PAUSED.into_iter().map(Some);
    [None]
        .into_iter()
        .chain(kinds)
        .map(|kind| {
            let of = answers.iter().filter(|(delivery, _)| *delivery == kind);
            let mut p: Vec<f32> = of.map(|(_, p)| *p).collect();
            p.sort_by(f32::total_cmp);
            let decile =
                |n: usize| p.get((p.len() * n / 10).min(p.len().saturating_sub(1))).copied();
            Said { delivery: kind, deciles: (0..=10).filter_map(decile).collect(), count: p.len() }
        })
        .collect()
}

/// How the turn was spoken that a pause is in; `None` behind its end.
fn delivery(pause: &TracedPause, call: &Call) -> Option<Delivery> {
    if pause.turn_end.is_some() {
        return None;
    }
    let end = pause.speech_end.as_micros() as usize * 16 / 1000;
    let turn = call.turns.iter().rfind(|t| t.speech.start <= end);
    Some(turn.map_or(Delivery::Fluent, |t| t.delivery))
}
