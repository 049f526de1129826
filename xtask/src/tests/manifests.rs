//! The manifest rules find what they are for.

use super::{file, said, tree};
use crate::rules::manifests::{check_manifest, clippy};

const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A\"\nversion.workspace = true\n\
    edition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n\
    publish.workspace = true\n\n[lints]\nworkspace = true\n";

#[test]
fn what_a_manifest_does_not_inherit_is_found() {
    let check = |text: &str| check_manifest(&file("crates/a/Cargo.toml", text)).len();
    assert_eq!(check(GOOD), 0);
    assert_eq!(check(&GOOD.replace("license.workspace = true", "license = \"MIT\"")), 1);
    assert_eq!(check(&GOOD.replace("description", "# ")), 1);
    assert_eq!(check(&GOOD.replace("[lints]", "[other]")), 1);
}

#[test]
fn clippy_rules_must_be_repeated_and_equal() {
    let manifests =
        [("crates/antiphon-core/Cargo.toml", ""), ("crates/antiphon-turn/Cargo.toml", "")];
    let check = |core: &str, turn: Option<&str>| {
        let mut files = manifests.to_vec();
        files.extend([
            ("clippy.toml", "a = 1\nb = 2\n"),
            ("crates/antiphon-core/clippy.toml", core),
        ]);
        files.extend(turn.map(|text| ("crates/antiphon-turn/clippy.toml", text)));
        said(&clippy(&tree(&files))).len()
    };
    let rules = "a = 1\nb = 2\nc = 3\n";
    assert_eq!(check(rules, Some(rules)), 0);
    assert_eq!(check(rules, None), 1, "missing");
    assert_eq!(check(rules, Some("a = 1\nb = 2\n")), 1, "different");
    assert_eq!(check("a = 1\n", Some("a = 1\n")), 2, "a shared rule is missing in both");
}
