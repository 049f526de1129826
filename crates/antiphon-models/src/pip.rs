//! Fetches wheels with pip: by name, version and sum, downloading only. Does not open them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use antiphon_core::{Code, Error, Result};

use crate::{ModelSpec, Package, Progress, ProgressEvent, store::storage};

/// How often the progress is looked at.
const POLL: Duration = Duration::from_millis(200);

/// Lines of pip's own words worth repeating.
const LINES: usize = 3;

/// Only these wheels, only downloaded, with no question asked.
const OPTIONS: [&str; 9] = [
    "download",
    "--no-deps",
    "--no-input",
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--quiet",
    "--require-hashes",
    "--only-binary",
    ":all:",
];

/// Some wheels carry a platform's tag, the model files in them carry none: wanted by name, they
/// come to every system, and to a Linux older than its tag.
const PLATFORMS: [&str; 3] = ["manylinux_2_34_x86_64", "manylinux2014_x86_64", "any"];

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
        let bytes = spec.packages.iter().map(|p| p.size).sum();
        let Some(package) = spec.packages.first() else { return Ok(()) };
        let (model, source) = (spec.title.as_str(), package.name.as_str());
        progress.on(ProgressEvent::Start { model, source, bytes });
        let mut command = self.command()?;
        command.args(OPTIONS);
        for platform in PLATFORMS {
            command.args(["--platform", platform]);
        }
        command.arg("-r").arg(lock_file(spec, dir)?).arg("-d").arg(dir);
        // pip downloads to its temporary folder first. Here it counts as progress, and lies on
        // the disk that has the room.
        let tmp = dir.join("tmp");
        fs::create_dir_all(&tmp).map_err(|e| storage(&tmp, &e))?;
        command.env("TMPDIR", &tmp).env("PIP_REQUIRE_VIRTUALENV", "0");
        // To a file: a pipe nobody reads could fill up and stop pip.
        let words = dir.join("pip.log");
        let log = fs::File::create(&words).map_err(|e| storage(&words, &e))?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().map_err(|e| missing(&e.to_string()))?;
        let status = loop {
            match child.try_wait().map_err(|e| missing(&e.to_string()))? {
                Some(status) => break status,
                None => {
                    progress.on(ProgressEvent::Bytes { done: arrived(dir).min(bytes) });
                    thread::sleep(POLL);
                }
            }
        };
        if status.success() {
            progress.on(ProgressEvent::Bytes { done: bytes });
            return Ok(());
        }
        Err(refused(spec, &fs::read_to_string(&words).unwrap_or_default()))
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

/// Writes what pip may fetch: these versions with these sums and nothing else.
fn lock_file(spec: &ModelSpec, dir: &Path) -> Result<PathBuf> {
    let line = |p: &Package| format!("{}=={} --hash=sha256:{}\n", p.name, p.version, p.sha256);
    let lines: String = spec.packages.iter().map(line).collect();
    let path = dir.join("models.lock");
    fs::write(&path, lines).map_err(|e| storage(&path, &e))?;
    Ok(path)
}

/// What pip said, without addresses.
fn refused(spec: &ModelSpec, words: &str) -> Error {
    let plain = |line: &str| -> String {
        let address = |w: &&str| w.contains("://") || w.contains("host=");
        line.split_whitespace().filter(|w| !address(w)).collect::<Vec<_>>().join(" ")
    };
    let said = words.lines().filter(|l| !l.trim().is_empty()).map(plain);
    let errors: Vec<String> = said.clone().filter(|l| l.contains("ERROR")).collect();
    let lines = if errors.is_empty() { said.collect() } else { errors };
    let tail = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("; ");
    let fetch = |code, what: String| Error::new("models.fetch", code, what);
    let what = format!("pip could not fetch {}: {tail}", spec.title);
    if words.contains("DO NOT MATCH") {
        return fetch(Code::Corrupt, what)
            .with_help("the package was changed after it was pinned: do not use it, report it");
    }
    if words.contains("No space left") || words.contains("Read-only file system") {
        return fetch(Code::Storage, what).with_help(
            "free disk space, or choose another folder for the models with ANTIPHON_MODELS",
        );
    }
    fetch(Code::Unavailable, what)
        .with_help("check the network, or set ANTIPHON_MODELS to a folder with the model files")
}

/// Bytes of all files under a folder.
fn arrived(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(m) if m.is_dir() => arrived(&entry.path()),
        Ok(m) => m.len(),
        // It has been moved since.
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}
