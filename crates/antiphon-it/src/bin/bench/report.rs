//! All figures of a run: as a table for people, as JSON, and as a table in a document.

use std::fmt;

use antiphon::{Code, Error, Result};
use serde::Serialize;
use serde_json::Value;

use crate::{
    figures::{Figure, Goal},
    machine::Machine,
};

/// The figures of one run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    bench: &'static str,
    short: bool,
    machine: Machine,
    figures: Vec<Figure>,
    /// What the figures were counted from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Value>,
}

impl Report {
    pub(crate) const fn new(bench: &'static str, short: bool, machine: Machine) -> Self {
        Self { bench, short, machine, figures: Vec::new(), details: Vec::new() }
    }

    /// Whether there is time for a few rounds only.
    pub(crate) const fn is_short(&self) -> bool {
        self.short
    }

    /// Rounds to measure: `full`, or `short` of them.
    pub(crate) const fn rounds(&self, full: usize, short: usize) -> usize {
        if self.short { short } else { full }
    }

    /// Adds a figure. A short run does not judge what depends on the machine.
    pub(crate) fn add(&mut self, figure: Figure) {
        let unjudged = self.short && figure.timed;
        self.figures.push(if unjudged { figure.unjudged() } else { figure });
    }

    /// Adds something to look up in the JSON.
    pub(crate) fn detail(&mut self, detail: Value) {
        self.details.push(detail);
    }

    /// Whether every goal was met.
    pub(crate) fn is_met(&self) -> bool {
        self.figures.iter().all(|f| f.met != Some(false))
    }

    pub(crate) fn json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self).map_err(|e| {
            Error::new("bench.report", Code::Internal, "the figures are no JSON").with_source(e)
        })?;
        Ok(text + "\n")
    }

    /// `document` with this run's table between the marks of its bench.
    pub(crate) fn put_into(&self, document: &str) -> Result<String> {
        let (begin, end) =
            (format!("<!-- bench {} -->\n", self.bench), format!("<!-- end {} -->", self.bench));
        let parts = document
            .split_once(&begin)
            .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
        let (before, after) = parts.ok_or_else(|| {
            let what = format!("the document has no lines {:?} and {end:?}", begin.trim_end());
            Error::new("bench.report", Code::InvalidInput, what)
                .with_help("put both lines where the table shall stand")
        })?;
        Ok(format!("{before}{begin}{}{end}{after}", self.markdown()))
    }

    fn markdown(&self) -> String {
        let head = "| figure | measured | goal | | how |\n|---|---|---|---|---|\n";
        let row = |f: &Figure| {
            let (value, goal) = (number(f.value), goal(f));
            format!("| {} | {value} {} | {goal} | {} | {} |\n", f.name, f.unit, verdict(f), f.how)
        };
        let rows: String = self.figures.iter().map(row).collect();
        format!("\nMeasured on {}.\n\n{head}{rows}\n", self.machine)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.short { " (short)" } else { "" };
        writeln!(f, "bench {}{mode}: {}", self.bench, self.machine)?;
        if self.machine.is_busy() {
            writeln!(f, "the machine was busy: times say little")?;
        }
        let width = self.figures.iter().map(|f| f.name.chars().count()).max().unwrap_or(0);
        for figure in &self.figures {
            let (value, goal) = (number(figure.value), goal(figure));
            let (name, unit, verdict) = (&figure.name, figure.unit, verdict(figure));
            writeln!(f, "  {name:width$}  {value:>9} {unit:<8} {goal:<18} {verdict}")?;
        }
        writeln!(f, "{}", if self.is_met() { "all goals met" } else { "goals missed" })
    }
}

/// Three significant digits, or all of a whole number.
fn number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 100.0 || value == 0.0 {
        return format!("{value:.0}");
    }
    let decimals = (2 - magnitude.log10().floor() as i32).clamp(0, 6);
    format!("{value:.*}", usize::try_from(decimals).unwrap_or_default())
}

fn goal(figure: &Figure) -> String {
    match figure.goal {
        None => String::new(),
        Some(Goal::AtMost(limit)) => format!("≤ {limit} {}", figure.unit),
        Some(Goal::AtLeast(limit)) => format!("≥ {limit} {}", figure.unit),
    }
}

const fn verdict(figure: &Figure) -> &'static str {
    match figure.met {
        None => "",
        Some(true) => "met",
        Some(false) => "missed",
    }
}
