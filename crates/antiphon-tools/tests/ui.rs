//! What the compiler says about tools that cannot be.
//!
//! Each file of `ui` is given to the compiler with the library that this test was built with, so
//! that nothing else has to be built. What it should say stands beside the file; a run with
//! `UPDATE_EXPECT=1` in the environment writes it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
    str,
};

use serde_json::Value;

#[test]
fn mistakes_are_explained_where_they_stand() {
    let library = library();
    let mut files: Vec<PathBuf> =
        fs::read_dir("tests/ui").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "rs"));
    assert!(!files.is_empty());
    for file in files {
        let said = compile(&library, &file);
        let beside = file.with_extension("stderr");
        if env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&beside, &said).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(said, expected, "{}: see the head of this test", file.display());
    }
}

/// The library as cargo has built it last: it lies beside this test.
fn library() -> PathBuf {
    let folder = env::current_exe().unwrap().parent().unwrap().to_owned();
    let built = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let ours = built.filter(|path| {
        let name = name(path);
        name.starts_with("libantiphon_tools-") && name.ends_with(".rlib")
    });
    ours.max_by_key(|path| path.metadata().and_then(|m| m.modified()).unwrap()).unwrap()
}

/// The errors in `file`: where, what, and what is noted about them.
fn compile(library: &Path, file: &Path) -> String {
    let mut of_library = std::ffi::OsString::from("antiphon_tools=");
    of_library.push(library);
    let mut dependencies = std::ffi::OsString::from("dependency=");
    dependencies.push(library.parent().unwrap());
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc)
        .args(["--edition=2024", "--emit=metadata", "--error-format=json", "--out-dir"])
        .arg(env!("CARGO_TARGET_TMPDIR"))
        .arg("--extern")
        .arg(of_library)
        .arg("-L")
        .arg(dependencies)
        .arg(file)
        .output()
        .unwrap();
    assert!(!out.status.success(), "{} compiles", file.display());
    let mut said = String::new();
    for line in str::from_utf8(&out.stderr).unwrap().lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        explain(&message, &mut said);
    }
    said
}

/// Adds one error; the compiler's own words without a place are left out.
fn explain(message: &Value, said: &mut String) {
    let text = |value: &Value| value["message"].as_str().unwrap().to_owned();
    let primary = message["spans"].as_array().unwrap().iter().find(|s| s["is_primary"] == true);
    let Some(place) = primary.filter(|_| message["level"] == "error") else { return };
    let (line, column) = (&place["line_start"], &place["column_start"]);
    let file = place["file_name"].as_str().unwrap();
    writeln!(said, "{file}:{line}:{column}: {}", text(message)).unwrap();
    for note in message["children"].as_array().unwrap() {
        let placeless = note["spans"].as_array().is_some_and(Vec::is_empty);
        if placeless && note["level"] == "note" && !text(note).contains("originates in") {
            writeln!(said, "    {}", text(note)).unwrap();
        }
    }
}
