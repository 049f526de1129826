//! False cut-offs against waiting, as the settings vary, and the settings to take for a budget.

use std::time::Duration;

use antiphon_turn::{EndpointingConfig, EndpointingMode};

use super::{Score, Trace, score};

/// What varies along a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A fixed delay.
    Fixed,
    /// The turn detector chooses between three delays.
    Detector,
    /// As `Detector`, in proportion to the caller's pauses.
    Dynamic,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fixed, Self::Detector, Self::Dynamic];

    /// As in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Detector => "detector",
            Self::Dynamic => "dynamic",
        }
    }
}

/// One setting and what it does.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The setting.
    pub config: EndpointingConfig,
    /// What it does.
    pub score: Score,
}

/// The settings of one policy that no other one betters, by ascending mean wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What varies.
    pub policy: Policy,
    /// The settings.
    pub points: Vec<Point>,
}

/// What a caller may be asked to bear.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// At most this wait on average: the fewest cut-offs are looked for.
    Wait(Duration),
    /// At most this share of pauses cut off: the shortest wait is looked for.
    CutOffs(f64),
}

impl Curve {
    /// The best setting within a budget, if there is one.
    #[must_use]
    pub fn best(&self, budget: Budget) -> Option<&Point> {
        match budget {
            // Along the curve cut-offs fall as the wait grows.
            Budget::Wait(most) => self.points.iter().rfind(|p| p.score.mean_wait() <= most),
            Budget::CutOffs(most) => self.points.iter().find(|p| p.score.cut_off_rate() <= most),
        }
    }
}

/// The best settings of a policy on these traces.
#[must_use]
pub fn curve(policy: Policy, traces: &[Trace]) -> Curve {
    let point = |config| Point { score: score(traces, &config), config };
    let mut points: Vec<Point> = candidates(policy).into_iter().map(point).collect();
    points.sort_by(|a, b| {
        let waits = a.score.mean_wait().cmp(&b.score.mean_wait());
        waits.then(a.score.cut_off_rate().total_cmp(&b.score.cut_off_rate()))
    });
    let mut best = f64::INFINITY;
    points.retain(|p| {
        // A setting that misses more ends than it gets right has no wait worth the name.
        let sound = p.score.missed <= p.score.waits.len();
        let better = sound && p.score.cut_off_rate() < best;
        if better {
            best = p.score.cut_off_rate();
        }
        better
    });
    Curve { policy, points }
}

/// The settings of a curve on other traces than those it was found on: what it is worth.
#[must_use]
pub fn curve_on(found: &Curve, traces: &[Trace]) -> Curve {
    let on = |p: &Point| Point { config: p.config.clone(), score: score(traces, &p.config) };
    Curve { policy: found.policy, points: found.points.iter().map(on).collect() }
}

/// Settings worth trying: within what the gate can see and what a caller can bear.
fn candidates(policy: Policy) -> Vec<EndpointingConfig> {
    let ms = Duration::from_millis;
    let mode = match policy {
        Policy::Fixed => {
            return (200..=2000).step_by(50).map(|delay| fixed(ms(delay))).collect();
        }
        Policy::Detector => EndpointingMode::Detector,
        Policy::Dynamic => EndpointingMode::Dynamic,
    };
    let setting = |(floor, middle, ceiling), (threshold, sure)| EndpointingConfig {
        mode,
        floor: ms(floor),
        middle: ms(middle),
        ceiling: ms(ceiling),
        threshold,
        sure,
        ..EndpointingConfig::default()
    };
    let delays = delays();
    let with = |at| delays.iter().map(move |&d| setting(d, at));
    thresholds().into_iter().flat_map(with).collect()
}

/// Floor, middle and ceiling in milliseconds; a middle at the floor takes the step away.
fn delays() -> Vec<(u64, u64, u64)> {
    let mut delays = Vec::new();
    for floor in [200, 250, 300, 400, 500] {
        for middle in [floor, 500, 700, 900, 1100] {
            for ceiling in [800, 1000, 1200, 1400, 1700, 2000, 2400] {
                delays.push((floor, middle, ceiling));
            }
        }
    }
    delays.retain(|&(floor, middle, ceiling)| floor <= middle && middle <= ceiling);
    delays
}

/// From which probabilities on a turn is finished, and surely so.
fn thresholds() -> Vec<(f32, f32)> {
    let mut thresholds = Vec::new();
    for threshold in [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9] {
        for sure in [0.5, 0.7, 0.8, 0.9, 0.95, 0.98] {
            thresholds.push((threshold, sure));
        }
    }
    thresholds.retain(|(threshold, sure)| threshold < sure);
    thresholds
}

fn fixed(delay: Duration) -> EndpointingConfig {
    EndpointingConfig {
        mode: EndpointingMode::Fixed,
        floor: Duration::ZERO,
        ceiling: delay,
        without_detector: delay,
        ..EndpointingConfig::default()
    }
}
