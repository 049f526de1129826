//! The files of a call: where they cannot be written it is said, and nothing half is left.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use super::support::{antiphon, bare, names, one_call, question_file, refused_with, sides};

const FULL: &str = "/dev/full";

fn demo(out: &Path) -> Command {
    let mut command = bare(&["demo", "--fast", "--out"]);
    command.arg(out);
    command
}

#[test]
fn a_folder_that_cannot_be_is_named_before_models_are_looked_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"mine").unwrap();
    for out in [file.clone(), file.join("below"), "/proc/antiphon".into()] {
        let mut command = demo(&out);
        command.env("ANTIPHON_MODELS", dir.path().join("models")).env("PATH", "/nonexistent");
        refused_with(command, 4, &[&out.display().to_string(), "another folder with --out"]);
    }
    let taken = dir.path().join("taken");
    fs::create_dir_all(taken.join("call.jsonl")).unwrap();
    refused_with(demo(&taken), 4, &["call.jsonl", "directory", "another folder with --out"]);
    assert_eq!(names(dir.path()), ["file", "taken"]);
    assert_eq!(names(&taken), ["call.jsonl"]);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn a_disk_that_is_full_from_the_start_leaves_nothing() {
    for full in ["call.wav", "call.jsonl"] {
        let dir = tempfile::tempdir().unwrap();
        symlink(FULL, dir.path().join(full)).unwrap();
        let mut command = antiphon(&["demo", "--fast", "--out"]);
        command.arg(dir.path());
        refused_with(command, 4, &["No space left", "free disk space"]);
        assert_eq!(names(dir.path()), [full]);
    }
}

#[test]
fn a_page_that_finds_no_room_is_named_and_the_rest_is_complete() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("call.html");
    symlink(FULL, &page).unwrap();
    let mut command = antiphon(&["demo", "--fast", "--input"]);
    command.arg(question_file(dir.path())).arg("--out").arg(dir.path());
    let _one = one_call();
    let words = [&*page.display().to_string(), "No space left", "complete: ", "call.jsonl"];
    refused_with(command, 4, &words);
    assert!(!sides(&dir.path().join("call.wav")).0.is_empty());
}

#[test]
fn an_earlier_call_survives_a_run_that_cannot_begin() {
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("call.html");
    fs::write(&page, b"earlier").unwrap();
    let mut command = demo(dir.path());
    command.env("ANTIPHON_MODELS", "/dev/null/models");
    refused_with(command, 4, &["/dev/null/models", "ANTIPHON_MODELS"]);
    assert_eq!(fs::read(&page).unwrap(), b"earlier");
}
