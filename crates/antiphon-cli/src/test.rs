//! `antiphon test`: plays scenarios in virtual time and says which did not go as expected.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use antiphon::{Code, Error, Result, sim::Scenario};

use crate::screen::say;

/// Longest scenario file, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// Play scenarios in virtual time.
///
/// Each file holds one scenario: what a caller does, what the agent would answer, and what must
/// come of it. A folder stands for its .yaml and .yml files. Exits with 1 if a scenario did not go
/// as expected.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Args {
    /// Scenario files, or folders of them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Play each so often, each time with other luck, and tell how often it fails.
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    repeat: u32,
    /// Write a report in JUnit's XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  antiphon test scenarios/
  antiphon test scenarios/hums.yaml --repeat 1000     is it the agent, or bad luck?
  antiphon test scenarios/ --junit report.xml         for a build server

Luck is what the seed of a scenario decides: delays and faults of providers. A scenario without
`faults` goes the same way each time.";

/// What became of one scenario.
struct Played {
    file: PathBuf,
    name: String,
    failures: u32,
    /// How it went the first time it failed.
    report: Option<String>,
    took: Duration,
}

pub(crate) fn main(args: &Args) -> Result<ExitCode> {
    let files = files(&args.paths)?;
    // Every file is read before the first is played: a slip of the pen shows at once.
    let scenarios: Vec<_> = files.into_iter().map(read).collect::<Result<_>>()?;
    let mut played = Vec::with_capacity(scenarios.len());
    for (file, scenario) in scenarios {
        let one = play(file, &scenario, args.repeat);
        show(&one, args.repeat);
        played.push(one);
    }
    if let Some(path) = &args.junit {
        fs::write(path, junit(&played, args.repeat)).map_err(|e| unwritable(path, &e))?;
    }
    let failed = played.iter().filter(|p| p.failures > 0).count();
    say!("{} passed, {failed} failed", played.len() - failed);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(file: PathBuf, scenario: &Scenario, repeat: u32) -> Played {
    let name = scenario.name().to_owned();
    let begun = Instant::now();
    let (mut failures, mut report) = (0, None);
    for n in 0..repeat {
        if let Err(unmet) = scenario.with_luck(u64::from(n)).run() {
            failures += 1;
            report.get_or_insert_with(|| unmet.to_string());
        }
    }
    Played { file, name, failures, report, took: begun.elapsed() }
}

fn show(played: &Played, repeat: u32) {
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

/// The scenario files among `paths`, folders in the order of their names.
fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|e| unreadable(path, &e))?;
        let entries = entries.map(|entry| entry.map(|e| e.path()));
        let mut found: Vec<_> =
            entries.collect::<Result<_, _>>().map_err(|e| unreadable(path, &e))?;
        found.retain(|file| file.extension().is_some_and(|e| e == "yaml" || e == "yml"));
        if found.is_empty() {
            let what = format!("{} holds no .yaml file", path.display());
            return Err(Error::new("test", Code::InvalidInput, what)
                .with_help("name the folder of the scenarios, or one of them"));
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

fn read(file: PathBuf) -> Result<(PathBuf, Scenario)> {
    let size = fs::metadata(&file).map_err(|e| unreadable(&file, &e))?.len();
    if size > MAX_BYTES {
        let what = format!("{} has {size} bytes; at most {MAX_BYTES}", file.display());
        return Err(Error::new("test", Code::InvalidInput, what));
    }
    let text = fs::read_to_string(&file).map_err(|e| unreadable(&file, &e))?;
    let scenario = Scenario::from_yaml(&text).map_err(|e| {
        let what = format!("{}: {}", file.display(), e.detail());
        Error::new("test", Code::InvalidInput, what)
            .with_help(e.help().unwrap_or_default().to_owned())
    })?;
    Ok((file, scenario))
}

fn unreadable(path: &Path, e: &std::io::Error) -> Error {
    let what = format!("{} cannot be read: {e}", path.display());
    Error::new("test", Code::InvalidInput, what).with_help("name a file or a folder of scenarios")
}

fn unwritable(path: &Path, e: &std::io::Error) -> Error {
    let what = format!("{} cannot be written: {e}", path.display());
    Error::new("test", Code::Storage, what)
}

/// The report that build servers read: one suite, one case for each scenario.
fn junit(played: &[Played], repeat: u32) -> String {
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
