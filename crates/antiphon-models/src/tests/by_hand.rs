//! Files that a user has put into the store, and what is made of raw files.

use std::path::Path;

use antiphon_core::Result;

use super::*;

/// A store without any source.
fn unconnected(dir: &TempDir, convert: &Value) -> Store {
    let store = store(dir, BODY, "exit 1").with_manifest(manifest(&[], &Value::Null, convert));
    fs::create_dir_all(store.dir().join("toy")).unwrap();
    store
}

/// Writes the raw file backwards.
fn backwards(dir: &Path, out: &Path) -> Result<()> {
    let mut raw = fs::read(dir.join("model.bin")).unwrap();
    raw.reverse();
    fs::write(out, raw).unwrap();
    Ok(())
}

fn conversion() -> Value {
    json!({"converter": "backwards", "output": "made.bin"})
}

#[test]
fn right_files_are_used_where_they_lie() {
    for place in ["toy/model.bin", "model.bin"] {
        let dir = TempDir::new().unwrap();
        let store = unconnected(&dir, &Value::Null);
        let path = store.dir().join(place);
        fs::write(&path, BODY).unwrap();
        assert_eq!(store.state("toy").unwrap(), State::Present);
        let model = store.ensure("toy", &mut Quiet).unwrap();
        assert_eq!(model.file("model.bin").unwrap(), path);
        assert_eq!(store.verify("toy").unwrap(), State::Present);
    }
}

#[test]
fn wrong_files_of_the_right_length_are_not() {
    let dir = TempDir::new().unwrap();
    let store = unconnected(&dir, &Value::Null);
    fs::write(store.dir().join("toy/model.bin"), b"THE WEIGHTS").unwrap();
    assert!(matches!(store.state("toy").unwrap(), State::Damaged(_)));
    store.ensure("toy", &mut Quiet).unwrap_err();
}

#[test]
fn raw_files_are_converted_and_stay() {
    for place in ["toy/model.bin", "model.bin"] {
        let dir = TempDir::new().unwrap();
        let store = unconnected(&dir, &conversion()).with_converter("backwards", backwards);
        fs::write(store.dir().join("toy/notes"), b"mine").unwrap();
        fs::write(store.dir().join(place), BODY).unwrap();
        let model = store.ensure("toy", &mut Quiet).unwrap();
        assert_eq!(fs::read(model.file("made.bin").unwrap()).unwrap(), b"sthgiew eht");
        assert_eq!(fs::read(model.file("model.bin").unwrap()).unwrap(), BODY);
        assert_eq!(fs::read(store.dir().join("toy/notes")).unwrap(), b"mine");
        assert_eq!(store.verify("toy").unwrap(), State::Present);
    }
}

#[test]
fn damage_to_what_was_made_is_found_and_mended_without_fetching() {
    let dir = TempDir::new().unwrap();
    let store = unconnected(&dir, &conversion()).with_converter("backwards", backwards);
    fs::write(store.dir().join("toy/model.bin"), BODY).unwrap();
    let made = store.ensure("toy", &mut Quiet).unwrap().file("made.bin").unwrap();
    fs::write(&made, b"STHGIEW EHT").unwrap();
    assert_eq!(store.verify("toy").unwrap(), State::Damaged("made.bin has a wrong sum".into()));
    fs::write(&made, b"sthg").unwrap();
    assert_eq!(store.state("toy").unwrap(), State::Damaged("made.bin has 4 bytes, not 11".into()));
    store.ensure("toy", &mut Quiet).unwrap();
    assert_eq!(store.verify("toy").unwrap(), State::Present);
}

#[test]
fn a_store_that_knows_no_converter_gives_the_raw_files() {
    let dir = TempDir::new().unwrap();
    let store = store(&dir, BODY, COPY);
    let wheel = wheel(BODY);
    let store = store.with_manifest(manifest(&wheel, &Value::Null, &conversion()));
    let model = store.ensure("toy", &mut Quiet).unwrap();
    assert!(model.file("model.bin").is_ok());
    let e = model.file("made.bin").unwrap_err();
    assert!(e.help().unwrap().contains("converter"), "{e}");
    let e = model.file("other.bin").unwrap_err();
    assert!(e.help().unwrap().contains("model.bin, made.bin"), "{e}");
    // The same folder, now with one: what is there is converted, nothing is fetched.
    let store = store.with_converter("backwards", backwards);
    let model = store.ensure("toy", &mut Quiet).unwrap();
    assert!(model.file("made.bin").is_ok());
    assert_eq!(fetches(&dir), 1);
}
