//! What other people's packages may be: their licences, their sources, and the few never wanted.

use crate::{
    finding::Finding,
    metadata::{Graph, Package},
    spdx,
};

/// Licences a dependency may have. `deny.toml` holds the same list.
pub const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages that would bring a second TLS stack (ADR 0006). `deny.toml` holds the same list.
pub const BANNED: &[&str] = &["aws-lc-rs", "native-tls", "openssl-sys"];

/// Every package we build from is allowed.
#[must_use]
pub fn check(graph: &Graph) -> Vec<Finding> {
    graph.foreign().flat_map(check_package).collect()
}

/// Checks one package.
#[must_use]
pub fn check_package(package: &Package) -> Vec<Finding> {
    let Package { name, version, license, source, .. } = package;
    let finding = |what: &str, mend: &str| {
        Finding::in_file("Cargo.lock", format!("{name} {version} {what}"), mend)
    };
    let licence = license.as_deref().unwrap_or_default();
    let mut findings = Vec::new();
    if !spdx::is_met(licence, LICENCES) {
        let what = format!("has the licence `{licence}`, which is not on the list");
        findings.push(finding(&what, "choose another package (no copyleft is linked)"));
    }
    if !source.as_deref().unwrap_or_default().starts_with("registry+") {
        findings.push(finding("does not come from the registry", "depend on a published version"));
    }
    if BANNED.contains(&&**name) {
        findings.push(finding("is banned", "TLS is rustls on ring; see docs/adr"));
    }
    findings
}
