//! `antiphon tune`: what endpointing settings would have done to recorded callers, and which to
//! take.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon::{
    Code, Error, Result, Timestamp,
    audio::{WavReader, read_wav},
    local,
    moonshine::MoonshineStt,
    silero::Silero,
    smart_turn::SmartTurn,
    stt::Stt,
    tune::{Budget, Curve, Listening, Policy, Recording, Score, Trace, curve, listen, score},
    turn::EndpointingConfig,
    vad::GateConfig,
};
use serde::Deserialize;

use crate::{progress::Bar, screen::say};

/// Points shown of a curve.
const SHOWN: usize = 8;

/// Options of `tune`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder of WAV files, one caller's side of a call each, with one channel. Beside NAME.wav
    /// may lie NAME.json: {"turn_ends": [3.2, 9.75]}, in seconds. Without it the end of the file
    /// is the only end of a turn.
    #[arg(long, value_name = "DIR")]
    corpus: PathBuf,
    /// The mean wait that callers may be asked to bear, in milliseconds.
    #[arg(long, default_value_t = 600)]
    wait: u64,
    /// The share of pauses that may be cut off, in percent.
    #[arg(long, default_value_t = 5.0)]
    cut_off: f64,
}

/// What lies beside a recording.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Labels {
    /// Seconds.
    turn_ends: Vec<f64>,
}

pub(crate) fn main(args: &Args) -> Result<()> {
    let recordings = load(&args.corpus)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| {
        Error::new("tune", Code::Unavailable, "no runtime could be started").with_source(e)
    })?;
    let traces = runtime.block_on(hear(&recordings))?;
    let now = score(&traces, &EndpointingConfig::default());
    say!(
        "{} recordings, {} pauses inside turns, {} ends of turns\n",
        recordings.len(),
        now.pauses,
        now.waits.len() + now.missed
    );
    say!("{:10} {:>8} {:>9} {:>9} {:>9} {:>7}", "", "cut off", "mean", "p50", "p90", "missed");
    show("defaults", &now);
    let curves: Vec<Curve> = Policy::ALL.iter().map(|&policy| curve(policy, &traces)).collect();
    for curve in &curves {
        say!("");
        let step = curve.points.len().div_ceil(SHOWN).max(1);
        for point in curve.points.iter().step_by(step) {
            show(curve.policy.name(), &point.score);
        }
    }
    let share = args.cut_off / 100.0;
    suggest(&curves, &format!("{} ms of mean wait", args.wait), wait_budget(args.wait));
    suggest(&curves, &format!("{} % cut off", args.cut_off), Budget::CutOffs(share));
    if now.pauses < 100 {
        say!("\nFewer than 100 pauses: take the figures as a hint.");
    }
    Ok(())
}

const fn wait_budget(ms: u64) -> Budget {
    Budget::Wait(Duration::from_millis(ms))
}

fn load(folder: &Path) -> Result<Vec<Recording>> {
    let unreadable = |e: std::io::Error| {
        Error::new("tune", Code::Storage, format!("{}: {e}", folder.display()))
            .with_help("give a folder of WAV files with --corpus")
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("wav")) {
            files.push(path);
        }
    }
    if files.is_empty() {
        let what = format!("{} holds no WAV file", folder.display());
        return Err(Error::new("tune", Code::InvalidInput, what)
            .with_help("record one caller's side a file, with one channel, of any rate"));
    }
    files.sort();
    files.iter().map(|path| recording(path)).collect()
}

fn recording(path: &Path) -> Result<Recording> {
    let channels = WavReader::open(path)?.format().channels;
    if channels != 1 {
        let what = format!("{} has {channels} channels", path.display());
        return Err(Error::new("tune", Code::InvalidInput, what).with_help(
            "keep the caller's channel only: the agent's voice would count as the caller",
        ));
    }
    let (samples, rate_hz) = read_wav(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Recording::new(name, &samples, rate_hz, labels(&path.with_extension("json"))?)
}

fn labels(path: &Path) -> Result<Vec<Timestamp>> {
    let bad = |what: String| {
        Error::new("tune", Code::InvalidInput, format!("{}: {what}", path.display()))
            .with_help("write {\"turn_ends\": [3.2, 9.75]}, in seconds, ascending")
    };
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
    let labels: Labels = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    if !labels.turn_ends.is_sorted() || labels.turn_ends.iter().any(|s| !(0.0..=1e6).contains(s)) {
        return Err(bad("the ends are not ascending seconds".to_owned()));
    }
    Ok(labels.turn_ends.iter().map(|s| Timestamp::from_micros((s * 1e6) as u64)).collect())
}

async fn hear(recordings: &[Recording]) -> Result<Vec<Trace>> {
    let store = local::store()?;
    let mut bar = Bar::default();
    let silero = store.ensure("silero", &mut bar)?;
    let smart_turn = store.ensure("smart-turn", &mut bar)?;
    let moonshine = store.ensure("moonshine-tiny", &mut bar)?;
    let silero = Silero::load(silero.file("silero_vad_op18_ifless.onnx")?)?;
    let detector = SmartTurn::load(smart_turn.file("smart-turn-v3.2-cpu.onnx")?)?;
    let (mut vad, gate) = (silero.session(), GateConfig::default());
    let stt = MoonshineStt::load(&moonshine.file("moonshine.bin")?)?;
    let (stt, language) = (Some(&stt as &dyn Stt), None);
    let mut engines = Listening { vad: &mut vad, gate, detector: &detector, stt, language };
    let mut traces = Vec::new();
    for recording in recordings {
        traces.push(listen(recording, &mut engines).await?);
    }
    Ok(traces)
}

fn show(name: &str, score: &Score) {
    say!(
        "{name:10} {:>6.1} % {:>6} ms {:>6} ms {:>6} ms {:>7}",
        score.cut_off_rate() * 100.0,
        score.mean_wait().as_millis(),
        score.wait(0.5).as_millis(),
        score.wait(0.9).as_millis(),
        score.missed
    );
}

/// The best setting of all policies within a budget.
fn suggest(curves: &[Curve], what: &str, budget: Budget) {
    let within = curves.iter().filter_map(|curve| Some((curve.policy, curve.best(budget)?)));
    let best = within.min_by(|(_, a), (_, b)| match budget {
        Budget::Wait(_) => a.score.cut_off_rate().total_cmp(&b.score.cut_off_rate()),
        Budget::CutOffs(_) => a.score.mean_wait().cmp(&b.score.mean_wait()),
    });
    say!("\nbest within {what}:");
    let Some((policy, best)) = best else {
        say!("  none; raise the budget");
        return;
    };
    show("", &best.score);
    let EndpointingConfig { floor, middle, ceiling, without_detector, threshold, sure, .. } =
        &best.config;
    match policy {
        Policy::Fixed => {
            say!("  mode fixed, without_detector {without_detector:?}, floor 0 ms")
        }
        Policy::Detector | Policy::Dynamic => say!(
            "  mode {}, floor {floor:?}, middle {middle:?}, ceiling {ceiling:?}, threshold \
             {threshold}, sure {sure}",
            policy.name()
        ),
    }
}

#[cfg(test)]
mod tests;
