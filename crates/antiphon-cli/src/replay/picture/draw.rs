//! The picture as SVG: rows over a line of time, decisions across them.

use std::fmt::Write as _;

use antiphon::Timestamp;

use super::{Lane, Line, Mark, Picture, Span};

/// Left of this stand the names of the rows.
const LEFT: f64 = 104.0;
/// Pixels of the picture, and the least of a second.
const WIDTH: f64 = 960.0;
const LEAST_PER_SECOND: f64 = 40.0;
/// Rows of marks, each 14 pixels high, above the lanes.
const MARK_ROWS: usize = 3;
const LANES_AT: f64 = 14.0 * MARK_ROWS as f64 + 12.0;
const HEIGHT: f64 = LANES_AT + 204.0;
/// A letter, about, at 11 pixels.
const LETTER: f64 = 5.2;

/// Row of a lane: its name, top and height, and its colour.
const fn row(lane: Lane) -> (&'static str, f64, f64, &'static str) {
    match lane {
        Lane::User => ("user", LANES_AT, 22.0, "#2563eb"),
        Lane::Agent => ("agent", LANES_AT + 46.0, 22.0, "#15803d"),
        Lane::Transcription => ("transcription", LANES_AT + 96.0, 8.0, "#64748b"),
        Lane::Detectors => ("detectors", LANES_AT + 114.0, 8.0, "#b45309"),
        Lane::Model => ("model, tools", LANES_AT + 132.0, 8.0, "#7c3aed"),
        Lane::Voice => ("voice", LANES_AT + 150.0, 8.0, "#0f766e"),
    }
}

const LANES: [Lane; 6] =
    [Lane::User, Lane::Agent, Lane::Transcription, Lane::Detectors, Lane::Model, Lane::Voice];

/// The piece of time that is drawn.
#[derive(Clone, Copy)]
struct Scale {
    from: f64,
    to: f64,
    per_second: f64,
}

impl Scale {
    fn new(from: Timestamp, to: Timestamp) -> Self {
        let (from, to) = (from.as_secs_f64(), to.as_secs_f64().max(from.as_secs_f64() + 0.1));
        let per_second = ((WIDTH - LEFT - 16.0) / (to - from)).max(LEAST_PER_SECOND);
        Self { from, to, per_second }
    }

    fn x(&self, t: Timestamp) -> f64 {
        LEFT + (t.as_secs_f64().clamp(self.from, self.to) - self.from) * self.per_second
    }

    fn right(&self) -> f64 {
        LEFT + (self.to - self.from) * self.per_second
    }

    fn holds(&self, t: Timestamp) -> bool {
        (self.from..=self.to).contains(&t.as_secs_f64())
    }
}

pub(super) fn svg(picture: &Picture, from: Timestamp, to: Timestamp) -> String {
    let scale = Scale::new(from, to);
    let width = scale.right() + 16.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {HEIGHT:.0}\" \
         width=\"{width:.0}\" height=\"{HEIGHT:.0}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#ffffff\"/>\n"
    );
    axis(&mut out, scale);
    marks(&mut out, scale, &picture.marks);
    picture.spans.iter().for_each(|span| bar(&mut out, scale, span));
    lines(&mut out, scale, &picture.lines);
    out.push_str("</svg>\n");
    out
}

/// Names of the rows, and a line every second.
fn axis(out: &mut String, scale: Scale) {
    for lane in LANES {
        let (name, top, height, colour) = row(lane);
        let y = top + height / 2.0 + 4.0;
        element(out, &format!("text x=\"8\" y=\"{y:.0}\" fill=\"{colour}\""), name);
    }
    let (top, bottom) = (LANES_AT - 4.0, HEIGHT - 30.0);
    let mut second = scale.from.ceil();
    while second <= scale.to {
        let x = LEFT + (second - scale.from) * scale.per_second;
        let line = format!("line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"");
        element(out, &format!("{line} stroke=\"#e2e8f0\""), "");
        let place = format!("text x=\"{x:.1}\" y=\"{}\"", HEIGHT - 12.0);
        let style = "text-anchor=\"middle\" fill=\"#64748b\"";
        element(out, &format!("{place} {style}"), &format!("{second:.0} s"));
        second += 1.0;
    }
}

fn bar(out: &mut String, scale: Scale, span: &Span) {
    if span.to.as_secs_f64() < scale.from || span.from.as_secs_f64() > scale.to {
        return;
    }
    let (_, y, height, colour) = row(span.lane);
    let (x, end) = (scale.x(span.from), scale.x(span.to));
    let width = (end - x).max(1.0);
    let place = format!("rect x=\"{x:.1}\" y=\"{y}\" width=\"{width:.1}\" height=\"{height}\"");
    let style = if span.held {
        format!("fill=\"#ffffff\" stroke=\"{colour}\" stroke-dasharray=\"3 2\"")
    } else {
        format!("fill=\"{colour}\"")
    };
    element(out, &format!("{place} rx=\"2\" {style}"), "");
}

/// What was said, below its sound, as far as there is room before the next.
fn lines(out: &mut String, scale: Scale, lines: &[Line]) {
    for lane in [Lane::User, Lane::Agent] {
        let mut of_lane: Vec<&Line> = lines.iter().filter(|l| l.lane == lane).collect();
        of_lane.sort_by_key(|l| l.at);
        for (n, line) in of_lane.iter().enumerate().filter(|(_, l)| scale.holds(l.at)) {
            let x = scale.x(line.at);
            let end = of_lane.get(n + 1).map_or(scale.right(), |next| scale.x(next.at));
            let (_, top, height, colour) = row(lane);
            let place = format!("text x=\"{x:.1}\" y=\"{}\"", top + height + 13.0);
            let text = shortened(&line.text, ((end - x) / LETTER) as usize);
            element(out, &format!("{place} fill=\"{colour}\""), &text);
        }
    }
}

/// Decisions, each in the first row that has room for its name.
fn marks(out: &mut String, scale: Scale, marks: &[Mark]) {
    let mut free = [0.0_f64; MARK_ROWS];
    for mark in marks.iter().filter(|m| scale.holds(m.at)) {
        let x = scale.x(mark.at);
        let n = free.iter().position(|end| *end <= x).unwrap_or(MARK_ROWS - 1);
        if let Some(end) = free.get_mut(n) {
            *end = x + (mark.what.len() as f64 + 1.0) * LETTER;
        }
        let colour = if mark.stops { "#dc2626" } else { "#0f172a" };
        let y = 16.0 + 14.0 * n as f64;
        let bottom = HEIGHT - 30.0;
        let line = format!("line x1=\"{x:.1}\" y1=\"{y}\" x2=\"{x:.1}\" y2=\"{bottom}\"");
        element(out, &format!("{line} stroke=\"{colour}\" stroke-dasharray=\"2 2\""), "");
        let place = format!("text x=\"{:.1}\" y=\"{y}\"", x + 3.0);
        element(out, &format!("{place} fill=\"{colour}\""), &mark.what);
    }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `tag` is the name of the element with its attributes.
fn element(out: &mut String, tag: &str, text: &str) {
    // Writing into a string cannot fail.
    let _ = if text.is_empty() {
        writeln!(out, "<{tag}/>")
    } else {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let name = tag.split(' ').next().unwrap_or_default();
        writeln!(out, "<{tag}>{text}</{name}>")
    };
}
