//! Fetches wheels with pip: by name, version and sum, downloading only.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use antiphon_core::{Code, Error, Result};

use crate::{ModelSpec, Progress, ProgressEvent, store::storage};

/// How often the progress is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Lines of pip's own words worth repeating.
const LINES: usize = 3;

/// The commands that may be pip, in the order in which they are tried.
#[derive(Clone, Debug)]
pub struct Pip {
    /// Program and first arguments.
    pub commands: Vec<Vec<String>>,
}

impl Default for Pip {
    fn default() -> Self {
        let commands: [&[&str]; 4] =
            [&["pip3"], &["pip"], &["python3", "-m", "pip"], &["uv", "tool", "run", "pip"]];
        let own = |c: &&[&str]| c.iter().map(|s| (*s).to_owned()).collect();
        Self { commands: commands.iter().map(own).collect() }
    }
}

impl Pip {
    /// Downloads the wheels of a model to `dir`.
    pub(crate) fn download(
        &self,
        spec: &ModelSpec,
        dir: &Path,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let lock = dir.join("models.lock");
        let line =
            |p: &crate::Package| format!("{}=={} --hash=sha256:{}\n", p.name, p.version, p.sha256);
        let lines: String = spec.packages.iter().map(line).collect();
        fs::write(&lock, lines).map_err(|e| storage(&lock, &e))?;
        let mut command = self.command()?;
        command.args([
            "download",
            "--no-deps",
            "--no-input",
            "--disable-pip-version-check",
            "--no-cache-dir",
        ]);
        command.args(["--quiet", "--require-hashes", "--only-binary", ":all:"]);
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            // The wheels carry a platform's tag; the model files in them carry none.
            command.args([
                "--platform",
                "manylinux_2_34_x86_64",
                "--platform",
                "manylinux2014_x86_64",
                "--platform",
                "any",
            ]);
        }
        command.arg("-r").arg(&lock).arg("-d").arg(dir);
        // To a file: a pipe nobody reads could fill up and stop pip.
        let words = dir.join("pip.log");
        let log = fs::File::create(&words).map_err(|e| storage(&words, &e))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().map_err(|e| missing(&e.to_string()))?;
        let status = loop {
            match child.try_wait().map_err(|e| missing(&e.to_string()))? {
                Some(status) => break status,
                None => {
                    progress.on(ProgressEvent::Bytes { done: arrived(dir) });
                    thread::sleep(POLL);
                }
            }
        };
        if status.success() {
            Ok(())
        } else {
            Err(refused(spec, &fs::read_to_string(&words).unwrap_or_default()))
        }
    }

    /// The first command that answers.
    fn command(&self) -> Result<Command> {
        for words in &self.commands {
            let Some((program, first)) = words.split_first() else { continue };
            let mut probe = Command::new(program);
            probe.args(first).arg("--version").stdin(Stdio::null());
            let answers = probe.stdout(Stdio::null()).stderr(Stdio::null()).status();
            if answers.is_ok_and(|s| s.success()) {
                let mut command = Command::new(program);
                command.args(first);
                return Ok(command);
            }
        }
        Err(missing("no pip answers"))
    }
}

fn missing(why: &str) -> Error {
    Error::new("models.fetch", Code::Unavailable, format!("models are fetched with pip: {why}"))
        .with_help("install it (Debian, Ubuntu: apt install python3-pip), or set ANTIPHON_MODELS to a folder with the model files")
}

/// What pip said, without addresses.
fn refused(spec: &ModelSpec, words: &str) -> Error {
    let plain = |l: &str| -> String {
        l.split_whitespace()
            .filter(|w| !w.contains("://") && !w.contains("host="))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let lines: Vec<String> = words.lines().filter(|l| l.contains("ERROR")).map(plain).collect();
    let tail: Vec<&str> = lines.iter().rev().take(LINES).rev().map(String::as_str).collect();
    let mismatch = words.contains("DO NOT MATCH");
    let code = if mismatch { Code::Corrupt } else { Code::Unavailable };
    let help = match mismatch {
        true => "the package was changed after it was pinned: do not use it, report it",
        false => "check the network, or set ANTIPHON_MODELS to a folder with the model files",
    };
    let what = format!("pip could not fetch {}: {}", spec.title, tail.join("; "));
    Error::new("models.fetch", code, what).with_help(help)
}

/// Bytes in a folder, pip's temporary files included where they lie there.
fn arrived(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|e| e.metadata().ok()).filter(fs::Metadata::is_file).map(|m| m.len()).sum()
}
