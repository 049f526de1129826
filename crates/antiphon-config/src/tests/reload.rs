//! Reloading: a good edit is applied, a broken one keeps the old agent.

use std::fs;

use super::agent;
use crate::{Change, Reload, Sources, Watch, load};

fn changes(reload: Reload) -> Vec<(String, Option<String>, Option<String>)> {
    let Reload::Applied { changes, .. } = reload else { panic!("not applied: {reload:?}") };
    changes.into_iter().map(|Change { path, before, after }| (path, before, after)).collect()
}

#[test]
fn a_good_edit_is_applied_and_told() {
    let old = agent("greeting: Hi\nvoice: {rate: 1.5}\n").unwrap();
    let new = b"# said\ngreeting: Hello\nmodels: {llm: {model: qwen}}\n";
    let text = |s: &str| Some(s.to_owned());
    assert_eq!(
        changes(old.reload_from(new, &Sources::none())),
        [
            ("greeting".to_owned(), text("Hi"), text("Hello")),
            ("models.llm.model".to_owned(), text("null"), text("qwen")),
            ("voice.rate".to_owned(), text("1.5"), text("1.0")),
        ]
    );
}

#[test]
fn moving_things_about_changes_nothing() {
    let old = agent("greeting: Hi\nname: a\n").unwrap();
    let new = b"# said\nname: 'a'\n\ngreeting: Hi\n";
    assert!(matches!(old.reload_from(new, &Sources::none()), Reload::Unchanged));
}

#[test]
fn a_broken_edit_keeps_the_old_agent_and_says_why() {
    let old = agent("greeting: Hi\n").unwrap();
    let reload = old.reload_from(b"greting: Hello\n", &Sources::none());
    let Reload::Kept(error) = reload else { panic!("not kept: {reload:?}") };
    assert!(error.to_string().contains("did you mean `greeting`?"), "{error}");
    assert_eq!(old.agent().greeting, "Hi");
}

#[test]
fn models_need_more_than_the_next_turn() {
    let old = agent("").unwrap();
    let new = b"greeting: Hi\nmodels: {llm: {model: qwen}}\n";
    let Reload::Applied { changes, .. } = old.reload_from(new, &Sources::none()) else {
        panic!("not applied")
    };
    let needs: Vec<bool> = changes.iter().map(Change::needs_models).collect();
    assert_eq!(needs, [false, true]);
}

#[test]
fn files_are_watched_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let [yaml, text] = ["agent.yaml", "told.md"].map(|name| folder.path().join(name));
    fs::write(&yaml, "instructions: {file: told.md}\n").unwrap();
    fs::write(&text, "Be kind.").unwrap();
    let old = load(&yaml, &Sources::none()).unwrap();
    assert_eq!(old.agent().instructions.text(), "Be kind.");
    assert_eq!(old.files(), [yaml.clone(), text.clone()]);

    let mut watch = Watch::new(old.files());
    assert!(!watch.changed());
    fs::write(&text, "Be kind and short.").unwrap();
    assert!(watch.changed());
    assert!(!watch.changed());
    let changed = changes(old.reload(&Sources::none()));
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].0, "instructions.file");

    fs::remove_file(&text).unwrap();
    assert!(watch.changed());
    let Reload::Kept(error) = old.reload(&Sources::none()) else { panic!("not kept") };
    assert!(error.to_string().contains("told.md: cannot be read"), "{error}");
    fs::remove_file(&yaml).unwrap();
    assert!(matches!(old.reload(&Sources::none()), Reload::Kept(_)));
}
