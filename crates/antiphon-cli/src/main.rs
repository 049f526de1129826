//! The `antiphon` command.

mod bookings;
mod caller;
mod chat;
mod config;
mod demo;
mod engines;
mod live;
mod models;
mod progress;
mod replay;
mod runtime;
mod screen;
mod test;
mod tools;
mod tune;
mod voice;

use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

use antiphon::{Code, Error};
use clap::{Parser, Subcommand};

/// A real-time voice-agent runtime: offline, without keys, every call replayable.
#[derive(Debug, Parser)]
#[command(version, about, disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Examples:
  antiphon demo                         a conversation, as long as it takes
  antiphon demo --fast --out call       the same without waiting, files in ./call
  antiphon chat agent.yaml              a conversation in text
  antiphon models list                  what there is, and what is here
  antiphon replay call/call.jsonl       what was decided in that call, and when

Environment:
  ANTIPHON_MODELS    folder of the models [default: antiphon/models in the cache folder]
  XDG_CACHE_HOME     the cache folder [default: ~/.cache]
  HF_ENDPOINT        a mirror of the public hub of models

Exit codes:
  0    done
  1    failed, or a replay that differs
  2    the command line or an input file cannot be used
  3    a model or a journal is damaged, or a model or a server of tools cannot be had
  4    a file or folder cannot be read or written
  130  stopped by Ctrl-C; the files of the call are complete up to there";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Chat(chat::Args),
    Test(test::Args),
    /// See what an agent file comes to.
    #[command(subcommand)]
    Config(config::Command),
    /// See, fetch and check the models.
    #[command(subcommand)]
    Models(models::Command),
    Replay(replay::Args),
    /// Find endpointing settings on recorded callers.
    Tune(tune::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Demo(args) => demo::main(&args).map(|()| ExitCode::SUCCESS),
        Command::Chat(args) => chat::main(&args).map(|()| ExitCode::SUCCESS),
        Command::Test(args) => test::main(&args),
        Command::Config(command) => config::main(&command).map(|()| ExitCode::SUCCESS),
        Command::Models(command) => models::main(&command).map(|()| ExitCode::SUCCESS),
        Command::Replay(args) => replay::main(&args),
        Command::Tune(args) => tune::main(&args).map(|()| ExitCode::SUCCESS),
    };
    match done.and_then(|code| screen::end().map(|()| code)) {
        Ok(code) => code,
        Err(e) => fail(&e),
    }
}

/// One message that says what is wrong and how to mend it.
#[expect(clippy::wildcard_enum_match_arm, reason = "other failures share one exit code")]
fn fail(e: &Error) -> ExitCode {
    let help = e.help().map(|help| format!(" help: {help}\n")).unwrap_or_default();
    // Nobody is left to tell that standard error is closed.
    let _ = write!(stderr(), "error: {}\n{help}", e.detail());
    ExitCode::from(match e.code() {
        Code::InvalidInput | Code::AgentInvalid => 2,
        Code::Unavailable | Code::Corrupt => 3,
        Code::Storage => 4,
        Code::Cancelled => 130,
        _ => 1,
    })
}
