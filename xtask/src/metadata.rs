//! What `cargo metadata` says about the workspace: its packages, and all they are built from.

use std::{
    collections::{BTreeMap, VecDeque},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::tree::root;

/// The packages of the workspace as their manifests describe them.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// One per member.
    pub packages: Vec<Package>,
}

/// A package: of the workspace, or one it is built from.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// As in the manifest.
    pub name: String,
    /// The version it is at.
    pub version: String,
    /// Unique within one answer of cargo.
    pub id: String,
    /// Licence expression in SPDX form.
    pub license: Option<String>,
    /// Where it comes from; `None` for a folder of this machine.
    pub source: Option<String>,
    /// What its manifest names.
    pub dependencies: Vec<Dependency>,
}

/// A line of a manifest's dependency table.
#[derive(Clone, Debug, Deserialize)]
pub struct Dependency {
    /// The package it names.
    pub name: String,
    /// The table it stands in.
    #[serde(default)]
    pub kind: Option<Kind>,
}

/// The dependency table; absent for the normal one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Tests, benches, examples.
    Dev,
    /// The build script.
    Build,
}

/// The packages this machine builds the workspace from, and who needs whom.
#[derive(Debug)]
pub struct Graph {
    packages: BTreeMap<String, Package>,
    normal: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Answer {
    packages: Vec<Package>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Edge>,
}

#[derive(Deserialize)]
struct Edge {
    pkg: String,
    dep_kinds: Vec<EdgeKind>,
}

#[derive(Deserialize)]
struct EdgeKind {
    kind: Option<Kind>,
}

impl Workspace {
    /// Asks cargo; needs no network.
    ///
    /// # Errors
    /// Cargo cannot be run or refuses a manifest.
    pub fn load() -> Result<Self> {
        let json = metadata(&["--offline", "--no-deps"])?;
        serde_json::from_slice(&json).context("understand cargo metadata")
    }
}

impl Graph {
    /// Asks cargo for everything built for this machine's platform. Uses the network only for
    /// packages that were never downloaded here.
    ///
    /// # Errors
    /// Cargo cannot be run, or `Cargo.lock` does not fit the manifests.
    pub fn load() -> Result<Self> {
        let platform = host()?;
        let json = metadata(&["--locked", "--filter-platform", &platform])?;
        Self::read(&json)
    }

    /// Reads the answer of `cargo metadata`.
    ///
    /// # Errors
    /// It is not one.
    pub fn read(json: &[u8]) -> Result<Self> {
        let answer: Answer = serde_json::from_slice(json).context("understand cargo metadata")?;
        let normal = answer.resolve.nodes.into_iter().map(|node| {
            let is_normal = |edge: &Edge| edge.dep_kinds.iter().any(|k| k.kind.is_none());
            let needs = node.deps.into_iter().filter(is_normal).map(|edge| edge.pkg);
            (node.id, needs.collect())
        });
        let packages = answer.packages.into_iter().map(|p| (p.id.clone(), p));
        Ok(Self { packages: packages.collect(), normal: normal.collect() })
    }

    /// The packages of other people.
    pub fn foreign(&self) -> impl Iterator<Item = &Package> {
        self.built().filter(|p| p.source.is_some())
    }

    /// The shortest chain of normal dependencies from the workspace crate `from` to `to`, as
    /// package names with both ends; `None` if `from` does not need `to`.
    #[must_use]
    pub fn chain(&self, from: &str, to: &str) -> Option<Vec<&str>> {
        let start = self.built().find(|p| p.name == from)?;
        let mut came_from: BTreeMap<&str, Option<&str>> = BTreeMap::from([(&*start.id, None)]);
        let mut queue = VecDeque::from([&*start.id]);
        while let Some(id) = queue.pop_front() {
            if self.name(id) == to {
                let mut chain = vec![self.name(id)];
                let mut at = id;
                while let Some(before) = came_from.get(at).copied().flatten() {
                    chain.push(self.name(before));
                    at = before;
                }
                chain.reverse();
                return Some(chain);
            }
            for next in self.normal.get(id).into_iter().flatten() {
                if !came_from.contains_key(&**next) {
                    came_from.insert(next, Some(id));
                    queue.push_back(next);
                }
            }
        }
        None
    }

    /// The packages that are built here: cargo also lists what only other platforms need.
    fn built(&self) -> impl Iterator<Item = &Package> {
        self.packages.values().filter(|p| self.normal.contains_key(&p.id))
    }

    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.packages.get(id).map_or(id, |p| &p.name)
    }
}

fn metadata(args: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(cargo());
    command.current_dir(root()).args(["metadata", "--format-version", "1"]).args(args);
    let output = command.output().context("run cargo metadata")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "cargo metadata {}: {complaint}", args.join(" "));
    Ok(output.stdout)
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("run rustc -vV")?;
    let text = String::from_utf8(output.stdout).context("read rustc -vV")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

/// The cargo that runs us, or the one on the path.
pub(crate) fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}
