//! The text files of the checkout, read once.
//!
//! Read from the folder rather than from git: the rules must also hold in an unpacked archive and
//! for files nobody has added yet.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Hidden entries that belong to the project; all others (`.git` first) are skipped.
const HIDDEN: &[&str] = &[".cargo", ".ci", ".github", ".gitignore"];

/// Larger files are data, not text that a person wrote.
const MAX_BYTES: u64 = 2 << 20;

/// One text file.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

impl TextFile {
    /// The lines with their numbers, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// All text files of the checkout.
#[derive(Clone, Debug)]
pub struct Tree {
    /// Sorted by path.
    pub files: Vec<TextFile>,
}

impl Tree {
    /// Reads the checkout this xtask was built from.
    ///
    /// # Errors
    /// A folder or file cannot be read.
    pub fn load() -> Result<Self> {
        let root = root();
        let mut files = Vec::new();
        walk(&root, &root, &mut files)?;
        files.sort_by(|a: &TextFile, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// The file at `path`, relative to the root.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|f| f.path == path)
    }

    /// The files whose name ends with `suffix`.
    pub fn ending<'a>(&'a self, suffix: &'a str) -> impl Iterator<Item = &'a TextFile> {
        self.files.iter().filter(move |f| f.path.ends_with(suffix))
    }
}

/// The root of the checkout this xtask was built from.
#[must_use]
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<TextFile>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name == "target" || (name.starts_with('.') && !HIDDEN.contains(&&*name)) {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(root, &path, files)?;
        } else if kind.is_file() && entry.metadata()?.len() <= MAX_BYTES {
            let bytes = fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            if let Ok(text) = String::from_utf8(bytes) {
                let path = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
                files.push(TextFile { path, text });
            }
        }
    }
    Ok(())
}
