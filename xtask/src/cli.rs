//! The commands of `cargo xtask`, and what each runs.

use std::ffi::OsString;

use anyhow::{Result, bail};
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::{
    finding::Finding,
    metrics::Metrics,
    rules,
    run::{run, run_with, tests},
    rust::Source,
    tree::Tree,
};

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Development commands of the workspace", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done. The first line of each doc comment is its help.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run every test of the workspace, house rules included, fetching the models it lacks
    Test,
    /// Run all that must pass before a change is merged: fmt, clippy, tidy, deps, test, doc
    Ci,
    /// Check the files: form, banned words, manifests, documents
    Tidy,
    /// Check the dependencies: layers, no runtime in pure crates, licences and sources
    Deps,
    /// Run the integration tests, which use real models and the real driver
    It(Rest),
    /// Run seeded random conversations in the virtual world
    Sim(Rest),
    /// Feed mutated input to a parser, more of it than the tests do
    Fuzz {
        /// Which parser
        what: Fuzz,
        /// How many inputs
        #[arg(long, default_value_t = 1_000_000)]
        executions: u64,
    },
    /// Measure, in a release build
    Bench {
        /// What to measure
        what: Bench,
        /// How
        #[command(flatten)]
        rest: Rest,
    },
    /// Hold the scripted spoken conversation, in a release build
    Demo(Rest),
    /// List, fetch or verify the models
    Models(Rest),
    /// Print the size and shape of each crate
    Metrics,
}

/// What `fuzz` feeds.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Fuzz {
    /// The loader of agent files
    Yaml,
    /// What reads calls of tools out of a model's text, and checks their arguments
    Calls,
    /// What checks the messages of users
    Messages,
}

/// What `bench` measures.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Bench {
    /// What the runtime itself adds, with providers that take no time
    Overhead,
    /// The local engines, on one core
    Engines,
    /// How well the local language models call tools, on a labelled set
    Tools,
    /// Turn-taking, on a generated corpus through the real engines
    Turns,
}

/// Arguments for the program that does the work.
#[derive(Clone, Debug, Args)]
pub struct Rest {
    /// Arguments passed on; `--help` after `--` explains them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

const NONE: &[&str] = &[];

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What was checked does not hold, or a program could not be run or failed.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Test => tests(),
            Self::Ci => ci(),
            Self::Tidy => report("tidy", &rules::tidy()?),
            Self::Deps => report("deps", &rules::deps()?),
            Self::It(rest) => run(&["test", "--package", "antiphon-it"], &rest.args),
            Self::Sim(rest) => {
                run(&["run", "--release", "--package", "antiphon-sim", "--"], &rest.args)
            }
            Self::Fuzz { what, executions } => {
                let tests = match what {
                    Fuzz::Yaml => "yaml",
                    Fuzz::Calls => "calls",
                    Fuzz::Messages => "messages",
                };
                let count = executions.to_string();
                let count = [("ANTIPHON_FUZZ_EXECUTIONS", count.as_str())];
                run_with(
                    &["test", "--package", "antiphon-it", "--test", "fuzz", tests],
                    NONE,
                    &count,
                )
            }
            Self::Bench { what, rest } => {
                let program = match what {
                    Bench::Overhead => &["bench", "--", "overhead"][..],
                    Bench::Engines => &["bench", "--", "engines"],
                    Bench::Tools => &["bench", "--", "tools"],
                    Bench::Turns => &["turns", "--"],
                };
                let build = ["run", "--release", "--package", "antiphon-it", "--bin"];
                run(&[&build, program].concat(), &rest.args)
            }
            Self::Demo(rest) => antiphon("demo", &rest),
            Self::Models(rest) => antiphon("models", &rest),
            Self::Metrics => metrics(),
        }
    }
}

/// Runs a command of the `antiphon` binary.
fn antiphon(command: &str, rest: &Rest) -> Result<()> {
    run(&["run", "--release", "--package", "antiphon-cli", "--", command], &rest.args)
}

/// Cheap checks first. Clippy and rustdoc stand here and not in `test`: each compiles the
/// dependencies once more, in a form that tests cannot use.
fn ci() -> Result<()> {
    run(&["fmt", "--all", "--check"], NONE)?;
    report("tidy", &rules::tidy()?)?;
    report("deps", &rules::deps()?)?;
    run(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"], NONE)?;
    tests()?;
    let strict = [("RUSTDOCFLAGS", "--deny warnings")];
    run_with(&["doc", "--workspace", "--no-deps"], NONE, &strict)
}

#[expect(clippy::print_stdout, reason = "the output of a command")]
fn report(name: &str, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{name}: {} findings", findings.len());
    }
    println!("{name}: ok");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the output of a command")]
fn metrics() -> Result<()> {
    print!("{}", Metrics::new(&Source::all(&Tree::load()?)));
    Ok(())
}

/// The names of all commands.
#[must_use]
pub fn names() -> Vec<String> {
    Cli::command().get_subcommands().map(|c| c.get_name().to_owned()).collect()
}

/// Whether there is a command of this name.
#[must_use]
pub fn is_command(name: &str) -> bool {
    names().iter().any(|n| n == name)
}

/// The commands that `text` tells a reader to run: the words after `cargo xtask`.
#[must_use]
pub fn commands_in(text: &str) -> Vec<&str> {
    let after = text.split("cargo xtask ").skip(1);
    let words =
        after.filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next());
    words.filter(|word| !word.is_empty() && !word.starts_with('-')).collect()
}
