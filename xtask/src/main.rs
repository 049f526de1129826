//! `cargo xtask`: reads the command line, runs the command, says what went wrong.

use std::process::ExitCode;

use clap::Parser as _;
use xtask::cli::Cli;

#[expect(clippy::print_stderr, reason = "the output of a command")]
fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
