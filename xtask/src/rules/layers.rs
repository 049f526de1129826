//! Which crate may import which: the rows of `docs/ARCHITECTURE.md` as a table.

use crate::{
    finding::Finding,
    metadata::{Graph, Kind, Package, Workspace},
};

/// A row of the architecture: crates that may import the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Types everybody shares.
    Vocabulary,
    /// Ports and pure helpers the decisions are made of.
    Component,
    /// Ports and helpers that handle samples; decisions never do.
    Media,
    /// The machine.
    Decision,
    /// The driver and the media plane.
    Runtime,
    /// What is described, stored or served around sessions.
    Around,
    /// One engine or service behind a port.
    Provider,
    /// The manifest and the cache.
    Models,
    /// What a user imports.
    Facade,
    /// What a user runs.
    Binary,
    /// The virtual world.
    Simulator,
    /// Programs to begin with.
    Examples,
    /// Tests across crates.
    Integration,
    /// This crate.
    Xtask,
}

use Row::{
    Around, Binary, Component, Decision, Examples, Facade, Integration, Media, Models, Provider,
    Runtime, Simulator, Vocabulary, Xtask,
};

/// Every crate of the workspace and its row.
pub const TABLE: &[(&str, Row)] = &[
    ("antiphon-core", Vocabulary),
    ("antiphon-audio", Media),
    ("antiphon-vad", Media),
    ("antiphon-transport", Media),
    ("antiphon-turn", Component),
    ("antiphon-stt", Component),
    ("antiphon-llm", Component),
    ("antiphon-tts", Component),
    ("antiphon-state", Component),
    ("antiphon-tools", Component),
    ("antiphon-macros", Component),
    ("antiphon-conversation", Decision),
    ("antiphon-session", Runtime),
    ("antiphon-config", Around),
    ("antiphon-silero", Provider),
    ("antiphon-webrtc-vad", Provider),
    ("antiphon-smart-turn", Provider),
    ("antiphon-moonshine", Provider),
    ("antiphon-piper", Provider),
    ("antiphon-gguf", Provider),
    ("antiphon-http", Provider),
    ("antiphon-mcp", Provider),
    ("antiphon-models", Models),
    ("antiphon", Facade),
    ("antiphon-cli", Binary),
    ("antiphon-sim", Simulator),
    ("antiphon-examples", Examples),
    ("antiphon-it", Integration),
    ("xtask", Xtask),
];

/// Imports within a row, which no row allows by itself.
const SAME_ROW: &[(&str, &str)] = &[
    ("antiphon-transport", "antiphon-audio"),
    ("antiphon-tools", "antiphon-macros"),
    ("antiphon-mcp", "antiphon-http"),
];

/// Imports that only tests may have, beside those of the row.
const FOR_TESTS: &[(Row, Row)] =
    &[(Provider, Models), (Runtime, Simulator), (Facade, Simulator), (Examples, Simulator)];

impl Row {
    /// The rows this one may import.
    #[must_use]
    pub const fn imports(self) -> &'static [Self] {
        match self {
            Vocabulary | Xtask => &[],
            Component | Media | Models => &[Vocabulary],
            Decision => &[Vocabulary, Component],
            Provider => &[Vocabulary, Component, Media],
            Simulator => &[Vocabulary, Component, Media, Decision],
            Runtime => &[Vocabulary, Component, Media, Decision],
            Around => &[Vocabulary, Component, Media, Decision, Runtime],
            Facade => &[
                Vocabulary, Component, Media, Decision, Runtime, Around, Provider, Models,
                Simulator,
            ],
            Binary | Examples => &[Facade],
            Integration => &[
                Vocabulary, Component, Media, Decision, Runtime, Around, Provider, Models, Facade,
                Simulator,
            ],
        }
    }
}

/// The row of `krate`, if the table has it.
#[must_use]
pub fn row(krate: &str) -> Option<Row> {
    TABLE.iter().find(|(name, _)| *name == krate).map(|(_, row)| *row)
}

/// Whether `krate` is of rows 0 to 2: without an async runtime, clocks, randomness, hash order.
#[must_use]
pub fn is_pure(krate: &str) -> bool {
    matches!(row(krate), Some(Vocabulary | Component | Media | Decision))
}

/// Every dependency between our crates is one the table allows, and the table is complete.
#[must_use]
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _) in TABLE {
        if !workspace.packages.iter().any(|p| p.name == *name) {
            let what = format!("the table names {name}, which is not in the workspace");
            findings.push(Finding::in_file(file!(), what, "remove its line from TABLE"));
        }
    }
    for package in &workspace.packages {
        match row(&package.name) {
            Some(row) => findings.extend(check_imports(package, row)),
            None => {
                let what = format!("{} has no row", package.name);
                findings.push(Finding::in_file(file!(), what, "add it to TABLE with its row"));
            }
        }
    }
    findings
}

fn check_imports(package: &Package, from: Row) -> Vec<Finding> {
    let allowed = |to: &str, kind: Option<Kind>| {
        let Some(row) = row(to) else { return true };
        from.imports().contains(&row)
            || SAME_ROW.contains(&(&package.name, to))
            || kind == Some(Kind::Dev) && (FOR_TESTS.contains(&(from, row)) || to == package.name)
    };
    let bad = package.dependencies.iter().filter(|d| !allowed(&d.name, d.kind));
    bad.map(|d| {
        let file = manifest(&package.name);
        let what = format!("{} ({from:?}) must not import {}", package.name, d.name);
        let mend = format!("{from:?} may import {:?}; move the code or the crate", from.imports());
        Finding::in_file(&file, what, mend)
    })
    .collect()
}

/// No crate of rows 0 to 2 is built on tokio, not even through others.
#[must_use]
pub fn no_runtime(graph: &Graph) -> Vec<Finding> {
    let pure = TABLE.iter().map(|(name, _)| *name).filter(|name| is_pure(name));
    pure.filter_map(|name| {
        let chain = graph.chain(name, "tokio")?.join(" -> ");
        let mend = "rows 0 to 2 run without a runtime: drop the dependency or its feature";
        Some(Finding::in_file(&manifest(name), format!("needs tokio: {chain}"), mend))
    })
    .collect()
}

fn manifest(krate: &str) -> String {
    match row(krate) {
        Some(Xtask) => "xtask/Cargo.toml".to_owned(),
        Some(Examples) => "examples/Cargo.toml".to_owned(),
        _ => format!("crates/{krate}/Cargo.toml"),
    }
}
