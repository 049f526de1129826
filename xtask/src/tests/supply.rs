//! The rules for other people's packages find what they are for.

use super::said;
use crate::{
    metadata::Package,
    rules::supply::{BANNED, LICENCES, check_package},
    tree::Tree,
};

fn package(name: &str, licence: Option<&str>, source: &str) -> Package {
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        id: name.to_owned(),
        license: licence.map(str::to_owned),
        source: Some(source.to_owned()),
        dependencies: vec![],
    }
}

#[test]
fn packages_that_may_not_be_used_are_found() {
    let registry = "registry+https://example.invalid/index";
    let found = |name, licence, source| said(&check_package(&package(name, licence, source))).len();
    assert_eq!(found("a", Some("MIT OR Apache-2.0"), registry), 0);
    assert_eq!(found("a", Some("GPL-3.0-or-later"), registry), 1);
    assert_eq!(found("a", None, registry), 1);
    assert_eq!(found("a", Some("MIT"), "git+https://example.invalid/a"), 1);
    assert_eq!(found("native-tls", Some("MIT"), registry), 1);
}

/// The strings of the list that starts after `key` in `deny.toml`.
fn listed(text: &str, key: &str) -> Vec<String> {
    let list = text.split(key).nth(1).unwrap().split("\n]").next().unwrap();
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn deny_toml_holds_the_same_lists() {
    let tree = Tree::load().unwrap();
    let text = &tree.file("deny.toml").unwrap().text;
    assert_eq!(listed(text, "\nallow = ["), LICENCES);
    assert_eq!(listed(text, "\ndeny = ["), BANNED);
}
