//! What cannot be used is refused before anything is loaded or written.

use std::{fs, path::Path, process::Stdio};

use super::support::{antiphon, bare, names, question_file, refused_with, wav};

/// A file that cannot be a caller: its name, its bytes, and words of the message.
type Bad = (&'static str, Vec<u8>, &'static [&'static str]);

fn hostile() -> Vec<Bad> {
    let speech = vec![7; 48_000];
    let lying = |promised: u32| {
        let mut file = wav(1, 1, 16_000, 16, &speech);
        file[40..44].copy_from_slice(&promised.to_le_bytes());
        file
    };
    let nan: Vec<u8> = [0.1, f32::NAN].map(f32::to_le_bytes).concat().repeat(4_000);
    vec![
        ("no-bytes.wav", vec![], &["empty"]),
        ("no-audio.wav", wav(1, 1, 16_000, 16, &[]), &["holds no audio"]),
        ("eight-bit.wav", wav(1, 1, 16_000, 8, &speech), &["8 bits", "ffmpeg"]),
        ("seven-channels.wav", wav(1, 7, 16_000, 16, &speech), &["7 channels", "ffmpeg"]),
        ("lying.wav", lying(4_800_000), &["promises 2400000 sample frames", "has 24000"]),
        ("cut-off.wav", wav(1, 1, 16_000, 16, &speech)[..30].to_vec(), &["cut off"]),
        ("nan.wav", wav(3, 1, 16_000, 32, &nan), &["4000 of its samples are not numbers"]),
        ("no-rate.wav", wav(1, 1, 0, 16, &speech), &["0 Hz"]),
        ("notes.wav", b"Dear diary, this is not a WAV file.".to_vec(), &["not a WAV file"]),
        ("adpcm.wav", wav(2, 1, 8_000, 4, &speech), &["tag 2", "ffmpeg"]),
    ]
}

/// Refused with the file's name and these words, and nothing written.
fn refuse_input(input: &Path, words: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = bare(&["demo", "--fast"]);
    command.arg("--input").arg(input).arg("--out").arg(dir.path().join("call"));
    // Whoever looked for models here would not find them.
    command.env("ANTIPHON_MODELS", dir.path().join("models")).env("PATH", "/nonexistent");
    let name = input.display().to_string();
    refused_with(command, 2, &[words, &[&name, "help: "]].concat());
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_recording_that_cannot_be_a_caller_is_refused_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes, words) in hostile() {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        refuse_input(&path, words);
    }
    refuse_input(&dir.path().join("absent.wav"), &["no such file"]);
    refuse_input(dir.path(), &["folder, not a file"]);
    refuse_input(Path::new("/dev/zero"), &["device, not a file"]);
}

#[test]
fn a_header_that_promises_nothing_is_a_stream_and_good() {
    let dir = tempfile::tempdir().unwrap();
    let path = question_file(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    // The next thing it complains of is the folder: the recording has passed.
    let mut command = bare(&["demo", "--out", "/dev/null/call"]);
    command.arg("--input").arg(&path);
    refused_with(command, 4, &["/dev/null/call", "--out"]);
}

#[test]
fn what_is_not_known_is_refused_with_what_is() {
    let cases: [(&[&str], &[&str]); 6] = [
        (&["demo", "--llm", "qwenn"], &["'qwenn'", "possible values: smollm2, qwen", "similar"]),
        (&["demo", "--stt", "huge"], &["'huge'", "possible values: tiny, base"]),
        (&["demo", "--fsat"], &["'--fsat'", "similar argument exists: '--fast'"]),
        (&["demmo"], &["'demmo'", "similar subcommand exists: 'demo'"]),
        (&["models", "fetch", "silero", "silerro"], &["\"silerro\"", "did you mean \"silero\"?"]),
        (&["models", "path", "xyzzy"], &["\"xyzzy\"", "known: silero, "]),
    ];
    for (args, words) in cases {
        let dir = tempfile::tempdir().unwrap();
        let mut command = bare(args);
        command.env("ANTIPHON_MODELS", dir.path().join("models")).current_dir(dir.path());
        refused_with(command, 2, words);
        assert_eq!(names(dir.path()), Vec::<String>::new(), "{args:?}");
    }
}

#[test]
fn an_unknown_voice_is_refused_with_the_known_ones() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = antiphon(&["demo", "--fast", "--voice", "jo"]);
    command.current_dir(dir.path());
    refused_with(command, 2, &["\"jo\"", "known voices: en_US-joe-medium"]);
    assert_eq!(names(dir.path()), Vec::<String>::new());
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let mut command = bare(&["models", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_full_disk_behind_standard_output_is_told() {
    let mut command = bare(&["models", "list"]);
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    refused_with(command, 4, &["standard output", "No space left"]);
}
