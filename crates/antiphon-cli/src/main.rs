//! The `antiphon` command.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to its user")]

mod demo;
mod models;
mod progress;

use std::process::ExitCode;

use antiphon::{Code, Error};
use clap::{Parser, Subcommand};

/// A real-time voice-agent runtime: offline, without keys, every call replayable.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Hold a real spoken conversation with a simulated caller, or with a recording.
    Demo(demo::Args),
    /// See, fetch and check the models.
    #[command(subcommand)]
    Models(models::Command),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Demo(args) => demo::main(args),
        Command::Models(command) => models::main(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => fail(&e),
    }
}

/// One message that says what is wrong and how to mend it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other failures share one exit code")]
fn fail(e: &Error) -> ExitCode {
    eprintln!("error: {}", e.detail());
    if let Some(help) = e.help() {
        eprintln!(" help: {help}");
    }
    ExitCode::from(match e.code() {
        Code::InvalidInput => 2,
        Code::Unavailable | Code::Corrupt => 3,
        Code::Storage => 4,
        Code::Cancelled => 130,
        _ => 1,
    })
}
