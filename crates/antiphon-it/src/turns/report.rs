//! The results as an aligned table with their goals.

use std::fmt::Write as _;

use super::{Delivery, Kind, Overlap, Results, endpoints::At};

/// One figure.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) value: String,
    /// The goal in words, and whether it is met.
    pub(crate) goal: Option<(&'static str, bool)>,
}

/// All figures as text.
#[must_use]
pub fn text(results: &Results) -> String {
    let mut out = format!("turn-taking on {}\n\n", results.machine);
    let rows = rows(results);
    let width = |f: fn(&Row) -> &str| rows.iter().map(|r| f(r).chars().count()).max().unwrap_or(0);
    let (names, values) = (width(|r| &r.name), width(|r| &r.value));
    for row in &rows {
        let _ = write!(out, "{:names$}  {:>values$}", row.name, row.value);
        if let Some((goal, met)) = row.goal {
            let _ = write!(out, "  {} {goal}", if met { "✓" } else { "✗" });
        }
        out.push('\n');
    }
    settings(results, &mut out);
    out
}

/// The figures, in order.
pub(crate) fn rows(results: &Results) -> Vec<Row> {
    let mut rows = Vec::new();
    if !results.replies.is_empty() {
        rows.extend(replies(results));
    }
    if !results.overlaps.is_empty() {
        rows.extend(overlaps(results));
        rows.extend(kinds(results));
    }
    rows.extend(cut_offs(results));
    rows
}

