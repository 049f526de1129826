//! `antiphon replay`: runs the machine again on what a call's journal holds, shows what it
//! decides, and tells whether that is what it decided then.

mod audio;
mod diff;
mod picture;
mod show;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use antiphon::{
    Code, Error, Result, Timestamp, TurnId,
    conversation::{Recording, Replay, Until, Verdict},
    state::read_journal_files,
};

use self::{picture::Picture, show::Show};

/// Run a call again from its journal: print its events and actions, and compare.
///
/// The journal holds everything the conversation was told, and when. The same machine, told the
/// same, decides the same: every action is compared with the recording, byte for byte. Needs no
/// models, and reads a journal that was cut off or damaged as far as it is good.
#[derive(Clone, Debug, clap::Args)]
#[command(after_long_help = AFTER_LONG_HELP)]
pub(crate) struct Args {
    /// The journal, call.jsonl; further files of it are found beside it.
    #[arg(value_name = "FILE.jsonl")]
    file: PathBuf,
    /// Stop when this turn is settled: committed, discarded, or begun by the agent.
    #[arg(long, value_name = "turn=N", value_parser = turn)]
    until: Option<TurnId>,
    /// Stop after the events up to this time of the call, such as 12.5s or 800ms.
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "until")]
    at: Option<Timestamp>,
    /// Show only what happened from this time on.
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<Timestamp>,
    /// Compare with another journal instead: first event and first action that differ.
    #[arg(long, value_name = "OTHER.jsonl", conflicts_with_all = ["until", "at", "from", "audio", "svg"])]
    diff: Option<PathBuf>,
    /// Cut what is shown out of the call's recording, into a file next to it.
    #[arg(long, value_name = "CALL.wav")]
    audio: Option<PathBuf>,
    /// Draw what is shown: who sounded when, what was asked of whom, and what was decided.
    #[arg(long, value_name = "FILE.svg")]
    svg: Option<PathBuf>,
    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

const AFTER_LONG_HELP: &str = "\
Examples:
  antiphon replay call.jsonl                        everything, and the verdict
  antiphon replay call.jsonl --until turn=4         up to the decision on a turn, and the state then
  antiphon replay call.jsonl --from 8s --at 12.5s --audio call.wav
                                                    a piece of the call, to read and to hear
  antiphon replay call.jsonl --from 24s --at 45s --svg call.svg
                                                    the same as a picture
  antiphon replay call.jsonl --diff other.jsonl     where two calls part

Exit codes:
  0  the same as recorded, or as the other journal
  1  not the same
  2  not a journal, or one that cannot be replayed
  3  the journal is damaged; it was replayed up to there
  4  a file cannot be read or written

JSON lines (--json):
  {\"journal\": {…}}                       first: header, what it cannot do, what is damaged
  {\"n\": 0, \"t\": …, \"event\": …, \"actions\": […]}   each event, t in microseconds of the call
  {\"verdict\": {…}, \"state\": {…}}         last; with --diff: {\"diff\": {…}}";

pub(crate) fn main(args: &Args) -> Result<ExitCode> {
    let recording: Recording = read_journal_files(&args.file)?;
    if let Some(other) = &args.diff {
        let other = (other.as_path(), read_journal_files(other)?);
        return diff::main((&args.file, recording), other, args.json);
    }
    let mut replay = Replay::of(&recording.header)?;
    let show = Show { json: args.json };
    show.journal(&args.file, &recording);
    let until = args.until.map(Until::Turn).or(args.at.map(Until::At));
    let (mut n, mut span, mut picture) = (0, None, Picture::default());
    let shown = |t| args.from.is_none_or(|from| t >= from);
    let replayed = replay.run(&recording.records, until, |record, actions| {
        picture.step(record.t, &record.e, actions);
        if shown(record.t) {
            show.step(n, record, actions);
            let (from, _) = *span.get_or_insert((record.t, record.t));
            span = Some((from, record.t));
        }
        n += 1;
    });
    check_turn(args.until, &recording, replayed, &replay)?;
    let whole = replayed == recording.records.len();
    let verdict = replay.verdict(recording.footer.as_ref().filter(|_| whole));
    let shown = || {
        let (first, last) = span.ok_or_else(|| nothing(&recording))?;
        Ok::<_, Error>((args.from.unwrap_or(first), args.at.unwrap_or(last)))
    };
    let cut = match &args.audio {
        Some(wav) => {
            let (from, to) = shown()?;
            Some(audio::cut(wav, from, to)?)
        }
        None => None,
    };
    if let Some(file) = &args.svg {
        let (from, to) = shown()?;
        picture.write(file, from, to)?;
    }
    show.end(&recording, &replay, replayed, verdict, cut.as_deref(), args.svg.as_deref());
    finish(&recording, whole, verdict)
}

fn nothing(recording: &Recording) -> Error {
    let end = recording.records.last().map_or(Timestamp::ZERO, |r| r.t);
    Error::new("replay", Code::InvalidInput, "nothing happened then that could be cut out")
        .with_help(format!("the journal goes up to {end} s; choose another --from or --at"))
}

fn finish(recording: &Recording, whole: bool, verdict: Verdict) -> Result<ExitCode> {
    if let Verdict::Differs(_) = verdict {
        return Ok(ExitCode::FAILURE);
    }
    match recording.damage.first() {
        Some(damage) if whole => {
            let what = format!("the journal is damaged at {damage}");
            Err(Error::new("replay", Code::Corrupt, what)
                .with_help("what is shown is good; for the rest use another copy, if there is one"))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// A turn that never came is a mistake in the command line.
fn check_turn(
    until: Option<TurnId>,
    recording: &Recording,
    replayed: usize,
    replay: &Replay,
) -> Result<()> {
    let Some(turn) = until.filter(|_| replayed == recording.records.len()) else { return Ok(()) };
    let last = replay.machine().history().items().map(|item| item.turn).max();
    if last >= Some(turn) {
        return Ok(());
    }
    let last = last.map_or("there is none".to_owned(), |t| format!("the last one is {}", t.0));
    let what = format!("turn {} was never settled in this call", turn.0);
    Err(Error::new("replay", Code::InvalidInput, what)
        .with_help(format!("turns count from 0; in what history holds, {last}")))
}

fn turn(s: &str) -> std::result::Result<TurnId, String> {
    let n = s.strip_prefix("turn=").ok_or("expected turn=N, such as turn=4")?;
    n.parse().map(TurnId).map_err(|_| format!("{n:?} is not the number of a turn"))
}

/// `12.5s`, `800ms`, or seconds without a unit.
fn time(s: &str) -> std::result::Result<Timestamp, String> {
    let (number, unit) = match s.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => (s.strip_suffix('s').unwrap_or(s), 1.0),
    };
    let bad = || format!("{s:?} is not a time of the call, such as 12.5s or 800ms");
    let seconds: f64 = number.parse().map_err(|_| bad())?;
    let after = Duration::try_from_secs_f64(seconds * unit).map_err(|_| bad())?;
    Ok(Timestamp::ZERO + after)
}
