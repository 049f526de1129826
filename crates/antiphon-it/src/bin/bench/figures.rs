//! One measured figure, the goal it is held to, and the statistics behind it.

use serde::Serialize;

/// What a figure is held to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

/// A measured figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) goal: Option<Goal>,
    /// Whether the goal is met; `None` without one.
    pub(crate) met: Option<bool>,
    /// What exactly was measured, and how often.
    pub(crate) how: String,
    /// Depends on the machine and the build, so that a short run does not judge it.
    #[serde(skip)]
    pub(crate) timed: bool,
}

impl Figure {
    /// A figure that depends on how fast the machine is.
    pub(crate) fn timed(name: &str, value: f64, unit: &'static str) -> Self {
        let (name, how) = (name.to_owned(), String::new());
        Self { name, value, unit, goal: None, met: None, how, timed: true }
    }

    /// A figure that is the same on every machine.
    pub(crate) fn counted(name: &str, value: f64, unit: &'static str) -> Self {
        Self { timed: false, ..Self::timed(name, value, unit) }
    }

    pub(crate) fn at_most(mut self, limit: f64) -> Self {
        self.goal = Some(Goal::AtMost(limit));
        self.met = Some(self.value <= limit);
        self
    }

    pub(crate) fn at_least(mut self, limit: f64) -> Self {
        self.goal = Some(Goal::AtLeast(limit));
        self.met = Some(self.value >= limit);
        self
    }

    pub(crate) fn how(mut self, how: impl Into<String>) -> Self {
        self.how = how.into();
        self
    }

    /// Takes the goal away.
    pub(crate) fn unjudged(mut self) -> Self {
        (self.goal, self.met) = (None, None);
        self
    }
}

/// The `q`-quantile of `values`, 0.0 to 1.0, by the nearest rank; NaN of nothing, which meets no
/// goal.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}