fn row(name: &str, value: String, goal: Option<(&'static str, bool)>) -> Row {
    Row { name: name.to_owned(), value, goal }
}

fn replies(results: &Results) -> Vec<Row> {
    let all = &results.replies;
    let waits: Vec<f64> = all.iter().flat_map(|r| r.response_ms.iter().copied()).collect();
    let sum = |f: fn(&super::Replies) -> (usize, usize)| {
        all.iter().map(f).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let (pauses, early) = sum(|r| r.pauses);
    let (errors, words) = sum(|r| r.words);
    let unanswered: usize = all.iter().map(|r| r.unanswered).sum();
    vec![
        row("response latency p50, the agent's text being there", quantile(&waits, 0.5), None),
        row("response latency p95", quantile(&waits, 0.95), None),
        row("turns answered in time", share(waits.len(), waits.len() + unanswered), None),
        row("pauses answered into", share(early, pauses), None),
        row("words lost, calls", share(errors, words), None),
    ]
}

fn overlaps(results: &Results) -> Vec<Row> {
    let of = |wanted: bool| {
        results.overlaps.iter().filter(move |o| (o.kind == Kind::Interruption) == wanted)
    };
    let yields: Vec<f64> = of(true).filter_map(|o| o.yield_ms).collect();
    let stopped = of(true).filter(|o| o.stopped).count();
    let (errors, words) = of(true).fold((0, 0), |s, o| (s.0 + o.words.0, s.1 + o.words.1));
    let false_stops = of(false).filter(|o| o.stopped).count();
    let resumes: Vec<f64> = results.overlaps.iter().filter_map(|o| o.resume_ms).collect();
    let refusals: Vec<f64> = results.overlaps.iter().filter_map(|o| o.refusal_ms).collect();
    let lost: usize = results.overlaps.iter().map(|o| o.lost).sum();
    let within = |values: &[f64], q, most| value(values, q).is_some_and(|v| v <= most);
    let rate = false_stops as f64 / of(false).count().max(1) as f64;
    vec![
        row(
            "yield p50, onset to silent",
            quantile(&yields, 0.5),
            Some(("120 ms", within(&yields, 0.5, 120.0))),
        ),
        row("yield p95", quantile(&yields, 0.95), Some(("200 ms", within(&yields, 0.95, 200.0)))),
        row("interruptions that stopped the agent", share(stopped, of(true).count()), None),
        row("words lost, interruptions", share(errors, words), None),
        row("false stops", share(false_stops, of(false).count()), Some(("5 %", rate <= 0.05))),
        row("resume p50, refusal to agent", quantile(&refusals, 0.5), None),
        row(
            "resume p95, refusal to agent",
            quantile(&refusals, 0.95),
            Some(("300 ms", within(&refusals, 0.95, 300.0))),
        ),
        row("resume p50, end of sound to agent", quantile(&resumes, 0.5), None),
        row("resume p95, end of sound to agent", quantile(&resumes, 0.95), None),
        row("samples lost without a stop", lost.to_string(), Some(("0", lost == 0))),
    ]
}

fn kinds(results: &Results) -> Vec<Row> {
    let kinds = Kind::ALL.into_iter().filter(|k| *k != Kind::Interruption);
    kinds
        .map(|kind| {
            let of: Vec<&Overlap> = results.overlaps.iter().filter(|o| o.kind == kind).collect();
            let held = of.iter().filter(|o| o.yield_ms.is_some()).count();
            let stopped = of.iter().filter(|o| o.stopped).count();
            let value =
                format!("{} held, {} stopped", share(held, of.len()), share(stopped, of.len()));
            row(&format!("  {}", kind.name()), value, None)
        })
        .collect()
}

fn cut_offs(results: &Results) -> Vec<Row> {
    let e = &results.endpoints;
    let best = e.settings.iter().filter(|s| s.name.ends_with(", 300 ms"));
    let best = best.min_by(|a, b| a.scoring.cut_off.total_cmp(&b.scoring.cut_off));
    let rate = best.map(|s| s.scoring.cut_off);
    let value = rate.map_or("no setting".to_owned(), percent);
    vec![
        row(
            "false cut-offs at a mean wait of 300 ms",
            value,
            Some(("10 %", rate.is_some_and(|r| r <= 0.1))),
        ),
        row(
            "gate's end of speech after the true end, median",
            format!("{:.0} ms", e.gate_lag_ms),
            None,
        ),
        row("turn detector's answer, median", format!("{:.0} ms", e.answer_ms), None),
    ]
}

/// The settings and the detector's quality.
fn settings(results: &Results, out: &mut String) {
    let e = &results.endpoints;
    let _ = writeln!(
        out,
        "\nendpointing: settings found on {} calls, scored on {} others, {} pauses and {} ends of turns\n",
        e.calls.0, e.calls.1, e.pauses, e.ends
    );
    let _ = writeln!(
        out,
        "{:24} {:>9} {:>9} {:>9} {:>9} {:>7}  on tuning calls",
        "setting", "cut off", "mean", "p50", "p90", "missed"
    );
    for s in &e.settings {
        let At { mean_ms, p50_ms, p90_ms, cut_off, missed } = s.scoring;
        let _ = writeln!(
            out,
            "{:24} {:>9} {mean_ms:>6.0} ms {p50_ms:>6.0} ms {p90_ms:>6.0} ms {missed:>7}  {} at {:.0} ms",
            s.name,
            percent(cut_off),
            percent(s.tuning.cut_off),
            s.tuning.mean_ms
        );
        let c = &s.config;
        let _ = writeln!(
            out,
            "  floor {} middle {} ceiling {} fixed {} ms, threshold {} sure {}",
            c.floor.as_millis(),
            c.middle.as_millis(),
            c.ceiling.as_millis(),
            c.without_detector.as_millis(),
            c.threshold,
            c.sure
        );
    }
    let _ = writeln!(out, "\nthe detector's probabilities, deciles");
    for said in &e.said {
        let kind = said.delivery.map_or("ends of turns", Delivery::name);
        let deciles: Vec<String> = said.deciles.iter().map(|p| format!("{p:.2}")).collect();
        let _ = writeln!(out, "{kind:16} {:>4}  {}", said.count, deciles.join(" "));
    }
}

fn value(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn quantile(values: &[f64], q: f64) -> String {
    value(values, q).map_or("none".to_owned(), |v| format!("{v:.0} ms"))
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(part: usize, whole: usize) -> String {
    format!("{} ({part}/{whole})", percent(part as f64 / whole.max(1) as f64))
}
