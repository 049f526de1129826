//! `bench`: measures what the project promises and says whether this machine keeps it.
//!
//! `cargo xtask bench overhead|engines|tools` runs it in a release build. It deliberately tunes
//! nothing: engines and runtime are used through the interfaces every program has.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

mod engines;
mod fakes;
mod figures;
mod machine;
mod overhead;
mod report;
mod tools;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use antiphon::{Code, Error, Result};
use clap::{Parser, ValueEnum};

use machine::Machine;
use report::Report;

/// Measure the runtime or the local engines, and compare with what is promised.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    /// What to measure
    what: What,
    /// A few rounds, in seconds: judges only what holds on any machine, in any build
    #[arg(long)]
    short: bool,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Replace this bench's table in a document
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// What the runtime itself adds, with engines that take no time
    Overhead,
    /// The local engines, on one core
    Engines,
    /// How well the local language models call tools
    Tools,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("error: {e}");
            ExitCode::from(2)
        }
    }
}

/// Returns whether every goal was met.
fn run(cli: &Cli) -> Result<bool> {
    let (name, measure): (_, fn(&mut Report) -> Result<()>) = match cli.what {
        What::Overhead => ("overhead", overhead::measure),
        What::Engines => ("engines", engines::measure),
        What::Tools => ("tools", tools::measure),
    };
    let mut report = Report::new(name, cli.short, Machine::read());
    measure(&mut report)?;
    print!("{report}");
    if let Some(path) = &cli.json {
        std::fs::write(path, report.json()?).map_err(|e| unwritable(path, &e))?;
    }
    if let Some(path) = &cli.document {
        let text = std::fs::read_to_string(path).map_err(|e| unwritable(path, &e))?;
        std::fs::write(path, report.put_into(&text)?).map_err(|e| unwritable(path, &e))?;
    }
    Ok(report.is_met())
}

fn unwritable(path: &std::path::Path, e: &std::io::Error) -> Error {
    Error::new("bench.report", Code::Storage, format!("{}: {e}", path.display()))
}
