//! The results as one self-contained page, with the curve as a picture.

use std::fmt::Write as _;

use super::{Results, endpoints::Line, report::rows};

const HEAD: &str = include_str!("head.html");

/// The plot in pixels, and what its axes reach to.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 360.0;
const MOST_MS: f64 = 1600.0;

/// The page.
#[must_use]
pub fn html(results: &Results) -> String {
    let mut out = HEAD.replace("{machine}", &escape(&results.machine));
    out.push_str("<table>");
    for row in rows(results) {
        let (class, goal) = match row.goal {
            Some((goal, true)) => ("met", goal),
            Some((goal, false)) => ("missed", goal),
            None => ("", ""),
        };
        let (name, value) = (escape(&row.name), escape(&row.value));
        let _ = write!(out, "<tr class=\"{class}\"><td>{name}<td>{value}<td>{goal}");
    }
    out.push_str("</table><h2>False cut-offs against waiting</h2>");
    let e = &results.endpoints;
    let _ = write!(
        out,
        "<p>Each point is a setting found on {} calls, scored on {} others: {} pauses, {} ends of turns. \
         The box is the goal.</p>",
        e.calls.0, e.calls.1, e.pauses, e.ends
    );
    plot(&e.curves, &mut out);
    out.push_str("</main>\n");
    out
}

fn plot(curves: &[Line], out: &mut String) {
    let _ = write!(out, "<svg viewBox=\"-50 -10 {} {}\">", WIDTH + 60.0, HEIGHT + 55.0);
    let _ = write!(
        out,
        "<rect class=\"goal\" x=\"0\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
        y(0.1),
        x(300.0),
        HEIGHT - y(0.1)
    );
    for tick in 0..=8 {
        let ms = f64::from(tick) * 200.0;
        let _ = write!(out, "<text x=\"{}\" y=\"{}\">{ms}</text>", x(ms), HEIGHT + 20.0);
    }
    for tick in 0..=10 {
        let share = f64::from(tick) / 10.0;
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M0 {0}H{WIDTH}\"/><text x=\"-25\" y=\"{0}\">{1} %</text>",
            y(share),
            tick * 10
        );
    }
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\">mean wait after the end of the turn, ms</text>",
        WIDTH / 2.0,
        HEIGHT + 40.0
    );
    for (n, curve) in curves.iter().enumerate() {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|p| format!("{:.1},{:.1}", x(p.mean_ms), y(p.cut_off)))
            .collect();
        let _ = write!(
            out,
            "<polyline class=\"c{n}\" points=\"{}\"/><text class=\"c{n}\" x=\"{}\" y=\"{}\">{}</text>",
            points.join(" "),
            WIDTH - 60.0,
            20.0 + 20.0 * n as f64,
            curve.policy
        );
    }
    out.push_str("</svg>");
}

fn x(ms: f64) -> f64 {
    ms.min(MOST_MS) / MOST_MS * WIDTH
}

fn y(share: f64) -> f64 {
    (1.0 - share) * HEIGHT
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
