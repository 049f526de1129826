//! What every crate's manifest and clippy configuration must repeat or inherit.

use crate::{
    finding::Finding,
    rules::layers,
    tree::{TextFile, Tree},
};

const INHERITED: &[&str] = &[
    "version.workspace = true",
    "edition.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "publish.workspace = true",
];

/// Every crate inherits the workspace's package fields and lints, and says what it is.
#[must_use]
pub fn inherit(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.ending("/Cargo.toml");
    manifests.flat_map(check_manifest).collect()
}

/// Checks one manifest.
#[must_use]
pub fn check_manifest(file: &TextFile) -> Vec<Finding> {
    let package = section(file, "[package]");
    let missing = INHERITED.iter().filter(|line| !package.contains(line));
    let mut findings: Vec<Finding> = missing
        .map(|line| {
            Finding::in_file(&file.path, "a field is not the workspace's", format!("add `{line}`"))
        })
        .collect();
    if !package.iter().any(|line| line.starts_with("description = ")) {
        findings.push(Finding::in_file(&file.path, "has no description", "say what the crate is"));
    }
    if !section(file, "[lints]").contains(&"workspace = true") {
        let mend = "add `[lints]` with `workspace = true`";
        findings.push(Finding::in_file(&file.path, "does not take the workspace's lints", mend));
    }
    findings
}

fn section<'a>(file: &'a TextFile, head: &str) -> Vec<&'a str> {
    let lines = file.text.lines().map(str::trim);
    lines
        .skip_while(|line| *line != head)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .collect()
}

/// Every pure crate has the clippy rules against clocks, randomness and hash order, and repeats
/// the shared ones: clippy reads only the file nearest to a crate.
#[must_use]
pub fn clippy(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.file("clippy.toml") else {
        return vec![Finding::in_file("clippy.toml", "is missing", "restore the shared rules")];
    };
    let model = tree.file("crates/antiphon-core/clippy.toml").map_or("", |f| &f.text);
    let mut findings = Vec::new();
    for manifest in tree.ending("/Cargo.toml") {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        let path = format!("{folder}/clippy.toml");
        let pure = layers::is_pure(folder.trim_start_matches("crates/"));
        match tree.file(&path) {
            None if pure => {
                let mend = "copy crates/antiphon-core/clippy.toml";
                findings.push(Finding::in_file(&path, "a crate of rows 0 to 2 lacks it", mend));
            }
            None => {}
            Some(file) => {
                findings.extend(missing_lines(root, file));
                if pure && file.text != model {
                    let mend = "make it the same as crates/antiphon-core/clippy.toml";
                    findings.push(Finding::in_file(
                        &path,
                        "differs from the other pure crates",
                        mend,
                    ));
                }
            }
        }
    }
    findings
}

fn missing_lines(root: &TextFile, file: &TextFile) -> Vec<Finding> {
    let has = |wanted: &str| file.text.lines().any(|line| line == wanted);
    let missing = root.text.lines().filter(|line| !line.starts_with('#') && !has(line));
    missing
        .map(|line| {
            let what = "a shared rule of the root's clippy.toml is not repeated";
            Finding::in_file(&file.path, what, format!("add `{}`", line.trim()))
        })
        .collect()
}
