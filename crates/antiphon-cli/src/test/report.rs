//! What became of scenarios: on the screen, and in JUnit's XML. Plays nothing.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use crate::screen::say;

/// What became of one scenario.
pub(super) struct Played {
    pub(super) file: PathBuf,
    pub(super) name: String,
    pub(super) failures: u32,
    /// How it went the first time it failed.
    pub(super) report: Option<String>,
    pub(super) took: Duration,
}

/// Shows it on the screen.
pub(super) fn show(played: &Played, repeat: u32) {
    let Played { file, name, failures, report, .. } = played;
    let verdict = if *failures == 0 { "ok    " } else { "FAILED" };
    let rate = 100.0 * f64::from(*failures) / f64::from(repeat);
    let often = match (repeat, *failures) {
        (1, _) => String::new(),
        (n, 0) => format!(", {n} times"),
        (n, failures) => format!(", {failures} of {n} times ({rate:.1} %)"),
    };
    say!("{verdict} {name} ({}){often}", file.display());
    if let Some(report) = report {
        // The first line repeats the name.
        for line in report.lines().skip(1) {
            say!("  {line}");
        }
    }
}

/// The report that build servers read: one suite, one case for each scenario.
pub(super) fn junit(played: &[Played], repeat: u32) -> String {
    let failed = played.iter().filter(|p| p.failures > 0).count();
    let took: f64 = played.iter().map(|p| p.took.as_secs_f64()).sum();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        xml,
        "<testsuite name=\"antiphon\" tests=\"{}\" failures=\"{failed}\" time=\"{took:.3}\">",
        played.len()
    );
    for Played { file, name, failures, report, took } in played {
        let (name, class) = (escaped(name), escaped(&file.display().to_string()));
        let took = took.as_secs_f64();
        let _ = write!(xml, "  <testcase name=\"{name}\" classname=\"{class}\" time=\"{took:.3}\"");
        let _ = match report {
            None => writeln!(xml, "/>"),
            Some(report) => writeln!(
                xml,
                ">\n    <failure message=\"failed {failures} of {repeat} times\">{}</failure>\n  \
                 </testcase>",
                escaped(report)
            ),
        };
    }
    xml.push_str("</testsuite>\n");
    xml
}

/// Text as XML 1.0 may hold it: control characters have no form in it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
