//! The turn-taking bench's command line: `cargo xtask bench turns`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

use std::{path::PathBuf, process::ExitCode};

use antiphon::{
    Code, Error, Result,
    local::{LlmModel, Local, LocalOptions},
    models::Quiet,
};
use antiphon_it::turns::{Size, html, measure, text};
use clap::Parser;

/// Measure turn-taking: a generated corpus through the real engines in virtual time.
#[derive(Debug, Parser)]
#[command(name = "turns")]
struct Args {
    /// A handful of items, for a change under review
    #[arg(long)]
    short: bool,
    /// Sounds over the agent; six kinds in turn
    #[arg(long)]
    overlaps: Option<u64>,
    /// Calls for tuning, and as many for scoring
    #[arg(long)]
    calls: Option<u64>,
    /// Calls held through whole sessions
    #[arg(long)]
    replies: Option<u64>,
    /// Silence the gate needs to end speech, milliseconds, where endpointing is measured
    #[arg(long, value_name = "MS")]
    stop_ms: Option<u32>,
    /// Take the turn detector to answer so fast, milliseconds, where endpointing is measured
    #[arg(long, value_name = "MS")]
    answer_ms: Option<u64>,
    /// Write everything measured as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with the curve
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let mut size = if args.short { Size::SHORT } else { Size::FULL };
    size.overlaps = args.overlaps.unwrap_or(size.overlaps);
    size.tuning = args.calls.unwrap_or(size.tuning);
    size.scoring = args.calls.unwrap_or(size.scoring);
    size.replies = args.replies.unwrap_or(size.replies);
    size.stop_ms = args.stop_ms.unwrap_or(size.stop_ms);
    size.answer_ms = args.answer_ms;
    // The language model is not asked; the smallest loads fastest.
    let options = LocalOptions { llm: Some(LlmModel::Smollm2), ..LocalOptions::default() };
    let local = Local::load(&options, &mut Quiet)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime
        .map_err(|e| Error::new("bench.turns", Code::Unavailable, "no runtime").with_source(e))?;
    let results = runtime.block_on(measure(&local, size, &|what| eprintln!("{what} …")))?;
    print!("{}", text(&results));
    if let Some(path) = &args.json {
        let json = serde_json::to_string_pretty(&results).map_err(|e| {
            Error::new("bench.turns", Code::Internal, "the results cannot be written")
                .with_source(e)
        })?;
        write(path, &json)?;
    }
    if let Some(path) = &args.html {
        write(path, &html(&results))?;
    }
    Ok(())
}

fn write(path: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(path, text)
        .map_err(|e| Error::new("bench.turns", Code::Storage, format!("{}: {e}", path.display())))
}
