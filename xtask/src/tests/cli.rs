//! The commands and their help.

use clap::{CommandFactory as _, Parser as _};

use crate::cli::{Cli, commands_in, is_command};

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn each_command_is_explained_in_one_sentence() {
    for command in Cli::command().get_subcommands() {
        let help = command.get_about().unwrap().to_string();
        assert!(!help.contains(". ") && !help.ends_with('.'), "{}: {help}", command.get_name());
        assert!(command.get_long_about().is_none(), "{} says more", command.get_name());
    }
}

#[test]
fn commands_are_found_in_prose() {
    let text = "run `cargo xtask test`, then cargo xtask bench overhead; not cargo xtask --help";
    assert_eq!(commands_in(text), ["test", "bench"]);
    assert!(is_command("bench") && !is_command("overhead"));
}

#[test]
fn arguments_for_other_programs_are_passed_on() {
    for line in [
        "xtask sim --seeds 1000 --steps 50",
        "xtask bench overhead --json out.json",
        "xtask demo --fast --input a.wav",
        "xtask models fetch qwen",
        "xtask it -- --nocapture",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
    assert!(Cli::try_parse_from(["xtask", "test", "--fast"]).is_err());
}
