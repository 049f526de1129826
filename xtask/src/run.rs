//! Runs cargo, its output streaming through.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write, stdout},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{metadata::cargo, suites::Summary, tree::root};

/// Runs `cargo` with `args` and the `more` a person typed, with our own input and output.
///
/// # Errors
/// Cargo cannot be run or does not succeed.
pub fn run<S: AsRef<OsStr>>(args: &[&str], more: &[S]) -> Result<()> {
    run_with(args, more, &[])
}

/// Like [`run`], with environment variables added.
///
/// # Errors
/// Cargo cannot be run or does not succeed.
pub fn run_with<S: AsRef<OsStr>>(args: &[&str], more: &[S], env: &[(&str, &str)]) -> Result<()> {
    say(args);
    let mut command = Command::new(cargo());
    command.args(args).args(more).envs(env.iter().copied());
    let status = command.status().context("run cargo")?;
    ensure!(status.success(), "cargo {} failed: {status}", args.join(" "));
    Ok(())
}

/// Runs every test of the workspace and ends with one line that sums them up.
///
/// # Errors
/// A test failed or something did not compile; the output says what.
#[expect(clippy::print_stdout, reason = "the output of a command")]
pub fn tests() -> Result<()> {
    let args = ["test", "--workspace", "--no-fail-fast"];
    say(&args);
    let began = Instant::now();
    let mut command = Command::new(cargo());
    command.args(args).current_dir(root()).stdout(Stdio::piped());
    let mut child = command.spawn().context("run cargo")?;
    let output = child.stdout.take().context("read what cargo prints")?;
    let summary = pass_through(&mut BufReader::new(output), &mut stdout().lock())?;
    let status = child.wait().context("wait for cargo")?;
    let verdict = if status.success() { "ok" } else { "FAILED" };
    let took = began.elapsed().as_secs();
    println!("\nxtask test: {verdict}: {summary} ({} min {} s)", took / 60, took % 60);
    if !status.success() {
        bail!("cargo test failed: {status}; what failed stands above");
    }
    ensure!(summary.passed > 0, "cargo test ran no test at all");
    Ok(())
}

/// Copies `input` to `out` as it comes and reads the lines on the way.
pub(crate) fn pass_through(input: &mut impl BufRead, out: &mut impl Write) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut line = Vec::new();
    loop {
        let bytes = input.fill_buf().context("read what cargo prints")?;
        if bytes.is_empty() {
            return Ok(summary);
        }
        out.write_all(bytes)?;
        out.flush()?;
        for &byte in bytes {
            if byte == b'\n' {
                summary.read(&String::from_utf8_lossy(&line));
                line.clear();
            } else {
                line.push(byte);
            }
        }
        let read = bytes.len();
        input.consume(read);
    }
}

#[expect(clippy::print_stderr, reason = "says which command runs, beside its output")]
fn say(args: &[&str]) {
    eprintln!("xtask: cargo {}", args.join(" "));
}
